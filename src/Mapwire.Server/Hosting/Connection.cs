using System.Net;
using System.Net.Sockets;
using Mapwire.Rtmp;
using Mapwire.Server.Playback;
using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;
using Mapwire.Server.Transport;

namespace Mapwire.Server.Hosting;

/// <summary>
/// A player's socket: received bytes go to the player's session, what it answers and what is due goes out, in one place each.
/// Lives on its worker's thread.
/// </summary>
internal sealed class Connection : TimerEntry
{
    /// <summary>
    /// What one connection sends before the others have their turn: enough that a fast pull is not slowed by the round,
    /// little enough that a hundred fast pulls keep a paced player waiting for some milliseconds only.
    /// </summary>
    private const int BytesPerTurn = 1024 * 1024;

    /// <summary>Receive calls a turn.</summary>
    private const int ReceivesPerTurn = 4;

    /// <summary>Answers that may wait in a full socket. A title's metadata is at most some 100 KB.</summary>
    private const int MaxPendingAnswers = 1024 * 1024;

    private const int TcpLevel = 6; // IPPROTO_TCP
    private const int QuickAcknowledge = 12; // TCP_QUICKACK

    private readonly ServerContext _context;
    private readonly Worker _worker;
    private readonly ControlBuffer _answers = new();
    private readonly Player _player;
    private readonly EndPoint? _peer;
    private readonly long _openedAt;
    private ByteBudget _budget;
    private long _lastSent;
    private long _bytesSent;
    private PlayerStatistics? _statistics;
    private bool _isBlocked;
    private bool _isClosed;
    private bool _hasTurn;

    public Connection(ServerContext context, Worker worker, Socket socket, int place)
    {
        _context = context;
        _worker = worker;
        Socket = socket;
        Place = place;
        _openedAt = worker.Now;
        _budget = new ByteBudget(context.Options.MaxPlayerRate, worker.Now);
        _lastSent = worker.Now;
        _peer = PeerOf(socket);
        _player = new Player(context, _peer, _answers, Post);
    }

    /// <summary>The socket, non-blocking.</summary>
    public Socket Socket { get; }

    /// <summary>Where the worker keeps this connection.</summary>
    public int Place { get; }

    /// <summary>Starts the clock of the handshake.</summary>
    public void Open()
    {
        _statistics = _worker.Statistics?.Enter(_peer, _openedAt);
        Schedule();
    }

    /// <summary>The poller saw something.</summary>
    public void OnReady(bool readable, bool writable)
    {
        if (writable && _isBlocked)
        {
            _isBlocked = false;
            _worker.WantWrite(this, want: false);
        }

        Guarded(receive: readable);
    }

    /// <summary>The connection's turn among those that had more to do than one turn allows.</summary>
    public void TakeTurn()
    {
        _hasTurn = false;
        Guarded(receive: true);
    }

    /// <summary>Ends the connection. Only the first reason counts.</summary>
    public void Close(CloseReason reason)
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        _worker.Remove(this);
        _statistics?.Leave(_bytesSent);
        _player.Abandon();
        _answers.Release();
        Socket.Dispose();
        Log.Closed(_context.Log, _peer, reason, _bytesSent, (_worker.Now - _openedAt) / 1000.0);
    }

    internal override void Ring(long now) => Guarded(receive: false);

    private static EndPoint? PeerOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint;
        }
        catch (SocketException)
        {
            return null; // gone before it was looked at
        }
    }

    /// <summary>Runs something of the player's on the worker's thread, from any thread.</summary>
    private void Post(Action action) => _worker.Post(() =>
    {
        if (_isClosed)
        {
            action(); // lets go of what it brings: the player knows that it is abandoned
        }

        Guarded(receive: false, action);
    });

    /// <summary>
    /// Every way into the connection: something happens, what is due is sent, the next wake is set. A fault in it is this
    /// connection's end and nobody else's.
    /// </summary>
    private void Guarded(bool receive, Action? posted = null)
    {
        if (_isClosed)
        {
            return;
        }

        try
        {
            _player.Now = _worker.Now;
            posted?.Invoke();
            if (receive)
            {
                Receive();
            }

            if (!_isClosed)
            {
                Send();
            }

            if (!_isClosed)
            {
                _statistics?.Update(_player, _bytesSent, _isBlocked, _worker.Now);
                Schedule();
            }
        }
        catch (RtmpProtocolException fault)
        {
            Log.ProtocolBroken(_context.Log, _peer, fault.Message);
            Close(CloseReason.ProtocolError);
        }
        catch (Exception fault)
        {
            Log.InternalError(_context.Log, _peer, fault); // one connection's fault is not the others'
            Close(CloseReason.InternalError);
        }
    }

    private void Receive()
    {
        for (int i = 0; i < ReceivesPerTurn; i++)
        {
            int count = Socket.Receive(_worker.ReceiveBuffer, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return;
            }

            if (error != SocketError.Success)
            {
                Close(CloseReason.ConnectionLost);
                return;
            }

            if (count == 0)
            {
                Close(CloseReason.PlayerLeft);
                return;
            }

            if (!_player.IsActive)
            {
                AcknowledgeAtOnce();
            }

            _player.Session.Receive(_worker.ReceiveBuffer.AsSpan(0, count));
            if (_answers.Length > MaxPendingAnswers)
            {
                Close(CloseReason.TooManyRequests);
                return;
            }
        }

        TurnAgain(); // edge-triggered: what is left unread raises no event
    }

    /// <summary>
    /// Has Linux acknowledge what came without its usual delay (tcp(7), TCP_QUICKACK, which holds for a moment only). A client with
    /// Nagle's algorithm, such as librtmp, keeps its next command back until then: 40 ms, each time, on the way to the first frame.
    /// </summary>
    private void AcknowledgeAtOnce()
    {
        if (OperatingSystem.IsLinux())
        {
            ReadOnlySpan<byte> on = [1, 0, 0, 0];
            Socket.SetRawSocketOption(TcpLevel, QuickAcknowledge, on);
        }
    }

    /// <summary>
    /// Sends until nothing is due, the socket is full or the turn is over. Each round is one gather call with, in order: the rest
    /// of a message that was cut, answers, and media that is due.
    /// </summary>
    private void Send()
    {
        GatherList list = _worker.Gather;
        long allowed = Math.Min(_budget.Available(_worker.Now), _worker.Budget.Available(_worker.Now));
        long sentThisTurn = 0;
        while (!_isBlocked && !_isClosed)
        {
            if (sentThisTurn >= BytesPerTurn)
            {
                TurnAgain();
                return;
            }

            list.Clear();
            bool isRestWhole = _player.GatherRest(list);
            if (_player.IsCutLost)
            {
                Close(CloseReason.SourceLost);
                return;
            }

            long rest = list.Length;
            int answers = isRestWhole ? AddAnswers(list) : 0;
            if (isRestWhole && answers == _answers.Length && sentThisTurn < allowed)
            {
                _player.GatherDue(list, Math.Min(allowed, BytesPerTurn) - sentThisTurn);
            }

            long sent = 0;
            if (list.Length > 0 && !TrySend(list, out sent))
            {
                return;
            }

            sentThisTurn += sent;
            long ofRest = Math.Min(sent, rest);
            int ofAnswers = (int)Math.Min(sent - ofRest, answers);
            _player.AdvanceRest(ofRest);
            _answers.Consume(ofAnswers);
            _player.AdvanceDue(sent - ofRest - ofAnswers);
            if (list.Length == 0 && (_answers.Length == 0 || !isRestWhole))
            {
                break; // had a title ended just now, its last words would wait among the answers
            }
        }

        if (_player.IsRejected && _answers.Length == 0)
        {
            Close(CloseReason.Rejected);
        }
    }

    /// <summary>Adds as many answers as the list takes, and leaves room for the header of a message behind them.</summary>
    private int AddAnswers(GatherList list)
    {
        if (_answers.Length == 0 || !list.TryReserve(StripMessage.MaxHeaderLength + 1, out Span<byte> scratch))
        {
            return 0;
        }

        int length = Math.Min(_answers.Length, scratch.Length - StripMessage.MaxHeaderLength);
        _answers.Pending[..length].CopyTo(scratch);
        return list.TryAddReserved(length) ? length : 0;
    }

    private bool TrySend(GatherList list, out long sent)
    {
        SendResult result = list.Send(Socket.SafeHandle, out sent);
        if (result is SendResult.Disconnected or SendResult.SourceLost)
        {
            Close(result == SendResult.SourceLost ? CloseReason.SourceLost : CloseReason.ConnectionLost);
            return false;
        }

        _bytesSent += sent;
        _budget.Take(sent);
        _worker.Budget.Take(sent);
        if (sent > 0)
        {
            _lastSent = _worker.Now;
        }

        if (sent < list.Length)
        {
            _isBlocked = true;
            _worker.WantWrite(this, want: true);
        }

        return true;
    }

    private void TurnAgain()
    {
        if (!_hasTurn)
        {
            _hasTurn = true;
            _worker.RunAgain(this);
        }
    }

    /// <summary>Closes when a bound is over, else asks to be rung when the next thing is due.</summary>
    private void Schedule()
    {
        RtmpServerOptions options = _context.Options;
        long now = _worker.Now;
        (CloseReason reason, long bound) =
            _isBlocked ? (CloseReason.NotReading, _lastSent + Milliseconds(options.SendTimeout))
            : !_player.IsConnected ? (CloseReason.HandshakeTimeout, _openedAt + Milliseconds(options.HandshakeTimeout))
            : !_player.IsActive ? (CloseReason.Idle, _player.LastRequest + Milliseconds(options.IdleTimeout))
            : (CloseReason.Idle, long.MaxValue);
        if (now >= bound)
        {
            Close(reason);
            return;
        }

        _worker.SetTimer(this, _isBlocked ? bound : Math.Min(bound, _player.NextWake()));
    }

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;
}
