using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Mapwire.Load.Measuring;
using Mapwire.Load.Players;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Viewers;

/// <summary>A seat of HTTP: one connection that is kept, one request at a time, and play after play as the mode says.</summary>
internal sealed class HttpViewer : Seat, IResponseSink
{
    /// <summary>Receive calls before the others have their turn.</summary>
    private const int ReceivesPerTurn = 4;

    /// <summary>How long a seat waits after a failure before it tries again, where it does.</summary>
    private const long RetryPause = 100 * LoadClock.Millisecond;

    /// <summary>A viewer that has heard nothing for so long looks whether its connection still stands.</summary>
    private const long ProbeAfter = LoadClock.Second;

    /// <summary>A server that has said nothing of an answer for so long will not.</summary>
    private const long AnswerLimit = 30 * LoadClock.Second;

    /// <summary>A viewer that has received nothing for so long is waiting for the server's pace.</summary>
    private const long IdleAfter = 100 * LoadClock.Millisecond;

    /// <summary>Redirections in a row that are followed, as curl's default would be too many.</summary>
    private const int MaxRedirects = 5;

    private readonly HttpLoop _loop;
    private readonly HttpUrl _url;
    private readonly IPEndPoint _endPoint;
    private readonly ResponseReader _response;
    private readonly int _step;
    private Transport? _transport;
    private Watching? _watching;
    private Fetch _fetch;
    private bool _isConnected;
    private bool _isAsking; // a request is out, or waits for its connection
    private bool _isReused; // the connection has carried an answer before
    private bool _isRetried;
    private bool _hasFirstByte;
    private bool _hasMedia; // of this play
    private bool _wasServed;
    private bool _hasStalled;
    private int _redirects;
    private int _turn;
    private long _intendedStart;
    private long _asked;
    private long _received; // when something came last
    private long _probed;

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
        _endPoint = endPoint;
        _turn = turn;
        _step = step;
        _response = new ResponseReader(this);
    }

    /// <inheritdoc/>
    public override SafeHandle? Handle => _transport?.Handle;

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
        if (_transport is null)
        {
            return;
        }

        if (!_isConnected && !Establish(writable))
        {
            return;
        }

        Read();
    }

    /// <inheritdoc/>
    public override void OnFault(Exception exception)
    {
        _loop.Fail(exception);
        Disconnect();
    }

    /// <inheritdoc/>
    public override void Look(long now)
    {
        if (_isAsking && now - Math.Max(_asked, _received) > AnswerLimit)
        {
            Fail("no answer within 30 s");
            return;
        }

        if (_isConnected && now - Math.Max(_received, _probed) > ProbeAfter)
        {
            _probed = now;
            Read(); // an end that came together with the last bytes raises no event of its own
        }

        if (_watching is { IsPlaying: true } watching)
        {
            bool stalls = watching.IsStalledAt(now);
            _loop.Look(stalls, isIdle: now - _received > IdleAfter);
            NoteStall(stalls);
        }
    }

    /// <inheritdoc/>
    public override void Stop(long now)
    {
        _watching?.Settle(_loop.Tally, now);
        _watching = null;
        Disconnect();
    }

    /// <inheritdoc/>
    public override void Dispose() => Disconnect();

    /// <inheritdoc/>
    public void OnHead()
    {
        if (_response.Status is 301 or 302 or 303 or 307 or 308)
        {
            return;
        }

        int expected = _fetch.Range is null ? 200 : 206;
        if (_response.Status != expected)
        {
            throw new ContentException($"status {_response.Status}");
        }

        if (_fetch.Range is { } range && _response.ContentLength is { } length && length != range.Length)
        {
            throw new ContentException("response: a range of another length");
        }
    }

    /// <inheritdoc/>
    public void OnBody(ReadOnlySpan<byte> bytes)
    {
        if (_response.Status is 200 or 206)
        {
            _watching!.OnBody(bytes, _received);
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
                EndPlay(now);
                return;
            }
        }
        catch (ContentException fault)
        {
            Fail(fault.Message);
            return;
        }

        if (_fetch.Due > now)
        {
            CallAt(_fetch.Due);
            return;
        }

        _isAsking = true;
        _isRetried = false;
        _asked = now;
        _hasFirstByte = false;
        if (_transport is null)
        {
            Connect();
        }
        else
        {
            SendRequest();
        }
    }

    private void Connect()
    {
        _loop.Tally.Connections++;
        _isConnected = false;
        _isReused = false;
        try
        {
            _transport = _url.IsEncrypted
                ? new EncryptedTransport(_url.Host, _endPoint, () => _loop.Post(this))
                : new PlainTransport(_endPoint);
        }
        catch (SocketException fault)
        {
            Fail($"cannot connect: {fault.SocketErrorCode}");
            return;
        }

        HasEnded = false;
        _loop.Watch(this);
        _loop.WantWrite(this, want: true);
    }

    private bool Establish(bool writable)
    {
        if (Handle is not null && !writable && !HasEnded)
        {
            return false;
        }

        if (!_transport!.IsConnected(out string? failure))
        {
            if (failure is not null)
            {
                Fail(failure);
            }

            return false;
        }

        _loop.WantWrite(this, want: false);
        _isConnected = true;
        _received = LoadClock.Now;
        _loop.Tally.Established.Add(_received - _asked);
        if (_isAsking)
        {
            SendRequest();
        }

        return _transport is not null;
    }

    private void SendRequest()
    {
        string range = _fetch.Range is { } part ? $"Range: bytes={part.Offset}-{part.Offset + part.Length - 1}\r\n" : "";
        byte[] request = Encoding.ASCII.GetBytes(
            $"GET {_fetch.Target} HTTP/1.1\r\nHost: {_url.Authority}\r\nUser-Agent: mapwire-bench\r\nAccept: */*\r\n{range}\r\n");
        _response.Begin();
        _loop.Http.Requests++;
        int sent = _transport!.Send(request, out SocketError error);
        if (error != SocketError.Success || sent < request.Length)
        {
            // A socket that has sent little and all of it has room for a request: it is closed.
            OnClosed($"connection lost: {(error == SocketError.Success ? SocketError.NoBufferSpaceAvailable : error)}");
        }
        else if (Handle is null)
        {
            _loop.RunAgain(this); // the first read starts what tells of the bytes
        }
    }

    private void Read()
    {
        for (int i = 0; i < ReceivesPerTurn && _isConnected; i++)
        {
            Span<byte> buffer = _loop.ReceiveBuffer;
            long certain = _isAsking && _hasFirstByte && _fetch.Kind == FetchKind.Media && _watching is { IgnoresMedia: true }
                ? _response.CertainBody : 0;
            bool discards = certain > 0 && _transport!.CanDiscard;
            buffer = discards ? buffer[..(int)Math.Min(certain, buffer.Length)] : buffer;
            SocketError error;
            int count = discards ? _transport!.Discard(buffer, out error) : _transport!.Receive(buffer, out error);
            if (error == SocketError.WouldBlock)
            {
                return;
            }

            if (error != SocketError.Success || count == 0)
            {
                OnClosed(error == SocketError.Success ? null : $"connection lost: {error}");
                return;
            }

            Take(buffer[..count], discards);
            if (count < buffer.Length && !HasEnded && Handle is not null)
            {
                return; // the socket is empty: what comes later raises an event
            }
        }

        if (_isConnected)
        {
            IsReadable = true;
            _loop.RunAgain(this);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes, bool isDiscarded)
    {
        long now = LoadClock.Now;
        _received = now;
        _loop.Tally.Bytes += bytes.Length;
        if (!_isAsking)
        {
            Fail("response: bytes that nobody asked for");
            return;
        }

        if (!_hasFirstByte)
        {
            _hasFirstByte = true;
            if (_fetch.Kind != FetchKind.Init)
            {
                (_fetch.Kind == FetchKind.Media ? _loop.Http.FirstByte : _loop.Http.PlaylistFirstByte).Add(now - _asked);
            }
        }

        try
        {
            int taken = bytes.Length;
            if (isDiscarded)
            {
                _response.Pass(taken);
                NoteMedia();
            }
            else
            {
                taken = _response.Receive(bytes);
            }

            if (_response.IsComplete)
            {
                if (taken < bytes.Length)
                {
                    throw new ContentException("response: bytes that nobody asked for");
                }

                OnAnswered(now);
            }
        }
        catch (ContentException fault)
        {
            Fail(fault.Message);
        }
    }

    /// <summary>The answer is whole.</summary>
    private void OnAnswered(long now)
    {
        _isAsking = false;
        _isReused = true;
        if (!_response.KeepsAlive)
        {
            Disconnect();
        }

        if (_response.Status >= 300)
        {
            string? target = ++_redirects <= MaxRedirects && _response.Location is { } location
                ? (_url with { Target = _fetch.Target }).Resolve(location) : null;
            _watching!.OnRedirect(target ?? throw new ContentException("response: a redirection to nowhere"));
            Advance(now);
            return;
        }

        _redirects = 0;
        _watching!.OnEnd(now);
        if (_fetch.Kind == FetchKind.Media)
        {
            NoteMedia(); // of an empty file too
            _loop.CountMedia();
            _loop.Http.LastByte.Add(now - _asked);
            (_watching as HlsWatching)?.NoteTime(now - _asked);
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
            EndPlay(now);
        }
        else
        {
            Advance(now);
        }
    }

    private void OnClosed(string? why)
    {
        bool wasReused = _isReused;
        if (!_isAsking)
        {
            Disconnect(); // it was idle for longer than the server likes; the next request has a new one
            return;
        }

        if (wasReused && !_response.HasBegun && !_isRetried)
        {
            // The server closed it while the request was on its way: RFC 9112, section 9.3.1, asks for another try.
            _loop.Http.Reconnects++;
            _isRetried = true;
            Disconnect();
            Connect();
            return;
        }

        try
        {
            _response.OnClosed();
            if (why is not null)
            {
                throw new ContentException(why);
            }

            long now = LoadClock.Now;
            Disconnect();
            OnAnswered(now);
        }
        catch (ContentException fault)
        {
            Fail(_response.HasBegun ? fault.Message : why ?? "closed by the server");
        }
    }

    private void NoteMedia()
    {
        if (_hasMedia || _fetch.Kind != FetchKind.Media)
        {
            return;
        }

        _hasMedia = true;
        _loop.Tally.Plays++;
        _loop.Tally.FirstFrame.Add(_received - _intendedStart);
        if (!_wasServed)
        {
            _wasServed = true;
            _loop.Tally.ServedPlayers++;
        }
    }

    private void EndPlay(long now)
    {
        _loop.Tally.Ended++;
        long rest = _loop.Mode == LoadMode.Watch ? _watching!.RestAt(now) : 0; // what is in hand is shown before the next play
        _watching!.Settle(_loop.Tally, now);
        if (_loop.Mode == LoadMode.Churn)
        {
            Disconnect();
        }

        Again(succeeded: true, now + rest);
    }

    private void Fail(string reason)
    {
        long now = LoadClock.Now;
        if (_hasMedia)
        {
            _loop.Tally.Lost++;
        }

        _watching?.Settle(_loop.Tally, now);
        _loop.Tally.Fail(reason);
        Disconnect();
        Again(succeeded: false, now);
    }

    private void Disconnect()
    {
        if (_transport is null)
        {
            return;
        }

        _loop.Unwatch(this);
        _transport.Dispose();
        _transport = null;
        _isConnected = false;
    }

    /// <summary>Plans the next play of this seat, if there is to be one.</summary>
    private void Again(bool succeeded, long now)
    {
        _watching = null;
        _isAsking = false;
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
