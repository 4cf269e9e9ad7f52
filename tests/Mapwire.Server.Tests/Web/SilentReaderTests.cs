using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mapwire.Server.Hosting;
using Xunit;

namespace Mapwire.Server.Tests.Web;

/// <summary>Clients that ask for much by HTTP/2 and read nothing, of which the server holds no more than it was told.</summary>
public sealed class SilentReaderTests : IDisposable
{
    private const int Headers = 1;
    private const int Reset = 3;
    private const int Settings = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLog _log = new();
    private readonly MediaServer _server;

    public SilentReaderTests()
    {
        _folder.Add("a.mp4");
        _server = new MediaServer(
            new MediaServerOptions
            {
                Folder = _folder.Path,
                EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                HttpEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                MaxConnectionBytes = 131_072,
                MaxHeldBytes = 262_144, // half of it for an address
                Workers = 1,
            },
            _log);
        _server.Start();
    }

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Streams_beyond_what_may_be_held_are_refused_of_a_connection_and_of_all_of_an_address()
    {
        using Socket one = Connect();
        one.Send(Requests(count: 100));
        List<Frame> frames = Read(one, 100);
        Assert.Equal(3u, frames.Where(static frame => frame.Type == Settings && frame.Payload.Length > 0).Select(MaxStreams).First());
        Assert.Equal(3, frames.Count(static frame => frame.Type == Headers));
        Assert.All(frames.Where(static frame => frame.Type == Reset), static frame =>
            Assert.Equal(7, BinaryPrimitives.ReadInt32BigEndian(frame.Payload))); // REFUSED_STREAM
        using Socket two = Connect();
        two.Send(Requests(count: 2));
        Assert.Equal([Headers, Reset], Read(two, 2).Where(IsAnswer).Select(static frame => frame.Type).Order());
        Assert.Contains(
            _log.Lines, static line => line.Contains("refused it: the connections of its address hold", StringComparison.Ordinal));

        // what others hold counts for who is told by HTTP/1, too
        RawAnswer answer = RawAnswer.Ask(
            _server.HttpEndPoints[0].Port, [Encoding.ASCII.GetBytes("GET /vod/a.mp4 HTTP/1.0\r\n\r\n")], isHead: false)[0];
        Assert.Equal(503, answer.Status);
        Assert.Contains("\"error\":\"the connections of its address hold", Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);

        // and has room again when they are gone
        one.Dispose();
        two.Dispose();
        for (int i = 0; i < 200 && answer.Status == 503; i++)
        {
            answer = RawAnswer.Ask(
                _server.HttpEndPoints[0].Port, [Encoding.ASCII.GetBytes("GET /vod/a.mp4 HTTP/1.0\r\n\r\n")], isHead: false)[0];
        }

        Assert.Equal(200, answer.Status);
        Assert.Equal(new FileInfo(Path.Combine(_folder.Path, "a.mp4")).Length, answer.Body.Length);
    }

    private static bool IsAnswer(Frame frame) => frame.Type is Headers or Reset;

    private static uint MaxStreams(Frame settings)
    {
        for (int i = 0; i < settings.Payload.Length; i += 6)
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(settings.Payload.AsSpan(i)) == 3) // SETTINGS_MAX_CONCURRENT_STREAMS
            {
                return BinaryPrimitives.ReadUInt32BigEndian(settings.Payload.AsSpan(i + 2));
            }
        }

        return uint.MaxValue;
    }

    /// <summary>The preface, SETTINGS with a window of 0, and requests (RFC 9113, sections 3.4, 6.2 and 6.5).</summary>
    private static byte[] Requests(int count)
    {
        MemoryStream all = new();
        all.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        Add(all, Settings, 0, 0, [0, 4, 0, 0, 0, 0]); // SETTINGS_INITIAL_WINDOW_SIZE
        byte[] fields = [0x82, 0x86, 0x01, 1, (byte)'h', 0x04, 10, .. "/vod/a.mp4"u8]; // GET, http, :authority, :path (RFC 7541)
        for (int i = 0; i < count; i++)
        {
            Add(all, Headers, 5, 1 + (2 * i), fields); // END_STREAM | END_HEADERS
        }

        return all.ToArray();
    }

    private static void Add(MemoryStream all, byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        // Length(24) | Type(8) | Flags(8) | Reserved(1) | Stream Identifier(31) (RFC 9113, section 4.1)
        Span<byte> head = [0, 0, (byte)payload.Length, type, flags, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(head[5..], stream);
        all.Write(head);
        all.Write(payload);
    }

    private static List<Frame> Read(Socket socket, int answers)
    {
        List<Frame> frames = [];
        using NetworkStream stream = new(socket);
        byte[] head = new byte[9];
        while (frames.Count(IsAnswer) < answers)
        {
            stream.ReadExactly(head);
            byte[] payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            stream.ReadExactly(payload);
            frames.Add(new Frame(head[3], payload));
        }

        return frames;
    }

    private Socket Connect()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
        socket.Connect(_server.HttpEndPoints[0]);
        return socket;
    }

    private sealed record Frame(int Type, byte[] Payload);
}
