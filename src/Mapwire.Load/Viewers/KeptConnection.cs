using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Mapwire.Load.Measuring;
using Mapwire.Load.Players;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Viewers;

/// <summary>
/// A connection of HTTP that is kept for the next request and carries one at a time. One that the server has closed meanwhile is replaced,
/// and the request sent again.
/// </summary>
internal sealed class KeptConnection
{
    /// <summary>Receive calls before the others have their turn.</summary>
    private const int ReceivesPerTurn = 4;

    /// <summary>A viewer that has heard nothing for so long looks whether its connection still stands.</summary>
    private const long ProbeAfter = LoadClock.Second;

    /// <summary>A server that has said nothing of an answer for so long will not.</summary>
    private const long AnswerLimit = 30 * LoadClock.Second;

    private readonly HttpLoop _loop;
    private readonly Seat _seat;
    private readonly IExchange _exchange;
    private readonly HttpUrl _url;
    private readonly IPEndPoint _endPoint;
    private Transport? _transport;
    private Fetch _fetch;
    private bool _isConnected;
    private bool _isAsking; // a request is out, or waits for its connection
    private bool _isReused; // the connection has carried an answer before
    private bool _isRetried;
    private bool _hasFirstByte;
    private long _probed;

    /// <param name="loop">Where it lives.</param>
    /// <param name="seat">What the loop watches and gives turns to.</param>
    /// <param name="exchange">Who is told of answers.</param>
    /// <param name="url">Where the server is.</param>
    /// <param name="endPoint">Its address.</param>
    public KeptConnection(HttpLoop loop, Seat seat, IExchange exchange, HttpUrl url, IPEndPoint endPoint)
    {
        (_loop, _seat, _exchange, _url, _endPoint) = (loop, seat, exchange, url, endPoint);
        Response = new ResponseReader(exchange);
    }

    /// <summary>What the loop's poller watches; null where there is nothing.</summary>
    public SafeHandle? Handle => _transport?.Handle;

    /// <summary>The answer that comes, or came last.</summary>
    public ResponseReader Response { get; }

    /// <summary>When the last request was made.</summary>
    public long Asked { get; private set; }

    /// <summary>When something came last.</summary>
    public long Received { get; private set; }

    /// <summary>Makes a request; none is out.</summary>
    public void Ask(Fetch fetch, long now)
    {
        _fetch = fetch;
        _isAsking = true;
        _isRetried = false;
        Asked = now;
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

    /// <summary>The socket can be read or written again.</summary>
    /// <param name="isWritable">Whether it can be written.</param>
    public void TakeTurn(bool isWritable)
    {
        if (_transport is null || (!_isConnected && !Establish(isWritable)))
        {
            return;
        }

        Read();
    }

    /// <summary>Looks whether an answer has been waited for too long, and whether the connection still stands.</summary>
    /// <returns>False when the exchange has failed.</returns>
    public bool Look(long now)
    {
        if (_isAsking && now - Math.Max(Asked, Received) > AnswerLimit)
        {
            _exchange.OnFailed("no answer within 30 s");
            return false;
        }

        if (_isConnected && now - Math.Max(Received, _probed) > ProbeAfter)
        {
            _probed = now;
            Read(); // an end that came together with the last bytes raises no event of its own
        }

        return true;
    }

    /// <summary>Gives up what was asked for, and the connection with it.</summary>
    public void Abandon()
    {
        _isAsking = false;
        Disconnect();
    }

    private void Connect()
    {
        _loop.Tally.Connections++;
        _isConnected = false;
        _isReused = false;
        try
        {
            _transport = _url.IsEncrypted
                ? new EncryptedTransport(_url.Host, _endPoint, () => _loop.Post(_seat))
                : new PlainTransport(_endPoint);
        }
        catch (SocketException fault)
        {
            _exchange.OnFailed($"cannot connect: {fault.SocketErrorCode}");
            return;
        }

        _seat.HasEnded = false;
        _loop.Watch(_seat);
        _loop.WantWrite(_seat, want: true);
    }

    private bool Establish(bool writable)
    {
        if (Handle is not null && !writable && !_seat.HasEnded)
        {
            return false;
        }

        if (!_transport!.IsConnected(out string? failure))
        {
            if (failure is not null)
            {
                _exchange.OnFailed(failure);
            }

            return false;
        }

        _loop.WantWrite(_seat, want: false);
        _isConnected = true;
        Received = LoadClock.Now;
        _loop.Tally.Established.Add(Received - Asked);
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
        Response.Begin();
        _loop.Http.Requests++;
        int sent = _transport!.Send(request, out SocketError error);
        if (error != SocketError.Success || sent < request.Length)
        {
            // A socket that has sent little and all of it has room for a request: it is closed.
            OnClosed($"connection lost: {(error == SocketError.Success ? SocketError.NoBufferSpaceAvailable : error)}");
        }
        else if (Handle is null)
        {
            _loop.RunAgain(_seat); // the first read starts what tells of the bytes
        }
    }

    private void Read()
    {
        for (int i = 0; i < ReceivesPerTurn && _isConnected; i++)
        {
            Span<byte> buffer = _loop.ReceiveBuffer;
            long certain = _isAsking && _hasFirstByte && _fetch.Kind == FetchKind.Media && _exchange.IgnoresMedia
                ? Response.CertainBody : 0;
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
            if (count < buffer.Length && !_seat.HasEnded && Handle is not null)
            {
                return; // the socket is empty: what comes later raises an event
            }
        }

        if (_isConnected)
        {
            _seat.IsReadable = true;
            _loop.RunAgain(_seat);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes, bool isDiscarded)
    {
        long now = LoadClock.Now;
        Received = now;
        _loop.Tally.Bytes += bytes.Length;
        if (!_isAsking)
        {
            _exchange.OnFailed("response: bytes that nobody asked for");
            return;
        }

        if (!_hasFirstByte)
        {
            _hasFirstByte = true;
            if (_fetch.Kind != FetchKind.Init)
            {
                (_fetch.Kind == FetchKind.Media ? _loop.Http.FirstByte : _loop.Http.PlaylistFirstByte).Add(now - Asked);
            }
        }

        try
        {
            int taken = bytes.Length;
            if (isDiscarded)
            {
                Response.Pass(taken);
                _exchange.OnPassed();
            }
            else
            {
                taken = Response.Receive(bytes);
            }

            if (Response.IsComplete)
            {
                if (taken < bytes.Length)
                {
                    throw new ContentException("response: bytes that nobody asked for");
                }

                End(now);
            }
            else
            {
                _exchange.OnTaken(now);
            }
        }
        catch (ContentException fault)
        {
            _exchange.OnFailed(fault.Message);
        }
    }

    /// <summary>The answer is whole.</summary>
    private void End(long now)
    {
        _isAsking = false;
        _isReused = true;
        if (!Response.KeepsAlive)
        {
            Disconnect();
        }

        _exchange.OnAnswered(now);
    }

    private void OnClosed(string? why)
    {
        bool wasReused = _isReused;
        if (!_isAsking)
        {
            Disconnect(); // it was idle for longer than the server likes; the next request has a new one
            return;
        }

        if (wasReused && !Response.HasBegun && !_isRetried)
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
            Response.OnClosed();
            if (why is not null)
            {
                throw new ContentException(why);
            }

            long now = LoadClock.Now;
            Disconnect();
            End(now);
        }
        catch (ContentException fault)
        {
            _exchange.OnFailed(Response.HasBegun ? fault.Message : why ?? "closed by the server");
        }
    }

    private void Disconnect()
    {
        if (_transport is null)
        {
            return;
        }

        _loop.Unwatch(_seat);
        _transport.Dispose();
        _transport = null;
        _isConnected = false;
    }
}

/// <summary>Who asks on a <see cref="KeptConnection"/>, and is told what comes of it.</summary>
internal interface IExchange : IResponseSink
{
    /// <summary>Whether the bytes of media are only counted.</summary>
    bool IgnoresMedia { get; }

    /// <summary>Bytes of the body came and were thrown away.</summary>
    void OnPassed();

    /// <summary>Bytes of an answer were taken that is not whole yet.</summary>
    void OnTaken(long now);

    /// <summary>The answer is whole.</summary>
    /// <exception cref="ContentException">It is not what it should be.</exception>
    void OnAnswered(long now);

    /// <summary>The exchange failed.</summary>
    void OnFailed(string reason);
}
