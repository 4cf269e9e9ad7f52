using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;

namespace Mapwire.Conformance.Hostile;

/// <summary>
/// Bytes from clients that mean harm, over real sockets. That connection alone is closed, soon; memory stays where it was; a
/// player beside it never notices.
/// </summary>
public sealed class HostileTests(HostileTests.TwoServers fixture) : IClassFixture<HostileTests.TwoServers>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    /// <summary>Where the server is to wait for a timeout, it is one of 1 s; this machine may be busy.</summary>
    private static readonly TimeSpan AfterTimeout = TimeSpan.FromSeconds(15);

    /// <summary>What a connection may cost: less than a sixteenth of what it declares, and more than noise.</summary>
    private const long Memory = 64 << 20;

    private int Port => fixture.Server.Port;

    [Fact]
    public async Task Set_chunk_size_to_0() => await BreaksAsync(Control(1, [0, 0, 0, 0]));

    [Fact]
    public async Task Set_chunk_size_with_the_top_bit() => await BreaksAsync(Control(1, [0x80, 0, 0, 1]));

    [Fact]
    public async Task Set_chunk_size_without_a_body() => await BreaksAsync(Control(1, []));

    [Fact]
    public async Task A_chunk_of_type_3_without_context() => await BreaksAsync([0xC3, 1, 2, 3, 4]);

    [Fact]
    public async Task A_chunk_of_type_2_without_context() => await BreaksAsync([0x85, 0, 0, 1, 1, 2, 3]);

    [Fact]
    public async Task Amf_nested_without_end()
    {
        // An object in an object in an object ...: 6 bytes a level.
        MemoryStream body = new();
        body.Write(Amf0.Write("connect", 1.0));
        for (int i = 0; i < 20_000; i++)
        {
            body.Write([3, 0, 1, (byte)'a']);
        }

        await BreaksAsync(Chunked(20, body.ToArray()));
    }

    [Fact]
    public async Task Amf_arrays_nested_without_end()
    {
        MemoryStream body = new();
        body.Write(Amf0.Write("connect", 1.0));
        for (int i = 0; i < 20_000; i++)
        {
            body.Write([10, 0, 0, 0, 1]);
        }

        await BreaksAsync(Chunked(20, body.ToArray()));
    }

    [Fact]
    public async Task An_array_of_four_billion() =>
        await BreaksAsync(Chunked(20, [.. Amf0.Write("connect", 1.0), 10, 0xFF, 0xFF, 0xFF, 0xFF]));

    [Fact]
    public async Task A_string_longer_than_its_message() => await BreaksAsync(Chunked(20, [2, 0xFF, 0xFF, (byte)'c']));

    [Fact]
    public async Task A_command_before_connect_gets_no_stream() =>
        await BreaksAsync(Chunked(20, Amf0.Write("play", 0.0, null, "film.mp4")));

    [Fact]
    public async Task Garbage_instead_of_a_handshake()
    {
        byte[] garbage = new byte[100_000];
        new Random(3).NextBytes(garbage);
        garbage[0] = 0x47;
        await BreaksAsync(garbage, shakeHands: false);
    }

    [Theory]
    [InlineData(0xC5)] // of type 3, where nothing went before
    [InlineData(0x83)] // of type 2
    public async Task Garbage_after_the_handshake(byte first)
    {
        for (int seed = 0; seed < 10; seed++)
        {
            byte[] garbage = new byte[20_000];
            new Random(seed).NextBytes(garbage);
            garbage[0] = first;
            await BreaksAsync(garbage);
        }
    }

    [Fact]
    public async Task Random_bytes_after_the_handshake_end_with_a_reason()
    {
        // What they say is for chance to decide: broken, or a message that never ends.
        for (int seed = 0; seed < 10; seed++)
        {
            byte[] garbage = new byte[20_000];
            new Random(seed).NextBytes(garbage);
            await EndsAsync(fixture.Short, AfterTimeout, garbage, shakeHands: true, "ProtocolError", "HandshakeTimeout");
        }
    }

    [Fact]
    public async Task Half_a_handshake() => await TimesOutAsync([3, .. new byte[700]], shakeHands: false);

    [Fact]
    public async Task Nothing_at_all() => await TimesOutAsync([], shakeHands: false);

    [Fact]
    public async Task Nothing_after_the_handshake() => await TimesOutAsync([]);

    [Fact]
    public async Task One_byte_a_while()
    {
        // A handshake in dribbles: it never ends, so the connection must.
        using TcpClient client = new("127.0.0.1", fixture.Short.Port) { NoDelay = true };
        NetworkStream stream = client.GetStream();
        System.Diagnostics.Stopwatch clock = System.Diagnostics.Stopwatch.StartNew();
        Task<int> closed = ReadToTheEndAsync(stream);
        byte[] hello = [3, .. new byte[1536]];
        for (int at = 0; at < hello.Length && !closed.IsCompleted && clock.Elapsed < AfterTimeout; at++)
        {
            try
            {
                await stream.WriteAsync(hello.AsMemory(at, 1));
            }
            catch (IOException)
            {
                break;
            }

            await Task.Delay(100);
        }

        Assert.True(clock.Elapsed < AfterTimeout, $"held for {clock.Elapsed}");
        await fixture.Short.Process.HearsAsync(Closing(client, "HandshakeTimeout"), AfterTimeout);
    }

    [Fact]
    public async Task Many_commands_in_one_go_are_answered_or_refused_in_bounded_memory()
    {
        // 100,000 createStreams and getStreamLengths from one who never reads the answers.
        long before = fixture.Server.Process.WorkingSet;
        using TcpClient client = new("127.0.0.1", Port) { ReceiveBufferSize = 4096 };
        NetworkStream stream = client.GetStream();
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(10));
        await RtmpPlayer.ShakeHandsAsync(stream, timeout.Token);
        byte[] connect = Chunked(20, Amf0.Write("connect", 1.0, new Dictionary<string, object?> { ["app"] = "vod" }));
        await stream.WriteAsync(connect, timeout.Token);
        byte[] flood =
            [.. Enumerable.Range(0, 1000)
                .SelectMany(i => Chunked(20, Amf0.Write(i % 2 == 0 ? "createStream" : "getStreamLength", i + 2.0, null, "film.mp4")))];
        try
        {
            for (int i = 0; i < 100; i++)
            {
                await stream.WriteAsync(flood, timeout.Token);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // Closed, or no longer read: both are bounded.
        }

        long grown = fixture.Server.Process.WorkingSet - before;
        Assert.True(grown < Memory, $"grew by {grown} bytes");
        await PlaysAsync();
    }

    [Fact]
    public async Task A_hundred_at_once_and_a_player_beside_them()
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync("moov-first.mp4")));
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(Port);
        await player.SetBufferAsync(TimeSpan.FromMilliseconds(300));
        await player.PlayAsync("film.mp4");
        Task toTheEnd = player.ToTheEndAsync();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async seed =>
        {
            byte[] garbage = new byte[5000];
            new Random(seed).NextBytes(garbage);
            garbage[0] = 0xC5;
            await EndsAsync(fixture.Server, 2 * Soon, garbage, shakeHands: seed % 2 == 0, "ProtocolError");
        }));
        await toTheEnd;
        Expectation.Same(expected, player.Film, "beside hostile clients");
    }

    /// <summary>
    /// Sends the bytes and insists that they are what ends the connection: no timeout of this server is shorter than the test's patience.
    /// A good player still plays.
    /// </summary>
    private async Task BreaksAsync(byte[] bytes, bool shakeHands = true)
    {
        await EndsAsync(fixture.Server, Soon, bytes, shakeHands, "ProtocolError");
        await PlaysAsync();
    }

    /// <summary>Sends the bytes and insists that the server waits no longer than its timeout for more.</summary>
    private Task TimesOutAsync(byte[] bytes, bool shakeHands = true) =>
        EndsAsync(fixture.Short, AfterTimeout, bytes, shakeHands, "HandshakeTimeout");

    /// <summary>Sends the bytes and insists that the server closes in time and for one of the reasons.</summary>
    private static async Task EndsAsync(MapwireServer server, TimeSpan patience, byte[] bytes, bool shakeHands, params string[] reasons)
    {
        using TcpClient client = new() { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", server.Port);
        Regex closing = Closing(client, reasons);
        NetworkStream stream = client.GetStream();
        using CancellationTokenSource timeout = new(RtmpPlayer.Patience);
        if (shakeHands)
        {
            await RtmpPlayer.ShakeHandsAsync(stream, timeout.Token);
        }

        Task<int> closed = ReadToTheEndAsync(stream);
        try
        {
            await stream.WriteAsync(bytes, timeout.Token);
        }
        catch (IOException)
        {
            // Closed before everything was sent: good.
        }

        await closed.WaitAsync(patience);
        await server.Process.HearsAsync(closing, patience);
    }

    /// <summary>The log's line about the end of a client's connection, for one of the reasons.</summary>
    private static Regex Closing(TcpClient client, params string[] reasons) =>
        new($@"127\.0\.0\.1:{((IPEndPoint)client.Client.LocalEndPoint!).Port} close: ({string.Join('|', reasons)}),");

    private async Task PlaysAsync()
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(Port);
        await player.PlayAsync("film.mp4");
        await player.UntilAsync(message => message.Packet is not null);
    }

    private static async Task<int> ReadToTheEndAsync(NetworkStream stream)
    {
        byte[] buffer = new byte[65536];
        int total = 0;
        try
        {
            while (await stream.ReadAsync(buffer) is int count and > 0)
            {
                total += count;
            }
        }
        catch (IOException)
        {
            // Reset: closed as well.
        }

        return total;
    }

    private static byte[] Control(byte type, byte[] body) => [2, 0, 0, 0, 0, 0, (byte)body.Length, type, 0, 0, 0, 0, .. body];

    /// <summary>A message on chunk stream 3, in chunks of 128 bytes.</summary>
    private static byte[] Chunked(byte type, byte[] body)
    {
        MemoryStream bytes = new();
        bytes.Write([3, 0, 0, 0, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, type, 0, 0, 0, 0]);
        for (int at = 0; at < body.Length; at += 128)
        {
            if (at > 0)
            {
                bytes.WriteByte(0xC3);
            }

            bytes.Write(body.AsSpan(at, Math.Min(128, body.Length - at)));
        }

        return bytes.ToArray();
    }

    /// <summary>A server whose timeouts are longer than any test's patience, and one that waits for no more than a second.</summary>
    public sealed class TwoServers : IAsyncLifetime
    {
        internal MapwireServer Server { get; private set; } = null!;

        internal MapwireServer Short { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            string folder = Tools.TemporaryFolder.Create("hostile");
            File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(folder, "film.mp4"));
            Server = await MapwireServer.StartAsync(folder, "--handshake-timeout", "600", "--idle-timeout", "600", "--send-timeout", "600");
            Short = await MapwireServer.StartAsync(folder, "--handshake-timeout", "1", "--idle-timeout", "1", "--send-timeout", "1");
        }

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            await Short.DisposeAsync();
        }
    }
}
