using System.Globalization;
using System.Text;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Http;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Sources;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Mapwire.Server.Tests.Sending;
using Mapwire.Server.Tests.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>FLV by HTTP and WebSocket on a socket that a test scripts, by a clock that the test sets.</summary>
public sealed class FlvConversationTests : IDisposable
{
    private const string Handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    private readonly TemporaryFolder _folder = new();
    private readonly ScriptedPoller _poller = new();
    private readonly RecordingLog _log = new();
    private readonly TitleCatalog _catalog;
    private readonly ConnectionLoop _loop;
    private readonly string _path;
    private ScriptedSender _sender = new();
    private readonly Func<Connection, IConversation> _converse;
    private Connection _connection;

    public FlvConversationTests()
    {
        _path = _folder.Add("a.mp4");
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
        HttpContext context = HttpContexts.Create(_folder, _catalog, _log);
        ConnectionLimits limits = new(SendTimeout: 60_000, MinPlayerRate: 0, MaxPlayerRate: null, MaxLoopRate: null, MaxUnsentTime: 0);
        _loop = new ConnectionLoop("test", limits, _log, _poller)
        {
            Now = Environment.TickCount64,
        };
        _converse = connection => new HttpConversation(context, connection, null);
        _connection = new Connection(_loop, _sender, null, _converse);
    }

    public void Dispose()
    {
        _loop.Stop(TimeSpan.FromSeconds(10));
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_stream_has_the_length_it_announces_and_the_connection_ends_with_it()
    {
        (string head, byte[] body) = Watch("a.mp4/stream.flv?buffer=9");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        foreach (string field in (string[])["Content-Type: video/x-flv", "Accept-Ranges: bytes", "Access-Control-Allow-Origin: *",
            "Connection: close", "ETag: \""])
        {
            Assert.Contains($"\r\n{field}", head, StringComparison.Ordinal);
        }

        Assert.Equal(body.Length.ToString(CultureInfo.InvariantCulture), Field(head, "Content-Length"));
        Assert.Equal("FLV"u8.ToArray(), body[..3]);
        Assert.True(_sender.HasEndedSending);
        _loop.Now += 2100;
        _connection.RunTurn();
        Assert.True(_connection.IsClosed);
    }

    [Theory]
    [InlineData("bytes=100000-", 100_000, null)]
    [InlineData("bytes=100000-100999", 100_000, 1000)]
    [InlineData("bytes=5-5", 5, 1)]
    [InlineData("bytes=-77", -77, null)]
    public void A_range_is_that_part_of_the_stream(string range, int from, int? length)
    {
        byte[] whole = Watch("a.mp4/stream.flv").Body;
        (string head, byte[] body) = Watch("a.mp4/stream.flv", $"Range: {range}\r\n");
        byte[] expected = from < 0 ? whole[^-from..] : length is { } some ? whole[from..(from + some)] : whole[from..];
        Assert.StartsWith("HTTP/1.1 206 ", head, StringComparison.Ordinal);
        Assert.Equal(expected.Length.ToString(CultureInfo.InvariantCulture), Field(head, "Content-Length"));
        Assert.True(expected.AsSpan().SequenceEqual(body));
        Assert.True(_sender.HasEndedSending);
    }

    [Fact]
    public void A_range_of_another_version_is_answered_with_the_whole()
    {
        (string head, byte[] body) = Watch("a.mp4/stream.flv");
        string tag = Field(head, "ETag");
        string part = Watch("a.mp4/stream.flv", $"Range: bytes=9-\r\nIf-Range: {tag}\r\n").Head;
        Assert.StartsWith("HTTP/1.1 206 ", part, StringComparison.Ordinal);
        (head, byte[] other) = Watch("a.mp4/stream.flv?audio=none", $"Range: bytes=9-\r\nIf-Range: {tag}\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);
        Assert.NotEqual(body.Length, other.Length);
    }

    [Fact]
    public void Ranges_that_cannot_be_had_are_416_and_several_are_the_whole()
    {
        Assert.StartsWith("HTTP/1.1 416 ", Watch("a.mp4/stream.flv", "Range: bytes=999999999-\r\n").Head, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", Watch("a.mp4/stream.flv", "Range: bytes=0-1,5-6\r\n").Head, StringComparison.Ordinal);
    }

    [Fact]
    public void A_head_request_has_no_body()
    {
        (string head, byte[] body) = Watch("a.mp4/stream.flv", method: "HEAD");
        Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);
        Assert.True(int.Parse(Field(head, "Content-Length"), CultureInfo.InvariantCulture) > 100_000);
        Assert.Empty(body);
    }

    [Theory]
    [InlineData("nowhere.mp4/stream.flv", 404)]
    [InlineData("a.mp4/stream.flv?audio=7", 422)]
    [InlineData("a.mp4/stream.flv?buffer=much", 422)]
    [InlineData("a.mp4/stream.flv?enhanced=yes", 422)]
    [InlineData("a.mp4/stream.flv?start=99", 422)]
    public void What_cannot_be_played_is_refused_with_a_reason(string target, int status)
    {
        (string head, byte[] body) = Watch(target);
        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        Assert.Contains("\"error\":", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
    }

    [Fact]
    public void A_word_that_is_inside_of_another_ones_name_is_none()
    {
        (string head, byte[] body) = Watch("a.mp4/stream.flv?x%26loop=1&y%26end=2&%73tart=1");
        Assert.Equal(body.Length.ToString(CultureInfo.InvariantCulture), Field(head, "Content-Length")); // which a loop has not
        Assert.Equal(Watch("a.mp4/stream.flv?start=1").Body, body);
    }

    [Fact]
    public void A_close_amid_a_message_whose_rest_never_comes_ends_the_connection_by_the_clock()
    {
        ToldReader disk = new();
        using PresenceThreads threads = new(() => disk);
        using TitleCatalog catalog = new(
            new FileCatalog(new ServedFolder(_folder.Path), new FileBudget(), presence: threads), NullLogger.Instance);
        HttpContext context = HttpContexts.Create(_folder, catalog, _log);
        _sender = new ScriptedSender();
        _sender.Takes = offered => Math.Min(offered, 50_000 - _sender.Wire.Length); // inside a frame
        _connection = new Connection(_loop, _sender, null, connection => new HttpConversation(context, connection, null));
        _sender.Incoming.Enqueue(Encoding.ASCII.GetBytes($"GET /vod/a.mp4/stream.flv HTTP/1.1\r\nHost: h\r\n{Handshake}\r\n"));
        _connection.IsReadable = true;
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                disk.BringAll();
                _connection.IsWritable = true;
                _connection.RunTurn();
                return _sender.Wire.Length == 50_000;
            },
            TimeSpan.FromSeconds(30)));
        _loop.Now += 20_000; // nothing is taken to be in memory any more (Presence.QuietLease)
        Hear(0x88, [3, 232]);
        _sender.Takes = static offered => offered;
        Turn();
        Assert.False(_connection.IsClosed);
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                if (!_connection.IsClosed)
                {
                    Assert.InRange(_connection.Deadline, 0, _loop.Now + 31_000);
                    _loop.Now = Math.Max(_loop.Now, _connection.Deadline);
                    _connection.RunTurn();
                }

                return _connection.IsClosed;
            },
            TimeSpan.FromSeconds(30)));
        Assert.True(_sender.IsBroken);
    }

    [Fact]
    public void A_loop_has_no_length_and_goes_on()
    {
        Begin("a.mp4/stream.flv?end=2&loop=1", "", "GET");
        for (int second = 0; second < 30; second++)
        {
            Turn();
            _loop.Now += 1000;
        }

        Assert.DoesNotContain("\r\nContent-Length: ", HeadOf(_sender.Wire.ToArray()), StringComparison.Ordinal);
        Assert.False(_sender.HasEndedSending);
        Assert.True(_sender.Wire.Length > 500_000);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData(Handshake, false)] // frames are a talk of two
    public void A_viewer_that_ends_its_half_is_sent_its_stream_to_the_end(string fields, bool goesOn)
    {
        byte[] whole = Watch("a.mp4/stream.flv").Body;
        Begin("a.mp4/stream.flv", fields, "GET");
        _sender.WhenEmpty = System.Net.Sockets.SocketError.Success;
        _connection.IsReadable = true;
        _connection.HasEnded = true;
        _connection.RunTurn();
        Assert.Equal(goesOn, !_connection.IsClosed);
        for (int second = 0; second < 60 && !_connection.IsClosed; second++)
        {
            Turn();
            _loop.Now += 1000;
        }

        Assert.True(_connection.IsClosed);
        Assert.Equal(goesOn, whole.AsSpan().SequenceEqual(BodyOf(_sender.Wire.ToArray())));
    }

    [Fact]
    public void Web_socket_viewers_are_sent_frames_and_the_end()
    {
        (string head, byte[] body) = Watch("a.mp4/stream.flv", Handshake);
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Field(head, "Sec-WebSocket-Accept")); // RFC 6455, section 1.3
        List<(int Opcode, byte[] Payload)> frames = FramesOf(body);
        Assert.Equal("FLV"u8.ToArray(), frames[0].Payload[..3]);
        Assert.All(frames.SkipLast(1), static frame => Assert.Equal(2, frame.Opcode));
        Assert.Equal((8, 1000), (frames[^1].Opcode, (frames[^1].Payload[0] << 8) | frames[^1].Payload[1]));
        Assert.Equal(Watch("a.mp4/stream.flv").Body, frames.SkipLast(1).SelectMany(static frame => frame.Payload));
    }

    [Fact]
    public void A_ping_is_answered_between_frames_and_a_close_ends_the_stream()
    {
        Begin("a.mp4/stream.flv", Handshake, "GET");
        _sender.Takes = offered => Math.Min(offered, _sender.Wire.Length < 50_000 ? 50_000 - _sender.Wire.Length : 0); // inside a frame
        Turn();
        Hear(0x89, "ping"u8);
        Hear(0x81, "what viewers say is passed over"u8);
        Hear(0x88, [3, 232]);
        _sender.Takes = static offered => offered;
        Turn();
        _loop.Now += 1500;
        Turn();
        List<(int Opcode, byte[] Payload)> frames = FramesOf(BodyOf(_sender.Wire.ToArray()));
        Assert.Equal([10, 8], frames.TakeLast(2).Select(static frame => frame.Opcode));
        Assert.Equal("ping"u8.ToArray(), frames[^2].Payload);
        Assert.True(_sender.HasEndedSending);
    }

    [Fact]
    public void Of_pings_that_come_while_nothing_is_read_the_last_is_answered()
    {
        Begin("a.mp4/stream.flv", Handshake, "GET");
        _sender.Takes = offered => Math.Min(offered, _sender.Wire.Length < 50_000 ? 50_000 - _sender.Wire.Length : 0); // inside a frame
        Turn();
        for (int i = 0; i < 20_000; i++)
        {
            Hear(0x89, Encoding.ASCII.GetBytes($"ping {i}"));
        }

        Assert.False(_connection.IsClosed);
        _sender.Takes = static offered => offered;
        Turn();
        string[] pongs = [.. FramesOf(BodyOf(_sender.Wire.ToArray())).Where(static frame => frame.Opcode == 10)
            .Select(static frame => Encoding.ASCII.GetString(frame.Payload))];
        Assert.Equal("ping 19999", pongs[^1]);
        Assert.InRange(pongs.Length, 1, 2); // the first may have been answered before the socket was full
    }

    [Fact]
    public void A_close_that_comes_with_the_handshake_is_answered_behind_it()
    {
        _sender = new ScriptedSender();
        _connection = new Connection(_loop, _sender, null, _converse);
        byte[] frames = [0x89, 0x80, 0, 0, 0, 0, 0x88, 0x82, 0, 0, 0, 0, 3, 232, 0x88, 0x82, 0, 0, 0, 0, 3, 232];
        byte[] head = Encoding.ASCII.GetBytes($"GET /vod/a.mp4/stream.flv HTTP/1.1\r\nHost: h\r\n{Handshake}\r\n");
        _sender.Incoming.Enqueue([.. head, .. frames]);
        _connection.IsReadable = true;
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _connection.IsWritable = true;
                _connection.RunTurn();
                return _sender.HasEndedSending;
            },
            TimeSpan.FromSeconds(30)));
        byte[] wire = _sender.Wire.ToArray();
        Assert.StartsWith("HTTP/1.1 101 ", HeadOf(wire), StringComparison.Ordinal);
        (int opcode, byte[] payload) = Assert.Single(FramesOf(BodyOf(wire)));
        Assert.Equal((8, 1000), (opcode, (payload[0] << 8) | payload[1]));
    }

    [Theory]
    [InlineData(1002, new byte[] { 0x82, 0x01, 0x00 })] // not masked
    [InlineData(1002, new byte[] { 0xF2, 0x81, 0, 0, 0, 0, 0 })] // reserved bits
    [InlineData(1007, new byte[] { 0x81, 0x81, 0, 0, 0, 0, 0xFF })] // text that is not UTF-8
    [InlineData(1009, new byte[] { 0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0 })] // a message without end
    public void A_hostile_frame_ends_its_connection_with_the_code_that_says_why(int code, byte[] frame)
    {
        Begin("a.mp4/stream.flv", Handshake, "GET");
        Turn();
        _sender.Incoming.Enqueue([.. frame, .. frame]); // what is behind it is not heard
        _connection.IsReadable = true;
        _connection.RunTurn();
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                Turn();
                return _connection.IsClosed || _sender.HasEndedSending;
            },
            TimeSpan.FromSeconds(30)));
        (int opcode, byte[] payload) = FramesOf(BodyOf(_sender.Wire.ToArray()))[^1];
        Assert.Equal((8, code), (opcode, (payload[0] << 8) | payload[1]));
        Assert.DoesNotContain("byte ", System.Text.Encoding.UTF8.GetString(payload[2..]), StringComparison.Ordinal);
        Assert.Contains(_log.Lines, static line => line.Contains("protocol error", StringComparison.Ordinal));
    }

    [Fact]
    public void A_handshake_of_another_version_is_told_the_right_one()
    {
        (string head, _) = Watch("a.mp4/stream.flv", Handshake.Replace("Version: 13", "Version: 8", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 426 ", head, StringComparison.Ordinal);
        Assert.Equal("13", Field(head, "Sec-WebSocket-Version"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(Handshake)]
    public void A_film_that_is_cut_ends_its_viewer_within_two_seconds_and_without_other_bytes(string fields)
    {
        byte[] whole = Watch("a.mp4/stream.flv", fields).Body;
        Begin("a.mp4/stream.flv", fields, "GET");
        Turn();
        File.WriteAllBytes(_path, new byte[new FileInfo(_path).Length + 5]);
        SpinWait.SpinUntil(static () => false, 20); // the looks of one millisecond are one
        _loop.Now += 1900;
        Assert.True(SpinWait.SpinUntil( // another thread compares the bytes
            () =>
            {
                Turn();
                return _connection.IsClosed || _sender.HasEndedSending;
            },
            TimeSpan.FromSeconds(30)));
        byte[] body = BodyOf(_sender.Wire.ToArray());
        if (fields.Length > 0)
        {
            List<(int Opcode, byte[] Payload)> frames = FramesOf(body);
            Assert.Equal((8, 1011), (frames[^1].Opcode, (frames[^1].Payload[0] << 8) | frames[^1].Payload[1]));
            body = body[..^(2 + frames[^1].Payload.Length)];
        }

        Assert.InRange(body.Length, 1, whole.Length - 1);
        Assert.True(whole.AsSpan(0, body.Length).SequenceEqual(body));
        Assert.Contains(_log.Lines, static line => line.Contains("play a.mp4 ended: the file changed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a.mp4/stream.flv", "")]
    [InlineData("a.mp4/stream.flv", "Range: bytes=100000-\r\n")]
    [InlineData("a.mp4/stream.flv", Handshake)]
    public void A_film_that_is_cut_before_a_byte_of_the_answer_was_sent_is_refused_with_the_reason(string target, string fields)
    {
        _sender = new ScriptedSender { Takes = static _ => 0 };
        _connection = new Connection(_loop, _sender, null, _converse);
        _sender.Incoming.Enqueue(Encoding.ASCII.GetBytes($"GET /vod/{target} HTTP/1.1\r\nHost: h\r\n{fields}\r\n"));
        _connection.IsReadable = true;
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _connection.RunTurn();
                return _connection.IsBlocked;
            },
            TimeSpan.FromSeconds(30)));
        File.WriteAllBytes(_path, new byte[5]);
        SpinWait.SpinUntil(static () => false, 20); // a look counts for its millisecond
        _loop.Now += 20;
        _sender.Takes = static offered => offered;
        Turn();
        byte[] wire = _sender.Wire.ToArray();
        Assert.StartsWith("HTTP/1.1 503 ", HeadOf(wire), StringComparison.Ordinal);
        Assert.Contains("the file changed", Encoding.UTF8.GetString(BodyOf(wire)), StringComparison.Ordinal);
        Assert.True(_sender.HasEndedSending);
    }

    private static string Field(string head, string name) =>
        head.Split("\r\n").Single(line => line.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];

    private static string HeadOf(byte[] wire) => Encoding.ASCII.GetString(wire[..(wire.AsSpan().IndexOf("\r\n\r\n"u8) + 4)]);

    private static byte[] BodyOf(byte[] wire) => wire[(wire.AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];

    private static List<(int Opcode, byte[] Payload)> FramesOf(byte[] wire)
    {
        List<(int Opcode, byte[] Payload)> frames = [];
        for (int at = 0; at < wire.Length;)
        {
            Assert.Equal(0x80, wire[at] & 0xF0);
            (int header, int length) = wire[at + 1] switch
            {
                126 => (4, (wire[at + 2] << 8) | wire[at + 3]),
                127 => (10, (wire[at + 7] << 16) | (wire[at + 8] << 8) | wire[at + 9]),
                byte few => (2, few),
            };
            frames.Add((wire[at] & 15, wire[(at + header)..(at + header + length)]));
            at += header + length;
        }

        return frames;
    }

    /// <summary>A new connection that is asked for something, and watched until nothing more comes.</summary>
    private (string Head, byte[] Body) Watch(string target, string fields = "", string method = "GET")
    {
        Begin(target, fields, method);
        for (int second = 0; second < 60 && !_sender.HasEndedSending && !_connection.IsClosed; second++)
        {
            Turn();
            _loop.Now += 1000;
        }

        byte[] wire = _sender.Wire.ToArray();
        return (HeadOf(wire), BodyOf(wire));
    }

    private void Begin(string target, string fields, string method)
    {
        _sender = new ScriptedSender();
        _connection = new Connection(_loop, _sender, null, _converse);
        _sender.Incoming.Enqueue(Encoding.ASCII.GetBytes($"{method} /vod/{target} HTTP/1.1\r\nHost: h\r\n{fields}\r\n"));
        _connection.IsReadable = true;
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _connection.RunTurn();
                return _sender.Wire.Length > 0;
            },
            TimeSpan.FromSeconds(30)));
    }

    private void Hear(byte first, ReadOnlySpan<byte> payload)
    {
        _sender.Incoming.Enqueue([first, (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload]);
        _connection.IsReadable = true;
        _connection.RunTurn();
    }

    private void Turn()
    {
        for (int i = 0; i < 50 && !_connection.IsClosed; i++)
        {
            long before = _sender.Wire.Length;
            _connection.IsWritable = true;
            _connection.RunTurn();
            if (_sender.Wire.Length == before)
            {
                return;
            }
        }
    }
}
