using System.Net;
using Mapwire.Load.Measuring;
using Mapwire.Load.Players;
using Mapwire.Rtmp;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;

namespace Mapwire.Load.Publishers;

/// <summary>
/// A seat that publishes: it sends a film in real time, over and over, as encoders do. Each frame goes when it is due, from where the film
/// is mapped.
/// </summary>
internal sealed partial class Publisher : RtmpSeat
{
    /// <summary>What OBS announces, in bytes. A frame of 500 kbit/s is one chunk mostly, and a key picture a few.</summary>
    private const int ChunkSize = 4096;

    /// <summary>The most that one send takes where this side is behind, in bytes, so that others have their turn.</summary>
    private const long MaxBytesAtOnce = 1024 * 1024;

    /// <summary>How late a message may be before it counts as late.</summary>
    private const long Tolerance = 100 * LoadClock.Millisecond;

    /// <summary>
    /// How long a stream has gone on when its first viewer comes: nobody can have more in hand than there is of it, and what is measured is
    /// not its first moment.
    /// </summary>
    private const long HeadStart = 500 * LoadClock.Millisecond;

    private readonly PublishLoop _loop;
    private readonly RtmpUrl _url;
    private readonly IPEndPoint _endPoint;
    private readonly SentFrames? _sent;
    private readonly ControlBuffer _control = new();
    private readonly List<(LoadPlayer Player, long Delay)> _viewers = [];
    private long _intendedStart;
    private ClientSession? _session;
    private StripCursor<RtmpFraming>? _cursor;
    private PublishedFilm _film;
    private int _showings; // films that were begun
    private long _zero; // the clock's time of the stream's time 0
    private int _due; // the first entry of the cursor that was not due yet
    private bool _isBlocked; // the socket is full
    private bool _wantsWrite; // the loop tells when the socket takes bytes again
    private bool _isEnding; // nothing more of the film is begun
    private bool _hasViewers; // they were called
    private long _cutAt = long.MaxValue; // by the clock, as those that follow
    private long _stallAt = long.MaxValue;
    private long _stalledUntil; // 0 while it sends
    private long _jumpAt = long.MaxValue;

    /// <param name="loop">Where it lives.</param>
    /// <param name="url">What it publishes.</param>
    /// <param name="endPoint">Where it connects to.</param>
    public Publisher(PublishLoop loop, RtmpUrl url, IPEndPoint endPoint)
        : base(loop, endPoint)
    {
        _loop = loop;
        _url = url;
        _endPoint = endPoint;
        _film = loop.Films[0];
        _sent = _film.Frames is { } frames ? new SentFrames(frames) : null;
    }

    /// <summary>Those who watch the stream.</summary>
    public IEnumerable<Seat> Viewers => _viewers.Select(static viewer => viewer.Player);

    /// <summary>Adds one who watches the stream.</summary>
    /// <param name="delay">When it begins, in microseconds from the stream's beginning.</param>
    public void AddViewer(long delay) => _viewers.Add((new LoadPlayer(_loop, _url.WithoutQuery, _endPoint, _sent), delay));

    /// <inheritdoc/>
    public override void OnDue(long now)
    {
        _loop.Tally.Lateness.Add(now - Due);
        if (Socket is null)
        {
            _intendedStart = Due;
            _isEnding = false;
            Connect();
        }
        else if (now >= _cutAt && !_isEnding)
        {
            _loop.Published.Reconnects++;
            Close();
            ConnectAgain(now);
        }
        else
        {
            Stall(now);
            Send(now);
        }
    }

    /// <inheritdoc/>
    public override void OnFault(Exception exception)
    {
        _loop.Fail(exception);
        Close();
    }

    /// <inheritdoc/>
    public override void Look(long now)
    {
        // What is wrong with its connection it hears when it sends.
    }

    /// <inheritdoc/>
    /// <remarks>As encoders end: FCUnpublish, deleteStream, and the connection when the server has answered.</remarks>
    public override void Finish(long now)
    {
        if (_cursor is null || _isEnding)
        {
            Close();
            return;
        }

        _isEnding = true;
        _stalledUntil = 0;
        _cursor.Hold();
        _session!.Call(CommandNames.FCUnpublish, _url.Name);
        _session.DeleteStream(_streamId);
        Send(now);
    }

    /// <inheritdoc/>
    public override void Stop(long now) => Close();

    /// <inheritdoc/>
    public override void Dispose() => Close();

    /// <inheritdoc/>
    protected override void OnEstablished()
    {
        long now = LoadClock.Now;
        _now = now;
        _loop.Tally.Established.Add(now - _intendedStart);
        ConnectCommand connect = _loop.IsEnhanced
            ? ClientSessionOptions.EnhancedConnect(_url.Application, _url.ConnectUrl)
            : ClientSessionOptions.DefaultConnect(_url.Application, _url.ConnectUrl);
        _session = new ClientSession(_loop.SessionOptions, connect, this, _control);
        Send(now);
    }

    /// <inheritdoc/>
    protected override void OnWritable()
    {
        long now = LoadClock.Now;
        FindDue(now, _isBlocked ? Cause.Server : Cause.Loop);
        _isBlocked = false;
        Send(now);
    }

    /// <inheritdoc/>
    protected override void OnReceived(ReadOnlySpan<byte> bytes)
    {
        long now = LoadClock.Now;
        _now = now;
        _loop.Tally.Bytes += bytes.Length;
        try
        {
            _session!.Receive(bytes);
        }
        catch (RtmpProtocolException fault)
        {
            Fail($"protocol broken: {fault.Error}");
            return;
        }

        if (_refusal is { } refusal)
        {
            _loop.Published.Refuse(refusal.Reason);
            Fail($"publish refused: {refusal.Code}");
        }
        else if (_hasEnded)
        {
            Close();
        }
        else
        {
            Send(now);
        }
    }

    /// <inheritdoc/>
    protected override void Fail(string reason)
    {
        if (!_isEnding)
        {
            _loop.Tally.Lost += _cursor is null ? 0 : 1;
            _loop.Tally.Fail(reason);
        }

        Close();
        if (!_isEnding && _loop.Faults.ReconnectEvery is not null)
        {
            ConnectAgain(LoadClock.Now);
        }
    }

    private void ConnectAgain(long now) => CallAt(now + LoadClock.Of(PublishFaults.ReconnectPause));

    /// <summary>Begins the film: what is told of it, and its first frame now.</summary>
    private void Begin(long now)
    {
        _loop.Published.Publishing++;
        BeginNextFilm();
        _cursor = Open(new PlayRange(_film.Joint, -1, _film.Joint.ToPlayer(TitleTime.Zero), PlayerTime.Zero));
        _due = 0;
        _zero = now - ToClock(_cursor.PlayerTime);
        _session!.SendDataFrame(_streamId, 0, _film.Metadata);
        SendHeaders(before: null);
        _cutAt = FirstOf(_loop.Faults.ReconnectEvery, now);
        _stallAt = FirstOf(_loop.Faults.StallEvery, now);
        _jumpAt = FirstOf(_loop.Faults.JumpEvery, now);
        _stalledUntil = 0;
        if (!_hasViewers)
        {
            _hasViewers = true;
            foreach ((LoadPlayer player, long delay) in _viewers)
            {
                player.CallAt(now + HeadStart + delay);
            }
        }
    }

    private void BeginNextFilm() => _film = _loop.Films[_showings++ % _loop.Films.Count];

    /// <summary>When something happens for the first time: each publisher has its own moments.</summary>
    private long FirstOf(TimeSpan? every, long now) =>
        every is { } interval ? now + LoadClock.Of(interval) / 2 + _loop.Random.NextInt64(LoadClock.Of(interval)) : long.MaxValue;

    /// <summary>Begins or ends a time in which nothing is sent.</summary>
    private void Stall(long now)
    {
        if (_stalledUntil != 0 && now >= _stalledUntil)
        {
            _stalledUntil = 0;
            _stallAt = now + LoadClock.Of(_loop.Faults.StallEvery!.Value);
            FindDue(now, Cause.Stall);
        }
        else if (_stalledUntil == 0 && now >= _stallAt && !_isEnding)
        {
            _loop.Published.Stalled++;
            _stalledUntil = now + LoadClock.Of(PublishFaults.StallLength);
        }
    }

    /// <summary>Sends what is due, in order: the rest of a message, what the session wrote, frames.</summary>
    private void Send(long now)
    {
        if (_stalledUntil != 0)
        {
            CallAt(_stalledUntil);
            return;
        }

        while (Socket is not null && !_isBlocked)
        {
            FindDue(now, Cause.Loop);
            TitleTime until = Until(now);
            GatherList list = _loop.List;
            list.Clear();
            bool isWhole = _cursor?.GatherRest(list, 0) ?? true;
            long rest = list.Length;
            int control = isWhole ? _control.AddTo(list, RtmpFraming.MaxHeaderLength) : 0;
            if (isWhole && control == _control.Length)
            {
                _cursor?.Gather(list, until, MaxBytesAtOnce, 0);
            }

            if (list.Length == 0)
            {
                Continue();
                return;
            }

            long length = list.Length;
            SendResult result = list.Send(Handle!, out long sent);
            if (result is SendResult.Disconnected or SendResult.SourceLost)
            {
                Lose(result);
                return;
            }

            Advance(sent, Math.Min(rest, sent), control, until);
            _isBlocked = sent < length;
        }

        WantWrite(_isBlocked);
    }

    private void WantWrite(bool want)
    {
        if (want != _wantsWrite && Socket is not null)
        {
            _wantsWrite = want;
            _loop.WantWrite(this, want);
        }
    }

    /// <summary>All is sent that is due: goes on with the next frame when it is, be it of the film's next showing.</summary>
    private void Continue()
    {
        WantWrite(false);
        if (_cursor is not { } cursor || _isEnding)
        {
            return;
        }

        if (cursor.IsOver)
        {
            ShowAgain(cursor);
            cursor.Retire();
        }

        long next = TimeOf(_cursor.Place); // of the next showing's first frame that may be the moment of the last one
        CallAt(Math.Min(next, Math.Min(_cutAt, _stallAt)));
    }

    /// <summary>Goes on with the next film, or the same one, where the one before has ended; or at another time.</summary>
    private void ShowAgain(StripCursor<RtmpFraming> before)
    {
        PublishedFilm filmBefore = _film;
        BeginNextFilm();
        long end = _zero + ToClock(before.PlayerEnd);
        if (end >= _jumpAt)
        {
            _jumpAt = end + LoadClock.Of(_loop.Faults.JumpEvery!.Value);
            _loop.Published.Jumps++;
            PlayerTime floor = JumpFrom(before.PlayerEnd);
            PlayerTime joint = floor + _film.Joint.ToPlayer(TitleTime.Zero).Milliseconds;
            _zero = end - ToClock(joint);
            _cursor = Open(new PlayRange(_film.Joint, -1, joint, floor));
        }
        else
        {
            _cursor = Open(new PlayRange(_film.Joint, -1, before.PlayerEnd) { Behind = before.LastTime });
        }

        _due = 0;
        if (_film != filmBefore)
        {
            _session!.SendDataFrame(_streamId, unchecked((uint)_cursor.PlayerTime.Milliseconds), _film.Metadata);
        }

        SendHeaders(before);
    }

    /// <summary>Some seconds on or back, or anywhere, just before the timestamps come around too.</summary>
    private PlayerTime JumpFrom(PlayerTime time) => new(_loop.Random.Next(4) switch
    {
        0 => time.Milliseconds + _loop.Random.Next(2_000, 60_000),
        1 => Math.Max(0, time.Milliseconds - _loop.Random.Next(2_000, 60_000)),
        2 => uint.MaxValue - _loop.Random.Next(10_000),
        _ => _loop.Random.NextInt64(uint.MaxValue),
    });

    private void Advance(long sent, long ofRest, int control, TitleTime until)
    {
        int ofControl = (int)Math.Min(sent - ofRest, control);
        _loop.Published.Bytes += sent;
        if (_cursor is { } cursor)
        {
            int before = cursor.Place;
            cursor.Advance(ofRest, until);
            cursor.Advance(sent - ofRest - ofControl, until);
            _loop.Published.Messages += cursor.Place - before;
        }

        _control.Consume(ofControl);
    }

    /// <summary>Takes note of the entries that have become due: this is the moment from which their way is timed.</summary>
    private void FindDue(long now, Cause cause)
    {
        if (_cursor is null || _isEnding)
        {
            return;
        }

        Strip strip = _cursor.Title.Strip;
        for (TitleTime until = Until(now); _due < _cursor.End && strip[_due].Time <= until; _due++)
        {
            StripEntry entry = strip[_due];
            if (cause == Cause.Server)
            {
                _loop.Published.HeldMessages++;
            }
            else if (cause == Cause.Loop && now - TimeOf(_due) > Tolerance)
            {
                _loop.Published.LateMessages++;
            }

            if (!entry.IsChange)
            {
                (entry.IsVideo ? _sent?.Video : _sent?.Audio)?.Add(now);
            }
        }
    }

    private void SendHeaders(StripCursor? before)
    {
        uint time = unchecked((uint)_cursor!.PlayerTime.Milliseconds);
        foreach (LaneMessage message in LaneMessages.HeadersAt(_cursor, before))
        {
            if (StripEntry.IsVideoLane(message.Lane))
            {
                _session!.SendVideo(_streamId, time, message.Body.Span);
            }
            else
            {
                _session!.SendAudio(_streamId, time, message.Body.Span);
            }
        }
    }

    /// <summary>A cursor at the beginning of the film.</summary>
    /// <param name="range">What the stream calls the film's times.</param>
    private StripCursor<RtmpFraming> Open(PlayRange range)
    {
        Title title = _film.Title;
        title.TryAcquire(); // the test holds it longer than its loops run
        return new StripCursor<RtmpFraming>(title, new RtmpFraming(title.Codecs, _streamId, ChunkSize), range, TitleTime.Zero);
    }

    /// <summary>The film's time up to which entries are due.</summary>
    private TitleTime Until(long now) =>
        _cursor is null ? TitleTime.Zero : FromClock(now - _zero).ToTitle(_cursor.Zero);

    /// <summary>The clock's time at which an entry is due.</summary>
    private long TimeOf(int index) => _zero + ToClock(_cursor!.PlayerTimeOf(index));

    /// <summary>How long by the clock, in microseconds, it is until a time of the stream; rounded up, so that what is called for is due.
    /// </summary>
    private long ToClock(PlayerTime time) => (long)Math.Ceiling(time.Milliseconds * LoadClock.Millisecond / _loop.Speed);

    private PlayerTime FromClock(long time) => new((long)Math.Floor(time * _loop.Speed / LoadClock.Millisecond));

    private void Lose(SendResult result)
    {
        if (result == SendResult.SourceLost)
        {
            Fail("the film cannot be read any more");
            return;
        }

        Read(); // tells why, such as a refusal that was not read yet
        if (Socket is not null)
        {
            Fail("connection lost");
        }
    }

    private void Close()
    {
        CloseSocket();
        _cursor?.Abandon();
        _cursor = null;
        _session = null;
        _control.Release();
        _refusal = null;
        _hasEnded = false;
        _isBlocked = false;
        _wantsWrite = false;
        _stalledUntil = 0;
        _cutAt = long.MaxValue;
    }

    /// <summary>Why a message is sent later than it was due, if it is.</summary>
    private enum Cause
    {
        /// <summary>This side was late.</summary>
        Loop,

        /// <summary>The server did not take what was sent before.</summary>
        Server,

        /// <summary>It was asked for.</summary>
        Stall,
    }
}
