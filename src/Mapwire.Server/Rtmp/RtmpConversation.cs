using System.Net;
using Mapwire.Rtmp;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Rtmp;

/// <summary>RTMP on a connection: a session that reads and answers, and a player that has its media sent.</summary>
internal sealed class RtmpConversation : IConversation, ILiveViewer
{
    /// <summary>What a publisher may have begun of messages beside what others may hold: two pictures of the largest size.</summary>
    private const long MaxMessageBytes = 2L * 0xFF_FFFF;

    private readonly RtmpContext _context;
    private readonly Connection _connection;
    private readonly ControlBuffer _answers = new();
    private readonly Player _player;
    private readonly PlayerStatistics? _statistics;
    private readonly long _openedAt;
    private long _gatheredRest;
    private int _gatheredAnswers;
    private int _counted; // of what is held for this client

    public RtmpConversation(RtmpContext context, Connection connection, WorkerStatistics? statistics)
    {
        _context = context;
        _connection = connection;
        _openedAt = connection.Now;
        _player = new Player(
            context.Players, connection.Peer, _answers, Post, new LiveSeat(connection.Loop, this));
        _statistics = statistics?.Enter(connection.Peer, _openedAt);
        context.Players.Limits.Enter((connection.Peer as IPEndPoint)?.Address);
    }

    /// <inheritdoc/>
    public bool IsUrgent { get; private set; }

    /// <inheritdoc/>
    public void OnLive() => _connection.RunTurn();

    /// <summary>Runs something for the player, by the clock of then: what was opened may have taken long.</summary>
    private void Post(Action action) =>
        _connection.Post(() =>
        {
            _player.Now = _connection.Now;
            action();
        });

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        _player.Now = _connection.Now;
        try
        {
            _player.Session.Receive(bytes);
        }
        catch (RtmpProtocolException exception)
        {
            Log.ProtocolBroken(_context.Players.Log, _connection.Peer, exception.Message);
            _connection.Close(CloseReason.ProtocolError);
            return;
        }

        _player.PublishReceived();
        IsUrgent |= _player.IsPublishing;
        CloseWhenOverBudget();
    }

    /// <inheritdoc/>
    public void Gather(GatherList list, long most)
    {
        _player.Now = _connection.Now;
        bool isRestWhole = _player.GatherRest(list);
        if (_player.IsCutLost)
        {
            _connection.Close(CloseReason.SourceLost); // a message that was begun can neither be finished nor taken back
            return;
        }

        _gatheredRest = list.Length;
        if (isRestWhole)
        {
            _player.LookAtLive();
        }

        _gatheredAnswers = isRestWhole ? _answers.AddTo(list, RtmpFraming.MaxHeaderLength) : 0;
        if (!isRestWhole || _gatheredAnswers < _answers.Length || most <= 0)
        {
            return;
        }

        _player.GatherDue(list, most);
        if (list.Length == 0)
        {
            _player.AdvanceDue(0); // had a title ended just now, its last words would wait among the answers
            _gatheredAnswers = _answers.AddTo(list, RtmpFraming.MaxHeaderLength);
        }
    }

    /// <inheritdoc/>
    public void Advance(long sent)
    {
        long ofRest = Math.Min(sent, _gatheredRest);
        int ofAnswers = (int)Math.Min(sent - ofRest, _gatheredAnswers);
        long ofDue = sent - ofRest - ofAnswers;
        _player.AdvanceRest(ofRest);
        _answers.Consume(ofAnswers);
        _player.AdvanceDue(ofDue);
        IsUrgent |= ofDue > 0;
    }

    /// <inheritdoc/>
    public Wake Next(long now)
    {
        _player.Now = now;
        UpdateStatistics(now);
        if ((_answers.Length > 0 || _counted > 0) && CloseWhenOverBudget())
        {
            return new Wake(now); // what was opened elsewhere has been told meanwhile
        }

        if (_player.IsCutLost)
        {
            return new Wake(now, CloseReason.SourceLost); // RTMP has no way to take a message back that has begun
        }

        if (!_player.IsConnected)
        {
            return _player.IsRejected && _answers.Length == 0
                ? new Wake(Math.Max(now, _player.RejectedUntil), CloseReason.Rejected)
                : new Wake(_openedAt + Milliseconds(_context.HandshakeTimeout), CloseReason.HandshakeTimeout);
        }

        if (_player.DismissalReason is not null && _answers.Length == 0)
        {
            return new Wake(now, CloseReason.Dismissed);
        }

        if (!_player.IsActive)
        {
            return new Wake(_player.LastRequest + Milliseconds(_context.IdleTimeout), CloseReason.Idle);
        }

        long due = _player.NextWake();
        if (due == TimerWheel.Never && (_player.IsPublishing || _player is { IsLive: true, LivePausedSince: null }))
        {
            return new Wake(TimerWheel.Never); // the stream calls
        }

        return due != TimerWheel.Never
            ? new Wake(due)
            : new Wake(
                (_player.LivePausedSince ?? _player.Watched?.PausedSince ?? _player.LastRequest) + Milliseconds(_context.MaxPause),
                CloseReason.PausedTooLong);
    }

    /// <inheritdoc/>
    public Wake NextWhileBlocked(long now) => _player.PinsLivePages ? new Wake(now, CloseReason.NotReading) : new Wake(TimerWheel.Never);

    /// <inheritdoc/>
    public void SayGoodbye() => _player.SayGoodbye();

    /// <inheritdoc/>
    public void Abandon()
    {
        _statistics?.Leave(_connection.BytesSent);
        _context.Players.Limits.Leave((_connection.Peer as IPEndPoint)?.Address);
        _player.Abandon();
        _answers.Release();
        _context.Held.Count(_connection.Peer, ref _counted, 0);
    }

    private void UpdateStatistics(long now)
    {
        if (_player.Published is { } publisher)
        {
            _statistics?.Update(publisher, _player.Session.BytesReceived, now);
        }
        else if (_player.WatchedLive is { Cursor: not null } play)
        {
            _statistics?.Update(play, _connection.BytesSent, _connection.IsBlocked, now);
        }
        else
        {
            _statistics?.Update(_player.Watched, _player.Plays, _connection.BytesSent, _connection.IsBlocked, now);
        }
    }

    /// <summary>
    /// All that the client makes the server hold counts together: what it has half said, asked for, and does not read; and with what the
    /// others of its address, and all, make it hold.
    /// </summary>
    private bool CloseWhenOverBudget()
    {
        int held = _answers.Length + _player.ByteSize;
        long most = _context.MaxBytes + (_player.IsPublishing ? MaxMessageBytes : 0);
        if (held > most)
        {
            Log.HoldsTooMuch(_context.Players.Log, _connection.Peer, held, most, _context.MaxBytesOption);
        }
        else if (_context.Held.Count(_connection.Peer, ref _counted, held) is { } reason)
        {
            Log.HoldTooMuchTogether(_context.Players.Log, _connection.Peer, held, reason);
        }
        else
        {
            return false;
        }

        _connection.Close(CloseReason.TooManyRequests);
        return true;
    }

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;
}
