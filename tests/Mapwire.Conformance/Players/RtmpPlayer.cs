using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using Mapwire.Conformance.Reading;

namespace Mapwire.Conformance.Players;

/// <summary>A player that a test drives command by command and that hands over every message as it comes.</summary>
internal sealed class RtmpPlayer : IAsyncDisposable
{
    /// <summary>How long a test waits for a message before it calls it missing.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TcpClient _client;
    private readonly Stopwatch _clock;
    private readonly ChunkStream _chunks;
    private double _transaction = 1;
    private uint _window = 2_500_000;
    private long _acknowledged;
    private Task<(byte Type, uint StreamId, uint Time, byte[] Body)>? _reading;

    private RtmpPlayer(TcpClient client, Stopwatch clock, Stream stream)
    {
        _client = client;
        _clock = clock;
        _chunks = new ChunkStream(stream);
    }

    /// <summary>Everything received so far.</summary>
    public List<Message> Heard { get; } = [];

    /// <summary>Since the connection was asked for.</summary>
    public TimeSpan Now => _clock.Elapsed;

    public uint StreamId { get; private set; }

    /// <summary>The media packets received so far, codec headers left out.</summary>
    public Recording Film => new([.. Heard.Select(message => message.Packet).OfType<Packet>()], [], null);

    /// <summary>Handshake, connect and createStream.</summary>
    /// <param name="port">Of the server.</param>
    /// <param name="application">What is connected to.</param>
    /// <param name="receiveBuffer">Of the socket, in bytes; 0 leaves it to the system.</param>
    /// <param name="noDelay">Off, the system holds small writes back until the last one is acknowledged, as it does for ffmpeg.</param>
    /// <param name="offers">What connect says of Enhanced RTMP; null for nothing.</param>
    /// <param name="from">The address to connect from, one of 127.0.0.0/8; null for any.</param>
    public static async Task<RtmpPlayer> ConnectAsync(
        int port, string application = "vod", int receiveBuffer = 0, bool noDelay = true,
        IReadOnlyDictionary<string, object?>? offers = null, string? from = null)
    {
        Stopwatch clock = Stopwatch.StartNew();
        TcpClient client = new() { NoDelay = noDelay };
        if (from is not null)
        {
            client.Client.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(from), 0));
        }

        if (receiveBuffer > 0)
        {
            client.ReceiveBufferSize = receiveBuffer;
        }

        using CancellationTokenSource timeout = new(Patience);
        await client.ConnectAsync("127.0.0.1", port, timeout.Token);
        NetworkStream network = client.GetStream();
        await ShakeHandsAsync(network, timeout.Token);

        // Reads are buffered, writes go straight out.
        RtmpPlayer player = new(client, clock, new ReadAhead(network));
        await player._chunks.WriteAsync(2, Message.SetChunkSize, 0, 0, [0, 0, 0x10, 0], timeout.Token);
        player._chunks.SendChunkSize = 4096;
        await player.CommandAsync("connect", 0, new Dictionary<string, object?>(offers ?? new Dictionary<string, object?>())
        {
            ["app"] = application,
            ["tcUrl"] = $"rtmp://127.0.0.1:{port}/{application}",
            ["fpad"] = false,
            ["capabilities"] = 15,
            ["audioCodecs"] = 4071,
            ["videoCodecs"] = 252,
            ["videoFunction"] = 1,
        });
        await player.ResultAsync(1);
        await player.CommandAsync("createStream", 0, [null]);
        Message created = await player.ResultAsync(2);
        player.StreamId = (uint)(double)created.Values[3]!;
        return player;
    }

    /// <summary>Connects and asks for a title.</summary>
    /// <param name="port">The server's.</param>
    /// <param name="name">The title.</param>
    /// <param name="buffer">What the player says that it buffers; a minute when left out, which is all of a short film.</param>
    /// <param name="offers">What connect says of Enhanced RTMP; null for nothing.</param>
    public static async Task<RtmpPlayer> WatchAsync(int port, string name, TimeSpan? buffer = null,
        IReadOnlyDictionary<string, object?>? offers = null)
    {
        RtmpPlayer player = await ConnectAsync(port, offers: offers);
        await player.SetBufferAsync(buffer ?? TimeSpan.FromSeconds(60));
        await player.PlayAsync(name);
        return player;
    }

    public async Task<double> CommandAsync(string name, uint streamId, params object?[] arguments)
    {
        double transaction = _transaction++;
        await SendAsync(streamId == 0 ? 3 : 8, Message.Command, streamId, Amf0.Write([name, transaction, .. arguments]));
        return transaction;
    }

    public async Task SendAsync(int chunkStream, byte type, uint streamId, byte[] body)
    {
        using CancellationTokenSource timeout = new(Patience);
        await _chunks.WriteAsync(chunkStream, type, streamId, 0, body, timeout.Token);
    }

    /// <summary>Asks to be sent this much film ahead.</summary>
    public async Task SetBufferAsync(TimeSpan length)
    {
        byte[] body = new byte[10];
        body[1] = 3;
        BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(2), StreamId);
        BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(6), (uint)length.TotalMilliseconds);
        await SendAsync(2, Message.UserControl, 0, body);
    }

    /// <summary>play with what follows the name, as far as given: start, duration and reset.</summary>
    public Task PlayAsync(string name, params object?[] more) => CommandAsync("play", StreamId, [null, name, .. more]);

    public Task PauseAsync(bool pause, double milliseconds) => CommandAsync("pause", StreamId, null, pause, milliseconds);

    public Task SeekAsync(double milliseconds) => CommandAsync("seek", StreamId, null, milliseconds);

    /// <summary>The next message, which is also kept in <see cref="Heard"/>; null when the server closed.</summary>
    public async Task<Message?> NextAsync(TimeSpan? patience = null)
    {
        // Who stops waiting leaves the read going: the half of a message that it may have taken is not lost.
        _reading ??= _chunks.ReadAsync(CancellationToken.None);
        (byte Type, uint StreamId, uint Time, byte[] Body) read;
        try
        {
            read = await _reading.WaitAsync(patience ?? Patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"nothing came in {(patience ?? Patience).TotalSeconds} s after: {Last()}");
        }
        catch (Exception exception) when (exception is EndOfStreamException or IOException)
        {
            return null;
        }

        _reading = null;
        Message message = new(read.Type, read.StreamId, read.Time, read.Body, Now);
        Heard.Add(message);
        await ObeyAsync(message);
        return message;
    }

    /// <summary>Reads on until a message is what is looked for.</summary>
    public async Task<Message> UntilAsync(Func<Message, bool> found, TimeSpan? patience = null)
    {
        TimeSpan end = Now + (patience ?? Patience);
        while (true)
        {
            TimeSpan left = end - Now;
            Message? message = left > TimeSpan.Zero ? await NextAsync(left) : throw new TimeoutException($"never came; last: {Last()}");
            Assert.True(message is not null, $"the server closed after: {Last()}");
            if (found(message))
            {
                return message;
            }
        }
    }

    public Task<Message> StatusAsync(string code, TimeSpan? patience = null) => UntilAsync(message => message.StatusCode == code, patience);

    /// <summary>Reads on to the end of the film (Stream EOF) or of the connection.</summary>
    public async Task ToTheEndAsync(TimeSpan? patience = null)
    {
        TimeSpan end = Now + (patience ?? Patience);
        while (await NextAsync(end > Now ? end - Now : TimeSpan.FromMilliseconds(1)) is { } message)
        {
            if (message.Event == 1)
            {
                return;
            }
        }
    }

    /// <summary>Reads whatever comes for a while; shorter if the server closes.</summary>
    public async Task ListenAsync(TimeSpan time)
    {
        TimeSpan end = Now + time;
        try
        {
            while (end > Now && await NextAsync(end - Now) is not null)
            {
            }
        }
        catch (TimeoutException)
        {
            // Silence is an answer too.
        }
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The simple handshake (RTMP 1.0, 5.2), checked for its echo.</summary>
    public static async Task ShakeHandsAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] hello = new byte[1537];
        Random.Shared.NextBytes(hello);
        hello[0] = 3;
        hello.AsSpan(1, 8).Clear();
        await stream.WriteAsync(hello, cancellation);
        byte[] answer = new byte[1 + 1536 + 1536];
        await stream.ReadExactlyAsync(answer, cancellation);
        Assert.Equal(3, answer[0]);
        Assert.True(answer.AsSpan(1 + 1536 + 8).SequenceEqual(hello.AsSpan(9)), "S2 does not echo C1");
        await stream.WriteAsync(answer.AsMemory(1, 1536), cancellation);
    }

    private Task<Message> ResultAsync(double transaction) =>
        UntilAsync(message => message.Name is "_result" && message.Values[1] is double number && number == transaction);

    private async Task ObeyAsync(Message message)
    {
        switch (message.Type)
        {
            case Message.SetChunkSize:
                _chunks.ChunkSize = (int)BinaryPrimitives.ReadUInt32BigEndian(message.Body);
                break;
            case Message.WindowSize:
                _window = BinaryPrimitives.ReadUInt32BigEndian(message.Body);
                break;
        }

        if (message.Event == 6)
        {
            await SendAsync(2, Message.UserControl, 0, [0, 7, .. message.Body[2..6]]);
        }

        if (_chunks.Received - _acknowledged > _window / 2)
        {
            _acknowledged = _chunks.Received;
            byte[] body = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(body, (uint)_acknowledged);
            try
            {
                await SendAsync(2, Message.Acknowledgement, 0, body);
            }
            catch (IOException)
            {
                // The server has closed; what it had sent before is still to be read.
            }
        }
    }

    private string Last() => Heard.Count == 0 ? "nothing" : string.Join(", ", Heard.TakeLast(5));
}
