using System.Net;
using System.Runtime.InteropServices;
using Mapwire.Load.Measuring;
using Mapwire.Load.Players;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Viewers;

/// <summary>A seat of HTTP: one connection that is kept, and play after play as the mode says.</summary>
internal sealed class HttpViewer : Seat, IExchange
{
    /// <summary>How long a seat waits after a failure before it tries again, where it does.</summary>
    private const long RetryPause = 100 * LoadClock.Millisecond;

    /// <summary>A viewer that has received nothing for so long is waiting for the server's pace.</summary>
    private const long IdleAfter = 100 * LoadClock.Millisecond;

    /// <summary>Redirections in a row that are followed, as curl's default would be too many.</summary>
    private const int MaxRedirects = 5;

    private readonly HttpLoop _loop;
    private readonly HttpUrl _url;
    private readonly KeptConnection _connection;
    private readonly int _step;
    private Watching? _watching;
    private Fetch _fetch;
    private bool _hasMedia; // of this play
    private bool _wasServed;
    private bool _hasStalled;
    private int _redirects;
    private int _turn;
    private long _intendedStart;

    /// <param name="loop">Where it lives.</param>
    /// <param name="url">What it watches, with ranges of numbers.</param>
    /// <param name="endPoint">The server.</param>
    /// <param name="turn">Which of the numbers it takes first.</param>
    /// <param name="step">How many numbers it passes over after each play: those of the other viewers.</param>
    public HttpViewer(HttpLoop loop, HttpUrl url, IPEndPoint endPoint, int turn, int step)
        : base(loop)
    {
        _loop = loop;
        _url = url;
        _turn = turn;
        _step = step;
        _connection = new KeptConnection(loop, this, this, url, endPoint);
    }

    /// <inheritdoc/>
    public override SafeHandle? Handle => _connection.Handle;

    /// <inheritdoc/>
    public override void OnDue(long now)
    {
        long intended = Due;
        _loop.Tally.Lateness.Add(now - intended);
        if (_loop.IsDone)
        {
            return;
        }

        if (_watching is null)
        {
            _intendedStart = intended;
            _hasMedia = false;
            _redirects = 0;
            HttpUrl url = _url.ForTurn(_turn);
            _watching = (_loop.IsBytesOnly ? HttpMedia.Bytes : url.Media) switch
            {
                HttpMedia.Hls when _loop.IsLowLatency => new LowLatencyWatching(url, _loop),
                HttpMedia.Hls => new HlsWatching(url, _loop.Buffer, _loop.ChecksBoxes, _loop.Http),
                HttpMedia.Flv => new FlvWatching(url.Target, _loop.Tally),
                _ => new BytesWatching(url.Target),
            };
        }

        Advance(now);
    }

    /// <inheritdoc/>
    public override void TakeTurn()
    {
        bool writable = IsWritable;
        IsWritable = false;
        IsReadable = false;
        _connection.TakeTurn(writable);
    }

    /// <inheritdoc/>
    public bool IgnoresMedia => _watching is { IgnoresMedia: true };

    /// <inheritdoc/>
    public void OnPassed() => NoteMedia();

    /// <inheritdoc/>
    public override void OnFault(Exception exception)
    {
        _loop.Fail(exception);
        _connection.Abandon();
    }

    /// <inheritdoc/>
    public override void Look(long now)
    {
        if (_connection.Look(now) && _watching is { IsPlaying: true } watching)
        {
            bool stalls = watching.IsStalledAt(now);
            _loop.Look(stalls, isIdle: now - _connection.Received > IdleAfter);
            NoteStall(stalls);
        }
    }

    /// <inheritdoc/>
    public override void Stop(long now)
    {
        _watching?.Settle(_loop.Tally, now);
        _watching = null;
        _connection.Abandon();
    }

    /// <inheritdoc/>
    public override void Dispose() => _connection.Abandon();

    /// <inheritdoc/>
    public void OnHead()
    {
        if (_connection.Response.Status is 301 or 302 or 303 or 307 or 308)
        {
            return;
        }

        int expected = _fetch.Range is null ? 200 : 206;
        if (_connection.Response.Status != expected)
        {
            throw new ContentException($"status {_connection.Response.Status}");
        }

        if (_fetch.Range is { } range && _connection.Response.ContentLength is { } length && length != range.Length)
        {
            throw new ContentException("response: a range of another length");
        }
    }

    /// <inheritdoc/>
    public void OnBody(ReadOnlySpan<byte> bytes)
    {
        if (_connection.Response.Status is 200 or 206)
        {
            _watching!.OnBody(bytes, _connection.Received);
            NoteMedia();
        }
    }

    /// <summary>Asks for what is next, now or when it is due; ends the play where nothing is.</summary>
    private void Advance(long now)
    {
        try
        {
            if (!_watching!.TryGetNext(now, out _fetch))
            {
                _loop.Tally.Ended++;
                EndPlay(now);
                return;
            }
        }
        catch (ContentException fault)
        {
            OnFailed(fault.Message);
            return;
        }

        if (_fetch.Due > now)
        {
            CallAt(_fetch.Due);
            return;
        }

        _connection.Ask(_fetch, now);
    }

    /// <inheritdoc/>
    public void OnAnswered(long now)
    {
        if (_connection.Response.Status >= 300)
        {
            string? target = ++_redirects <= MaxRedirects && _connection.Response.Location is { } location
                ? (_url with { Target = _fetch.Target }).Resolve(location) : null;
            _watching!.OnRedirect(target ?? throw new ContentException("response: a redirection to nowhere"));
            Advance(now);
            return;
        }

        _redirects = 0;
        _watching!.OnEnd(now);
        if (_fetch.Kind == FetchKind.Media)
        {
            NoteMedia(); // of an empty file, too
            _loop.CountMedia();
            _loop.Http.LastByte.Add(now - _connection.Asked);
            (_watching as HlsWatching)?.NoteTime(now - _connection.Asked);
        }
        else if (_fetch.Kind == FetchKind.Playlist)
        {
            _loop.Http.Playlists++;
        }

        if (_loop.IsDone && _watching.TryGetNext(now, out _))
        {
            Stop(now);
        }
        else if (_loop.Mode == LoadMode.Churn && _fetch.Kind == FetchKind.Media)
        {
            _loop.Tally.Ended++;
            EndPlay(now);
        }
        else
        {
            Advance(now);
        }
    }

    /// <inheritdoc/>
    public void OnTaken(long now)
    {
        if (_loop.Mode == LoadMode.Churn && _hasMedia && _watching is { IsStream: true })
        {
            _loop.CountPlay(); // it has its first frame, and wants no more
            EndPlay(now);
        }
    }

    private void NoteMedia()
    {
        if (_hasMedia || _fetch.Kind != FetchKind.Media || !_watching!.HasFirstFrame)
        {
            return;
        }

        _hasMedia = true;
        _loop.Tally.Plays++;
        _loop.Tally.FirstFrame.Add(_connection.Received - _intendedStart);
        if (!_wasServed)
        {
            _wasServed = true;
            _loop.Tally.ServedPlayers++;
        }
    }

    private void EndPlay(long now)
    {
        long rest = _loop.Mode == LoadMode.Watch ? _watching!.RestAt(now) : 0; // what is in hand is shown before the next play
        _watching!.Settle(_loop.Tally, now);
        if (_loop.Mode == LoadMode.Churn)
        {
            _connection.Abandon();
        }

        Again(succeeded: true, now + rest);
    }

    /// <inheritdoc/>
    public void OnFailed(string reason)
    {
        long now = LoadClock.Now;
        if (_hasMedia)
        {
            _loop.Tally.Lost++;
        }

        _watching?.Settle(_loop.Tally, now);
        _loop.Tally.Fail(reason);
        _connection.Abandon();
        Again(succeeded: false, now);
    }

    /// <summary>Plans the next play of this seat, if there is to be one.</summary>
    private void Again(bool succeeded, long now)
    {
        _watching = null;
        Due = NoCall;
        _turn += _step;
        if (_loop.IsDone)
        {
            return;
        }

        if (_loop.ChurnInterval is { } interval)
        {
            CallAt(_intendedStart + interval); // late or not: what waits for us would wait in life too
        }
        else if (succeeded)
        {
            CallAt(now);
        }
        else if (_loop.Mode == LoadMode.Churn)
        {
            CallAt(now + RetryPause);
        }
    }

    private void NoteStall(bool stalls)
    {
        if (stalls && !_hasStalled)
        {
            _hasStalled = true;
            _loop.Tally.StalledPlayers++;
        }
    }
}
