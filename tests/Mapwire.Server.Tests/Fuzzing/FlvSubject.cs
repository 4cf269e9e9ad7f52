using System.Buffers.Binary;
using System.Text;
using Mapwire.Fuzzing;
using Mapwire.Http.WebSockets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Http;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Mapwire.Server.Tests.Http;
using Mapwire.Server.Tests.Sending;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>
/// What a viewer of FLV sends behind its request: frames of a WebSocket (<c>frames</c>), with the handshake's head in one packet
/// (<c>early</c>), or anything behind a plain request (<c>plain</c>). The first byte of a case says how the socket takes what is sent and
/// how often the rest comes.
/// </summary>
internal sealed class FlvSubject : IFuzzSubject, IDisposable
{
    private const string Handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    /// <summary>No more of what comes is heard in one go, as by a worker's buffer.</summary>
    private const int LongestPiece = 4000;

    private static readonly string[] Kinds = ["frames", "frames", "frames", "early", "plain"];
    private static readonly int[] Repeats = [1, 1, 1, 2, 8, 64];

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLog _log = new();
    private readonly TitleCatalog _catalog;
    private readonly ConnectionLoop _loop;
    private readonly Func<Connection, IConversation> _converse;
    private readonly byte[] _stream; // what a viewer gets who says nothing

    public FlvSubject()
    {
        _folder.Add("a.mp4");
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
        HttpContext context = HttpContexts.Create(_folder, _catalog, _log);
        ConnectionLimits limits = new(SendTimeout: 60_000, MinPlayerRate: 0, MaxPlayerRate: null, MaxLoopRate: null, MaxUnsentTime: 0);
        _converse = connection => new HttpConversation(context, connection, null);
        _loop = new ConnectionLoop("fuzz", limits, _log, new ScriptedPoller())
        {
            Now = Environment.TickCount64,
        };
        _stream = BodyOf(Watch(new FuzzCase("plain", [0]), pieces: false).Wire);
    }

    public string Name => "flv";

    public void Dispose()
    {
        _loop.Stop(TimeSpan.FromSeconds(10));
        _catalog.Dispose();
        _folder.Dispose();
    }

    public IEnumerable<FuzzCase> Seeds()
    {
        Random random = new(1);
        for (int i = 0; i < 30; i++)
        {
            yield return Make(random);
        }
    }

    public FuzzCase Load(string name, byte[] bytes) => new(name[..name.IndexOf('-', StringComparison.Ordinal)], bytes);

    public FuzzCase Vary(FuzzCase sound, FuzzCase other, Random random)
    {
        if (random.Next(3) == 0)
        {
            return Make(random);
        }

        List<byte> bytes = [.. sound.Bytes];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(bytes.Count + 1);
            int count = Math.Min(random.Next(1, 12), bytes.Count - at);
            switch (random.Next(5))
            {
                case int kind and < ByteDamage.Kinds when count > 0:
                    ByteDamage.Apply(bytes, kind, at, count, random);
                    break;
                case 3:
                    bytes.InsertRange(at, other.Bytes[..Math.Min(other.Bytes.Length, random.Next(200))]);
                    break;
                default:
                    bytes.Insert(at, ((byte[])[0x88, 0x89, 0x8A, 0x80, 0xFE, 0xFF, 0, 126])[random.Next(8)]);
                    break;
            }
        }

        return sound with { Bytes = [.. bytes] };
    }

    /// <summary>The stream that is sent and compared, and what comes in.</summary>
    public long MostAllocated(FuzzCase given) => 20_000_000 + (2_000L * given.Bytes.Length);

    public bool Run(FuzzCase given, FeatureSet features)
    {
        Seen whole = Watch(given, pieces: false);
        Seen cut = Watch(given, pieces: true);
        Heard heard = Listen(given);
        foreach (Seen seen in (Seen[])[whole, cut])
        {
            Require(!seen.Log.Contains("fault", StringComparison.Ordinal), $"a fault of the server: {seen.Log}");
            if (given.Kind == "plain")
            {
                Require(_stream.AsSpan().StartsWith(BodyOf(seen.Wire)), "bytes behind a plain request change the stream");
                Require(!seen.IsClosed, "bytes behind a plain request end it");
            }
            else
            {
                Check(given, seen, heard);
            }
        }

        Require(whole.IsClosed == cut.IsClosed, "it ends where it is cut otherwise, too");
        features.Add(given.Kind, FeatureSet.Size(heard.Pings.Count), heard.IsWrong ? 1 : 0, heard.IsClosed ? 1 : 0);
        features.Add("wire", FeatureSet.Size(whole.Wire.Length), FeatureSet.Size(given.Bytes.Length), whole.IsClosed ? 1 : 0);
        features.AddMessage(whole.Log);
        return !heard.IsWrong;
    }

    private static FuzzCase Make(Random random)
    {
        List<byte> bytes = [(byte)random.Next(256)];
        for (int i = random.Next(1, 12); i > 0; i--)
        {
            int usual = random.Next(8) switch { 0 => 1, 1 => 2, 2 => 10, 3 when i == 1 => 8, _ => 9 };
            int opcode = random.Next(40) == 0 ? random.Next(16) : usual;
            bool isLong = opcode < 8 || random.Next(40) == 0; // of control frames, more than 125 bytes are a fault
            int length = random.Next(6) switch { 0 => isLong ? 126 : 125, 1 => isLong ? random.Next(400) : 0, _ => random.Next(20) };
            byte[] payload = new byte[length];
            random.NextBytes(payload);
            if (opcode is 1 or 8)
            {
                Array.Fill(payload, (byte)'x');
            }

            if (opcode == 8 && payload.Length > 1)
            {
                BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)random.Next(990, 1020));
            }

            bytes.Add((byte)(opcode | (random.Next(30) > 0 ? 0x80 : 0) | (random.Next(60) == 0 ? 0x40 : 0)));
            int said = random.Next(60) == 0 ? random.Next(70_000) : payload.Length;
            byte masked = (byte)(random.Next(60) > 0 ? 0x80 : 0);
            bytes.AddRange(said < 126 ? [(byte)(masked | said)] : [(byte)(masked | 126), (byte)(said >> 8), (byte)said]);
            byte[] mask = new byte[4];
            random.NextBytes(mask);
            bytes.AddRange(masked == 0 ? [] : mask);
            bytes.AddRange(payload.Select((value, index) => (byte)(value ^ (masked == 0 ? 0 : mask[index % 4]))));
        }

        return new FuzzCase(Kinds[random.Next(Kinds.Length)], [.. bytes]);
    }

    private static byte[] Sent(FuzzCase given)
    {
        int repeat = given.Bytes.Length == 0 ? 1 : Repeats[(given.Bytes[0] >> 2) % Repeats.Length];
        IEnumerable<byte> sent = Enumerable.Repeat(given.Bytes.Skip(1), repeat).SelectMany(static bytes => bytes);
        return [.. given.Kind == "early" ? sent.Take(LongestPiece) : sent]; // all of it before the title is open
    }

    /// <summary>What a reader of the frames makes of them that knows nothing of the conversation.</summary>
    private static Heard Listen(FuzzCase given)
    {
        WebSocketReader reader = new();
        List<byte[]> pings = [];
        ReadOnlySpan<byte> rest = Sent(given);
        try
        {
            while (reader.TryRead(ref rest, out WebSocketMessage message))
            {
                if (message.Opcode == WebSocketOpcode.Ping)
                {
                    pings.Add(message.Payload.ToArray());
                }
            }
        }
        catch (WebSocketProtocolException)
        {
            return new Heard(pings, IsWrong: true, reader.IsClosed);
        }

        return new Heard(pings, IsWrong: false, reader.IsClosed);
    }

    private void Check(FuzzCase given, Seen seen, Heard heard)
    {
        // No frame comes before the handshake is answered: what is wrong is told by a close frame behind it, or by the end alone.
        bool isEarly = given.Kind == "early";
        Require(seen.IsClosed == (isEarly && heard.IsWrong), $"closed: {seen.IsClosed}, {heard}");
        if (seen.Wire.Length == 0)
        {
            Require(seen.IsClosed, "nothing was said");
            return;
        }

        Require(seen.Wire.AsSpan().StartsWith("HTTP/1.1 101 "u8), "it does not begin with the answer to the handshake");
        MemoryStream media = new();
        List<byte[]> pongs = [];
        bool isOver = false;
        byte[] wire = BodyOf(seen.Wire);
        for (int at = 0; at < wire.Length;)
        {
            Require(!isOver, "frames come behind the close frame");
            int form = wire.Length - at < 2 ? 0 : wire[at + 1];
            int header = form switch { < 126 => 2, 126 => 4, _ => 10 };
            if (wire.Length - at < header)
            {
                break; // the connection ended inside
            }

            long length = form switch
            {
                < 126 => form,
                126 => BinaryPrimitives.ReadUInt16BigEndian(wire.AsSpan(at + 2)),
                _ => BinaryPrimitives.ReadInt64BigEndian(wire.AsSpan(at + 2)),
            };
            Require(length is >= 0 and < 1 << 24, "a frame has a length that none has");
            byte[] payload = wire[(at + header)..(int)Math.Min(wire.Length, at + header + length)];
            at += header + (int)length;
            switch (wire[at - header - (int)length])
            {
                case 0x82:
                    media.Write(payload);
                    break;
                case 0x8A:
                    pongs.Add(payload);
                    break;
                case 0x88:
                    isOver = true;
                    break;
                default:
                    throw new BrokenPromiseException("a frame of another kind is sent");
            }
        }

        Require(_stream.AsSpan().StartsWith(media.ToArray()), "the stream is another one");
        // Of pings that come faster than they are answered the last is (RFC 6455, section 5.5.3), so some may be passed over.
        int ping = 0;
        foreach (byte[] pong in pongs)
        {
            while (ping < heard.Pings.Count && !heard.Pings[ping].AsSpan().StartsWith(pong))
            {
                ping++;
            }

            Require(ping++ < heard.Pings.Count, "a pong is not what was pinged");
        }

        Require(!isEarly || pongs.Count == 0, "a ping is answered before the handshake");
        bool isLastAnswered = pongs.Count > 0 && pongs[^1].AsSpan().SequenceEqual(heard.Pings[^1]);
        Require(seen.IsClosed || isEarly || heard.Pings.Count == 0 || isLastAnswered,
            $"the last of {heard.Pings.Count} pings is not answered");
        Require(seen.IsClosed || isOver == (heard.IsClosed || heard.IsWrong), "a close frame is missing, or nobody asked for it");
    }

    private Seen Watch(FuzzCase given, bool pieces)
    {
        bool isEarly = given.Kind == "early";
        ScriptedSender sender = new();
        Connection connection = new(_loop, sender, null, _converse);
        _log.Lines.Clear();
        byte[] sent = Sent(given);
        byte[] head = Encoding.ASCII.GetBytes(
            $"GET /vod/a.mp4/stream.flv HTTP/1.1\r\nHost: h\r\n{(given.Kind == "plain" ? "" : Handshake)}\r\n");
        int first = isEarly ? sent.Length : 0;
        sender.Incoming.Enqueue([.. head, .. sent[..first]]);
        connection.IsReadable = true;
        Require(
            SpinWait.SpinUntil(
                () =>
                {
                    connection.RunTurn();
                    return sender.Wire.Length > 0 || connection.IsClosed;
                },
                TimeSpan.FromSeconds(30)),
            "no answer");
        int mode = given.Bytes.Length == 0 ? 0 : given.Bytes[0] & 3;
        sender.Takes = mode switch { 1 => static _ => 0, 2 => static offered => Math.Min(offered, 700), _ => static offered => offered };
        int longest = pieces ? 1 + (sent.Length % 61) : LongestPiece;
        for (int at = first; at < sent.Length && !connection.IsClosed; at += longest)
        {
            sender.Incoming.Enqueue(sent[at..Math.Min(sent.Length, at + longest)]);
            connection.IsReadable = true;
            connection.IsWritable = true;
            connection.RunTurn();
        }

        sender.Takes = static offered => offered;
        for (int i = 0; i < 20 && !connection.IsClosed; i++)
        {
            connection.IsWritable = true;
            connection.RunTurn();
        }

        bool isClosed = connection.IsClosed;
        connection.Close(CloseReason.PlayerLeft);
        return new Seen(sender.Wire.ToArray(), isClosed, string.Join('\n', _log.Lines));
    }

    private static byte[] BodyOf(byte[] wire) => wire[(wire.AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];

    private static void Require(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new BrokenPromiseException(otherwise);
        }
    }

    private readonly record struct Seen(byte[] Wire, bool IsClosed, string Log);

    private readonly record struct Heard(List<byte[]> Pings, bool IsWrong, bool IsClosed)
    {
        public override string ToString() => $"{Pings.Count} pings, wrong: {IsWrong}, closed: {IsClosed}";
    }
}
