using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Sending;

/// <summary>
/// A socket and the conversation on it: received bytes go in, what is to be sent goes out, within the limits, in one place each. Knows
/// no protocol. Lives on its loop's thread.
/// </summary>
internal sealed class Connection : Watched
{
    /// <summary>Receive calls a turn.</summary>
    private const int ReceivesPerTurn = 4;

    /// <summary>How often a socket is tried that the poller no longer tells of, in milliseconds.</summary>
    private const long PollInterval = 20;

    private readonly ConnectionLoop _loop;
    private readonly ISender _sender;
    private readonly Func<Connection, IConversation> _converse;
    private readonly bool _isCounted;
    private IConversation? _conversation;
    private Action? _posted;
    private TokenBucket _budget;
    private UnsentLimit _unsent;
    private int _maxUnsent = int.MaxValue; // what the system may hold of a socket that is always full
    private State _state;
    private bool _isReplaced;
    private bool _isPolled; // by the clock: the poller would tell of the end that was heard without a pause
    private bool _saidEnd;
    private long _heardUntil = TimerWheel.Never; // when the peer ended its half, where it is answered still
    private long _openedAt;
    private long _lastSent;
    private long _fullSince = TimerWheel.Never; // since when the socket was full without a pause
    private long _bytesWhenFull;

    /// <summary>A connection that opens with its first turn.</summary>
    /// <param name="loop">Where it lives.</param>
    /// <param name="sender">The connection's own from now on.</param>
    /// <param name="peer">Who is at the other end.</param>
    /// <param name="converse">Begins its conversation.</param>
    /// <param name="isCounted">Whether its loop counts it, and the log has its end: not so for what is part of another connection.</param>
    public Connection(
        ConnectionLoop loop, ISender sender, EndPoint? peer, Func<Connection, IConversation> converse, bool isCounted = true)
        : base(loop)
    {
        _loop = loop;
        _sender = sender;
        _converse = converse;
        _isCounted = isCounted;
        Peer = peer;
    }

    private enum State : byte
    {
        /// <summary>On its way to the loop.</summary>
        New,

        /// <summary>Sends and receives.</summary>
        Open,

        /// <summary>Over.</summary>
        Closed,
    }

    /// <summary>Who is at the other end; null when it was gone before it was looked at.</summary>
    public EndPoint? Peer { get; }

    /// <summary>All bytes that the socket took.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Whether the socket is full.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Whether something that was gathered and taken is not with the system yet.</summary>
    public bool IsSending => _sender.IsSending;

    /// <summary>Whether it is over.</summary>
    public bool IsClosed => _state == State.Closed;

    /// <summary>Milliseconds of the loop's clock.</summary>
    public long Now => _loop.Now;

    /// <inheritdoc/>
    public override SafeHandle? Handle => _sender.Handle;

    /// <inheritdoc/>
    public override bool IsUrgent => _conversation is { IsUrgent: true };

    private bool IsHeardOut => _heardUntil != TimerWheel.Never;

    /// <summary>Why nothing can be sent any more: one that had ended its half has left with that.</summary>
    private CloseReason Gone => IsHeardOut ? CloseReason.PlayerLeft : CloseReason.ConnectionLost;

    /// <summary>Runs something in a turn of this connection, or at once and alone when it is closed. Any thread may call it.</summary>
    public void Post(Action action)
    {
        Action? before;
        do
        {
            before = Volatile.Read(ref _posted);
        }
        while (Interlocked.CompareExchange(ref _posted, before + action, before) != before);

        _loop.Post(this);
    }

    /// <summary>
    /// Goes on with another conversation, once: an upgrade. What the first one was told and has not used it hands over itself.
    /// </summary>
    /// <exception cref="InvalidOperationException">It was replaced before, or is closed.</exception>
    public void Replace(IConversation next)
    {
        if (_isReplaced || IsClosed)
        {
            throw new InvalidOperationException("A connection's conversation is replaced once, while it is open.");
        }

        _isReplaced = true;
        _conversation?.Abandon();
        _conversation = next;
    }

    /// <summary>
    /// Gives the socket to another reader. For its loop this connection is over, with all that it held; it is counted until the end of what
    /// it became.
    /// </summary>
    /// <param name="received">What was received and not used.</param>
    /// <returns>Null where the peer has gone meanwhile: it is closed.</returns>
    /// <exception cref="InvalidOperationException">It is closed.</exception>
    public DetachedConnection? Detach(ReadOnlySpan<byte> received)
    {
        if (IsClosed)
        {
            throw new InvalidOperationException("A closed connection has no socket to give away.");
        }

        _loop.Unwatch(this);
        DetachedStream stream;
        try
        {
            stream = _sender.Detach(received.ToArray());
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            Close(CloseReason.ConnectionLost); // a socket that was never seen connected is no stream
            return null;
        }

        _state = State.Closed;
        DetachedConnection detached = new(_loop, Peer, stream, BytesSent);
        IConversation? conversation = _conversation;
        _conversation = null;
        conversation?.Abandon();
        return detached;
    }

    /// <summary>
    /// Tells the peer that nothing more is sent, and goes on hearing it: what is closed before it is heard is lost to it.
    /// </summary>
    public void EndSending()
    {
        _saidEnd = true;
        _sender.EndSending();
    }

    /// <summary>Ends the connection. Only the first reason counts.</summary>
    public void Close(CloseReason reason)
    {
        if (IsClosed)
        {
            return;
        }

        _state = State.Closed;
        try
        {
            _loop.Unwatch(this);
        }
        finally
        {
            try
            {
                _conversation?.Abandon();
            }
            finally
            {
                _conversation = null;
                if (IsCut(reason))
                {
                    _sender.Break();
                }

                _sender.Dispose();
                if (_isCounted)
                {
                    _loop.Remove(Peer);
                    Log.Closed(_loop.Log, Peer, reason, BytesSent, _openedAt == 0 ? 0 : (Now - _openedAt) / 1000.0);
                }
            }
        }
    }

    /// <summary>
    /// Whether what was said so far is no whole: the peer is told so, since a body without a length that ends in peace is a whole one. Of a
    /// file that changed the system may hold pages by reference, which must not be sent any more.
    /// </summary>
    private static bool IsCut(CloseReason reason) =>
        reason is CloseReason.SourceLost or CloseReason.NotReading or CloseReason.InternalError;

    /// <inheritdoc/>
    public override void TakeTurn()
    {
        if (_state == State.New)
        {
            Open();
        }

        if (_posted is not null)
        {
            RunPosted();
        }

        if (Handle is null || _isPolled)
        {
            IsReadable = true; // a stream tells by trying
            IsWritable = true;
        }

        IsReadable = (IsReadable || _sender.HoldsReceived) && !(IsHeardOut && Handle is null); // a stream ends once
        if (IsWritable && IsBlocked)
        {
            IsBlocked = false;
            _loop.WantWrite(this, want: false);
        }

        IsWritable = false;
        if (IsReadable && !IsClosed)
        {
            Receive();
        }

        if (!IsClosed)
        {
            Send();
        }

        if (!IsClosed && IsHeardOut)
        {
            CloseWhenAnswered();
        }

        if (!IsClosed)
        {
            Schedule();
        }
    }

    /// <inheritdoc/>
    public override void OnFault(Exception exception)
    {
        Log.InternalError(_loop.Log, Peer, exception);
        Close(CloseReason.InternalError);
    }

    /// <inheritdoc/>
    public override void OnLoopEnd()
    {
        if (_conversation is { } conversation && !IsBlocked)
        {
            conversation.SayGoodbye();
            _loop.Gather.Clear();
            conversation.Gather(_loop.Gather, most: 0);
            if (!IsClosed && _loop.Gather.Length > 0 && !TrySend(_loop.Gather, out _))
            {
                return; // gone before, with the reason for that
            }
        }

        Close(CloseReason.ServerStopped);
    }

    /// <summary>Runs what was posted, each: after one that throws the connection is closed, and the others let go of what they bring.
    /// </summary>
    private void RunPosted()
    {
        foreach (Action action in Delegate.EnumerateInvocationList(Interlocked.Exchange(ref _posted, null)))
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                OnFault(exception);
            }
        }
    }

    private void Open()
    {
        _openedAt = Now;
        _lastSent = Now;
        _budget = new TokenBucket(_loop.Limits.MaxPlayerRate, Now);
        _state = State.Open;
        try
        {
            _loop.Watch(this);
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or ObjectDisposedException)
        {
            Log.NotWatched(_loop.Log, Peer, exception.Message); // gone before it could be watched, or no memory for it
            Close(CloseReason.ConnectionLost);
            return;
        }

        _conversation = _converse(this);
    }

    private void Receive()
    {
        byte[] buffer = _loop.ReceiveBuffer;
        for (int i = 0; i < ReceivesPerTurn; i++)
        {
            int count = _sender.Receive(buffer, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                IsReadable = false;
                if (_sender.HoldsReceived && Handle is not null)
                {
                    _loop.RunAgain(this); // it has had its share of this turn
                }

                return;
            }

            if (error != SocketError.Success)
            {
                Close(CloseReason.ConnectionLost);
                return;
            }

            if (count == 0)
            {
                OnPeerEnd();
                return;
            }

            if (!IsUrgent)
            {
                _sender.AcknowledgeAtOnce();
            }

            _conversation!.Receive(buffer.AsSpan(0, count));
            if (IsClosed)
            {
                return;
            }

            if (count < buffer.Length && !HasEnded && Handle is not null && !_sender.HoldsReceived)
            {
                IsReadable = false; // the socket is empty: what comes later raises an event
                return;
            }
        }

        _loop.RunAgain(this); // edge-triggered: what is left unread raises no event
    }

    /// <summary>
    /// The peer has ended its half: it has left, or reads what it has asked for (TCP; TLS 1.3 as well, RFC 8446, section 6.1). The
    /// next sends tell which.
    /// </summary>
    private void OnPeerEnd()
    {
        IsReadable = false;
        if (IsHeardOut)
        {
            return;
        }

        if (!_conversation!.IsAnswering)
        {
            Close(CloseReason.PlayerLeft);
            return;
        }

        _heardUntil = Now;
        _isPolled = !_loop.StaysWatchedBehindEnd(this);
    }

    /// <summary>Ends the connection of a peer that says no more once nothing is left to be said to it.</summary>
    private void CloseWhenAnswered()
    {
        if (_conversation!.IsAnswering)
        {
            return;
        }

        if (!_saidEnd)
        {
            EndSending();
        }

        if (!IsSending)
        {
            Close(CloseReason.Answered);
        }
    }

    /// <summary>Sends until nothing is due, the socket is full or the turn is over.</summary>
    private void Send()
    {
        GatherList list = _loop.Gather;
        long allowed = Math.Min(Math.Min(_budget.Available(Now), _loop.Budget.Available(Now)), _sender.BytesPerTurn);
        long sentThisTurn = 0;
        while (!IsBlocked && !IsClosed)
        {
            if (_sender.UnsentBytes > 0 && !TryFlush())
            {
                return;
            }

            // The system would take up to a whole packet queue's worth above its limit (64 KiB), and a seek waits behind that.
            long unsent = _fullSince == TimerWheel.Never ? int.MaxValue : _maxUnsent - sentThisTurn;
            if (unsent <= 0)
            {
                Block();
                return;
            }

            if (sentThisTurn >= _sender.BytesPerTurn)
            {
                _loop.RunAgain(this);
                return;
            }

            list.Clear();
            _conversation!.Gather(list, Math.Min(allowed - sentThisTurn, unsent));
            if (IsClosed)
            {
                return;
            }

            if (list.Length == 0)
            {
                _fullSince = TimerWheel.Never; // it has taken all that there was
                return;
            }

            list.Truncate(unsent);
            if (!TrySend(list, out long sent))
            {
                return;
            }

            sentThisTurn += sent;
            _conversation?.Advance(sent);
        }
    }

    private bool TrySend(GatherList list, out long sent)
    {
        SendResult result = _sender.Send(list, out sent);
        if (result is SendResult.Disconnected or SendResult.SourceLost)
        {
            Close(result == SendResult.SourceLost ? CloseReason.SourceLost : Gone);
            return false;
        }

        BytesSent += sent;
        _budget.Consume(sent);
        _loop.Budget.Consume(sent);
        if (sent > 0)
        {
            _lastSent = Now;
        }

        if (sent < list.Length || _sender.UnsentBytes > 0)
        {
            Block();
        }

        return true;
    }

    /// <summary>Hands on what the sender holds.</summary>
    /// <returns>False when the socket is full or gone.</returns>
    private bool TryFlush()
    {
        int before = _sender.UnsentBytes;
        if (_sender.Flush() == SendResult.Disconnected)
        {
            Close(Gone);
            return false;
        }

        if (_sender.UnsentBytes < before)
        {
            _lastSent = Now;
        }

        if (_sender.UnsentBytes > 0)
        {
            Block();
            return false;
        }

        return true;
    }

    /// <summary>Waits until the socket takes bytes again.</summary>
    private void Block()
    {
        IsBlocked = true;
        _loop.WantWrite(this, want: true);
        if (_fullSince == TimerWheel.Never)
        {
            _fullSince = Now;
            _bytesWhenFull = BytesSent;
            _unsent.Restart(BytesSent, Now);
        }
        else if (_loop.Limits.MaxUnsentTime > 0 && _conversation is { IsInterruptible: true }
            && _unsent.TryChange(BytesSent, Now, _loop.Limits.MaxUnsentTime, out int bytes))
        {
            _maxUnsent = _sender.TrySetUnsentLimit(bytes) ? bytes : int.MaxValue;
        }
    }

    /// <summary>Closes when a bound is over, else asks for a turn when the next thing is due.</summary>
    private void Schedule()
    {
        Wake next = _conversation!.Next(Now);
        if (IsClosed)
        {
            return;
        }

        if (IsBlocked)
        {
            // What is due cannot be sent: only the bounds of a full socket count, and whether what it holds may still be sent.
            next = WhenTooSlow().OrEarlier(_conversation.NextWhileBlocked(Now));
        }
        else if (IsHeardOut)
        {
            // One that has left unseen resets what it is sent next: it is waited for as one that does not read.
            next = next.OrEarlier(new Wake(Math.Max(_lastSent, _heardUntil) + _loop.Limits.SendTimeout, CloseReason.PlayerLeft));
        }

        if (_isPolled)
        {
            next = next.OrEarlier(new Wake(Now + PollInterval));
        }

        if (Now < next.Deadline)
        {
            _loop.SetTimer(this, next.Deadline);
        }
        else if (next.Reason is { } reason)
        {
            Close(reason);
        }
        else
        {
            _loop.SetTimer(this, next.Deadline);
        }
    }

    /// <summary>When a full socket has taken nothing for too long, or too little over all that time.</summary>
    private Wake WhenTooSlow()
    {
        long timeout = _loop.Limits.SendTimeout;
        Debug.Assert(_fullSince != TimerWheel.Never, "a blocked socket is full");
        if (Now - _fullSince >= timeout)
        {
            if ((BytesSent - _bytesWhenFull) * 1000.0 / (Now - _fullSince) < _loop.Limits.MinPlayerRate)
            {
                return new Wake(Now, CloseReason.NotReading);
            }

            _fullSince = Now;
            _bytesWhenFull = BytesSent;
        }

        return new Wake(Math.Min(_lastSent + timeout, _fullSince + timeout),
            _lastSent + timeout <= _fullSince + timeout ? CloseReason.NotReading : null);
    }
}
