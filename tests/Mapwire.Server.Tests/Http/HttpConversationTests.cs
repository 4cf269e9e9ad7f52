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
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>HTTP on a socket that a test scripts, turn by turn and by a clock that the test sets.</summary>
public sealed class HttpConversationTests : IDisposable
{
    private const string Film = "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\n\r\n";

    private readonly TemporaryFolder _folder = new();
    private readonly ScriptedPoller _poller = new();
    private readonly ScriptedSender _sender = new();
    private readonly RecordingLog _log = new();
    private readonly TitleCatalog _catalog;
    private readonly HttpContext _context;
    private readonly ConnectionLoop _loop;
    private readonly Connection _connection;
    private readonly string _path;
    private readonly byte[] _film;
    private int _heard;

    public HttpConversationTests()
    {
        _path = _folder.Add("a.mp4");
        _film = File.ReadAllBytes(_path);
        _catalog = new TitleCatalog(
            new FileCatalog(new ServedFolder(_folder.Path), new FileBudget(), presence: new PresenceThreads()), NullLogger.Instance);
        _context = HttpContexts.Create(_folder, _catalog, _log);
        ConnectionLimits limits = new(SendTimeout: 60_000, MinPlayerRate: 0, MaxPlayerRate: null, MaxLoopRate: null, MaxUnsentTime: 0);
        _loop = new ConnectionLoop("test", limits, _log, _poller)
        {
            Now = Environment.TickCount64,
        };
        _connection = new Connection(_loop, _sender, null, connection => new HttpConversation(_context, connection, null));
    }

    public void Dispose()
    {
        _loop.Stop(TimeSpan.FromSeconds(10));
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_file_comes_byte_for_byte_with_what_caches_and_pages_need()
    {
        (string head, byte[] body) = Ask(Film);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.Equal(_film, body);
        foreach (string field in (string[])["Content-Type: video/mp4", "Accept-Ranges: bytes", "Access-Control-Allow-Origin: *",
            "X-Content-Type-Options: nosniff", "Cache-Control: no-cache", "ETag: \"", "Last-Modified: ", "Date: "])
        {
            Assert.Contains($"\r\n{field}", head, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("Connection:", head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(70_000)]
    [InlineData(400_000)]
    public void A_body_cut_anywhere_by_a_full_socket_goes_on_at_that_byte(int most)
    {
        Random random = new(most);
        _sender.Takes = offered => most == 1 ? Math.Min(offered, _sender.Wire.Length < 3000 ? 1 : 50_000) : random.Next(most + 1);
        Assert.Equal(_film, Ask(Film).Body);
    }

    [Fact]
    public void A_manifest_begins_at_zero_with_the_first_segment_and_tells_the_rate_of_pictures()
    {
        string manifest = Encoding.UTF8.GetString(Ask("GET /vod/a.mp4/manifest.mpd HTTP/1.1\r\nHost: h\r\n\r\n").Body);
        Assert.Contains("start=\"PT0S\"", manifest, StringComparison.Ordinal);
        Assert.Contains("startNumber=\"1\"", manifest, StringComparison.Ordinal);
        Assert.Matches("frameRate=\"[0-9]+\"", manifest);
    }

    [Fact]
    public void Who_leaves_in_the_middle_of_a_segment_watches_it_no_longer()
    {
        long later = _loop.Now + 3_600_000;
        _sender.Takes = offered => _sender.Wire.Length < 3000 ? Math.Min(offered, 5000) : 0;
        Say(Encoding.ASCII.GetBytes("GET /vod/a.mp4/v1a1-1.m4s HTTP/1.1\r\nHost: h\r\n\r\n"));
        Turns(() => _sender.Wire.Length >= 3000);
        _context.Viewers.Sweep(later);
        Assert.Equal(1, _context.Viewers.Count); // it is sent something still
        _connection.Close(CloseReason.PlayerLeft);
        _context.Viewers.Sweep(later);
        Assert.Equal(0, _context.Viewers.Count);
    }

    [Fact]
    public void Several_ranges_of_what_is_made_while_it_is_sent_are_the_whole()
    {
        byte[] whole = Ask("GET /vod/a.mp4/stream.mp4 HTTP/1.1\r\nHost: h\r\n\r\n").Body;
        (string head, byte[] body) = Ask("GET /vod/a.mp4/stream.mp4 HTTP/1.1\r\nHost: h\r\nRange: bytes=5-5,9-9\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);
        Assert.Equal(whole, body);
        (head, body) = Ask("GET /vod/a.mp4/stream.mp4 HTTP/1.1\r\nHost: h\r\nRange: bytes=5-9\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 206 ", head, StringComparison.Ordinal);
        Assert.Equal(whole[5..10], body);
    }

    [Fact]
    public void What_a_client_asks_for_and_does_not_read_counts_against_what_all_may_hold()
    {
        HttpContext context = _context with { Held = new HeldBytes(30_000, "--max-held-bytes") };
        ScriptedSender sender = new() { Takes = static _ => 0 };
        Connection connection = new(_loop, sender, null, connection => new HttpConversation(context, connection, null));
        for (int i = 0; i < 1000 && !connection.IsClosed; i++)
        {
            sender.Incoming.Enqueue(Encoding.ASCII.GetBytes(Film));
            connection.IsReadable = true;
            connection.RunTurn();
            Assert.True(i < 900);
        }

        Assert.True(connection.IsClosed);
        Assert.Contains(_log.Lines, static line => line.Contains("more than the 30000 of --max-held-bytes", StringComparison.Ordinal));
        int counted = 0;
        Assert.Null(context.Held.Count(null, ref counted, 30_000)); // what it held is free again
    }

    [Fact]
    public async Task What_was_made_for_one_viewer_alone_counts_until_it_was_sent()
    {
        HttpContext context = HttpContexts.Create(_folder, _catalog, _log, hasViewerIds: true);
        Resource playlist = await HttpContexts.OpenAsync(context, "a.mp4/v1a1.m3u8?v=h0123456789abcdef01234567");
        Assert.Equal(playlist.Body.Length, playlist.Body.OwnBytes);
        Resource all = await HttpContexts.OpenAsync(context, "a.mp4/v1a1.m3u8");
        Assert.Equal(0, all.Body.OwnBytes);
    }

    [Fact]
    public void A_head_that_dribbles_in_is_answered_as_one_that_comes_at_once()
    {
        foreach (byte one in Encoding.ASCII.GetBytes(Film)[..^1])
        {
            Say([one]);
            Assert.Equal(0, _sender.Wire.Length);
        }

        Assert.Equal(_film, Ask("\n").Body);
    }

    [Fact]
    public void Requests_in_one_packet_are_answered_in_their_order()
    {
        Say(Encoding.ASCII.GetBytes(string.Concat(
            Enumerable.Range(0, 20).Select(static i => $"GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nRange: bytes={i}-{i}\r\n\r\n"))));
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal([_film[i]], Answer().Body);
        }
    }

    [Fact]
    public void Requests_beyond_what_may_wait_close_the_connection()
    {
        _sender.Takes = static _ => 0;
        for (int i = 0; i < 2000 && !_connection.IsClosed; i++)
        {
            Say(Encoding.ASCII.GetBytes(Film));
        }

        Assert.True(_connection.IsClosed);
        Assert.Contains(_log.Lines, static line => line.Contains("TooManyRequests", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("bytes=100-199", 100, 100)]
    [InlineData("bytes=-5", -5, 5)]
    [InlineData("bytes=600000-", 600_000, -1)]
    public void A_range_is_a_part_of_the_file(string range, int offset, int length)
    {
        offset = offset < 0 ? _film.Length + offset : offset;
        length = length < 0 ? _film.Length - offset : length;
        (string head, byte[] body) = Ask($"GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nRange: {range}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 206 ", head, StringComparison.Ordinal);
        Assert.Contains($"\r\nContent-Range: bytes {offset}-{offset + length - 1}/{_film.Length}\r\n", head, StringComparison.Ordinal);
        Assert.Equal(_film[offset..(offset + length)], body);
    }

    [Fact]
    public void Several_ranges_are_parts_with_delimiters_of_the_length_that_was_announced()
    {
        (string head, byte[] body) = Ask("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nRange: bytes=0-9,100000-300000,-3\r\n\r\n");
        Assert.Contains("Content-Type: multipart/byteranges; boundary=", head, StringComparison.Ordinal);
        int place = 0;
        foreach ((int offset, int length) in ((int, int)[])[(0, 10), (100_000, 200_001), (_film.Length - 3, 3)])
        {
            place = body.AsSpan(place).IndexOf("\r\n\r\n"u8) + place + 4;
            Assert.Equal(_film[offset..(offset + length)], body[place..(place + length)]);
            place += length;
        }

        Assert.EndsWith("--\r\n", Encoding.ASCII.GetString(body[place..]), StringComparison.Ordinal);
        Assert.Equal(_film[..1], Ask("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\n\r\n").Body); // and the next request
    }

    [Fact]
    public void Conditions_are_answered_without_a_body()
    {
        string head = Ask(Film).Head;
        string tag = Field(head, "ETag");
        Assert.StartsWith("HTTP/1.1 304 ", Ask($"GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nIf-None-Match: {tag}\r\n\r\n", 0).Head,
            StringComparison.Ordinal);
        (head, byte[] body) = Ask("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nIf-Match: \"other\"\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 412 ", head, StringComparison.Ordinal);
        Assert.StartsWith("{\"status\":412,", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
        (head, body) = Ask("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nRange: bytes=9999999-\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 416 ", head, StringComparison.Ordinal);
        Assert.Equal($"bytes */{_film.Length}", Field(head, "Content-Range"));
        Assert.StartsWith("{\"status\":416,", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
        Assert.Equal(_film, Ask("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\nIf-Range: \"other\"\r\n\r\n").Body);
    }

    [Fact]
    public void A_file_that_is_said_to_be_of_the_future_was_modified_at_the_time_of_the_answer()
    {
        File.SetLastWriteTimeUtc(_path, DateTime.UtcNow.AddDays(3));
        string head = Ask(Film).Head;
        DateTime date = DateTime.Parse(Field(head, "Date"), CultureInfo.InvariantCulture);
        DateTime modified = DateTime.Parse(Field(head, "Last-Modified"), CultureInfo.InvariantCulture);
        Assert.InRange(date - modified, TimeSpan.Zero, TimeSpan.FromSeconds(30)); // never later (RFC 9110, section 8.8.2.1)
    }

    [Fact]
    public void HEAD_announces_what_GET_sends_and_sends_nothing()
    {
        (string head, _) = Ask("HEAD /vod/a.mp4 HTTP/1.1\r\nHost: h\r\n\r\n", 0);
        Assert.Equal(_film.Length.ToString(CultureInfo.InvariantCulture), Field(head, "Content-Length"));
        (head, _) = Ask("HEAD /vod/nowhere.mp4 HTTP/1.1\r\nHost: h\r\n\r\n", 0);
        Assert.StartsWith("HTTP/1.1 404 ", head, StringComparison.Ordinal);
        Assert.Equal(_film, Ask(Film).Body);
    }

    [Theory]
    [InlineData("/vod/nowhere.mp4", 404)]
    [InlineData("/vod/a", 404)] // an extension is not left out
    [InlineData("/vod/%2561.mp4", 404)] // and nothing is decoded twice
    [InlineData("/vod/mp4:a.mp4", 404)]
    [InlineData("/vod/", 404)]
    [InlineData("/vod", 404)]
    [InlineData("/", 404)]
    [InlineData("/live/a.mp4", 404)]
    [InlineData("/vodka/a.mp4", 404)]
    [InlineData("/vod/b.m3u8", 307)]
    [InlineData("/vod/b.m3u8/clip.mp4", 422)]
    [InlineData("/vod/b.m3u8/v1a1-1.m4s", 404)]
    [InlineData("/vod/c.mp4", 422)]
    [InlineData("/vod/../vod/a.mp4", 400)]
    [InlineData("/vod/%2e%2e/a.mp4", 400)]
    [InlineData("/vod/x%2fa.mp4", 400)]
    [InlineData("/vod//a.mp4", 400)]
    [InlineData("/vod/%ff.mp4", 400)]
    public void A_path_that_leads_to_nothing_is_refused_with_a_reason_and_the_connection_stays(string path, int status)
    {
        File.WriteAllText(Path.Combine(_folder.Path, "b.m3u8"), "a.mp4\n");
        File.WriteAllText(Path.Combine(_folder.Path, "c.mp4"), "no film");
        (string head, byte[] body) = Ask($"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        Assert.Equal("application/json", Field(head, "Content-Type"));
        Assert.Equal("*", Field(head, "Access-Control-Allow-Origin"));
        Assert.StartsWith($"{{\"status\":{status},\"error\":\"", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
        Assert.Equal(_film, Ask(Film).Body);
    }

    [Theory]
    [InlineData("POST /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", 405)]
    [InlineData("DELETE /vod/a.mp4 HTTP/1.1\r\nHost: h\r\n\r\n", 405)]
    [InlineData("GET /vod/a.mp4 HTTP/1.0\r\nHost: h\r\n\r\n", 505)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)]
    [InlineData("GET /vod/a.mp4 HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", 400)]
    [InlineData("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello", 400)]
    [InlineData("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nX: 1\r\n 2\r\n\r\n", 400)]
    [InlineData("GET /vod/a.mp4 HTTP/1.1\nHost: h\n\n", 400)]
    [InlineData("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", 417)]
    [InlineData("\u0016\u0003\u0001\u0002\u0000", 400)]
    public void What_is_not_understood_without_a_doubt_is_refused_and_nothing_behind_it_is_read(string request, int status)
    {
        (string head, byte[] body) = Ask(request + Film);
        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        Assert.Equal("close", Field(head, "Connection"));
        Assert.StartsWith($"{{\"status\":{status},", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
        Assert.True(_sender.HasEndedSending);
        Assert.False(_connection.IsClosed); // the answer would be lost to a client that still sends
        Say(Encoding.ASCII.GetBytes(Film));
        Assert.Equal(_heard, _sender.Wire.Length);
        _loop.Now += 2001;
        _connection.RunTurn();
        Assert.True(_connection.IsClosed);
    }

    [Theory]
    [InlineData(8000, 1, 431)]
    [InlineData(10, 100, 431)]
    public void A_head_that_is_too_large_is_told_so(int length, int fields, int status)
    {
        string lines = string.Concat(Enumerable.Range(0, fields).Select(i => $"X{i}: {new string('x', length)}\r\n"));
        Assert.StartsWith($"HTTP/1.1 {status} ", Ask($"GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nY: {new string('y', 200)}\r\n{lines}").Head,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_that_goes_on_sending_after_a_refusal_is_closed()
    {
        Ask("POST / HTTP/1.1\r\n\r\n");
        for (int i = 0; i < 20; i++)
        {
            Say(new byte[60_000]);
        }

        Assert.True(_connection.IsClosed);
    }

    [Fact]
    public void A_client_that_wants_no_more_is_answered_and_let_go()
    {
        (string head, byte[] body) = Ask("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        Assert.Equal("close", Field(head, "Connection"));
        Assert.Equal(_film, body);
        Assert.True(_sender.HasEndedSending);
    }

    [Fact]
    public void OPTIONS_says_what_pages_of_other_origins_may_ask()
    {
        (string head, _) = Ask(
            "OPTIONS /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nOrigin: http://page\r\nAccess-Control-Request-Headers: range\r\n\r\n", 0);
        Assert.StartsWith("HTTP/1.1 204 ", head, StringComparison.Ordinal);
        Assert.Equal("*", Field(head, "Access-Control-Allow-Origin"));
        Assert.Equal("GET, HEAD, OPTIONS", Field(head, "Access-Control-Allow-Methods"));
        Assert.Contains("Range", Field(head, "Access-Control-Allow-Headers"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_is_answered_ten_thousand_times_and_then_told_to_come_anew()
    {
        byte[] request = Encoding.ASCII.GetBytes("OPTIONS /vod/a.mp4 HTTP/1.1\r\nHost: h\r\n\r\n");
        Say(request);
        long length = _sender.Wire.Length;
        for (int asked = 1; asked < 9_999; asked++)
        {
            Say(request);
        }

        Assert.Equal(9_999 * length, _sender.Wire.Length);
        Assert.False(_sender.HasEndedSending);
        Assert.DoesNotContain("Connection: close", Encoding.ASCII.GetString(_sender.Wire.ToArray()), StringComparison.Ordinal);
        Say([.. request, .. request]); // one too many
        Assert.Equal((10_000 * length) + "Connection: close\r\n".Length, _sender.Wire.Length);
        Assert.True(_sender.HasEndedSending);
    }

    [Fact]
    public void A_head_that_dribbles_for_too_long_costs_its_connection()
    {
        for (int second = 0; second < 10; second++)
        {
            Assert.False(_connection.IsClosed);
            Say("G"u8.ToArray()[..(second == 0 ? 1 : 0)]);
            _loop.Now += 1000;
        }

        _connection.RunTurn();
        Assert.True(_connection.IsClosed);
    }

    [Fact]
    public void A_head_that_begins_after_an_answer_has_its_own_time()
    {
        Ask(Film);
        _loop.Now += 55_000;
        _connection.RunTurn();
        Assert.False(_connection.IsClosed);
        Say("GET "u8.ToArray());
        _loop.Now += 9_900;
        _connection.RunTurn();
        Assert.False(_connection.IsClosed);
        _loop.Now += 200;
        _connection.RunTurn();
        Assert.True(_connection.IsClosed);
    }

    [Fact]
    public void A_client_that_ends_its_half_behind_its_requests_is_answered_and_then_closed()
    {
        _sender.WhenEmpty = System.Net.Sockets.SocketError.Success;
        _connection.HasEnded = true;
        Say(Encoding.ASCII.GetBytes($"{Film}{Film}GET /half")); // as printf '...' | nc -N does
        Assert.Equal(_film, Answer().Body);
        Assert.Equal(_film, Answer().Body);
        Turns(() => _connection.IsClosed);
        Assert.True(_sender.HasEndedSending);
        Assert.Contains(_log.Lines, static line => line.Contains("close: Answered,", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /vod/a.mp4 HTTP/1.1\r\nHo")]
    public void A_client_that_ends_its_half_and_has_asked_for_nothing_has_left(string beginning)
    {
        _sender.WhenEmpty = System.Net.Sockets.SocketError.Success;
        _connection.HasEnded = true;
        Say(Encoding.ASCII.GetBytes(beginning));
        Assert.Contains(_log.Lines, static line => line.Contains("close: PlayerLeft,", StringComparison.Ordinal));
    }

    [Fact]
    public void A_connection_that_asks_for_nothing_more_is_idle_and_closed()
    {
        Ask(Film);
        _loop.Now += 60_100;
        _connection.RunTurn();
        Assert.True(_connection.IsClosed);
        Assert.Contains(_log.Lines, static line => line.Contains("close: Idle", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_cut_while_it_is_sent_ends_the_connection_with_a_reason_and_no_other_bytes()
    {
        _sender.Takes = offered => _sender.Wire.Length < 100_000 ? Math.Min(offered, 100_000) : 0;
        Say(Encoding.ASCII.GetBytes(Film));
        Turns(() => _connection.IsBlocked);
        File.WriteAllBytes(_path, new byte[_film.Length + 5]);
        SpinWait.SpinUntil(static () => false, 20); // the looks of one millisecond are one
        _loop.Now += 10;
        _sender.Takes = static offered => offered;
        Turns(() => _connection.IsClosed);
        byte[] wire = _sender.Wire.ToArray();
        int start = wire.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        Assert.Equal(_film[..(wire.Length - start)], wire[start..]);
        Assert.InRange(wire.Length - start, 1, _film.Length - 1);
        Assert.Contains(_log.Lines, static line => line.Contains("ended: the file changed", StringComparison.Ordinal));
        Assert.True(_sender.IsBroken);
    }

    [Fact]
    public void A_file_that_changes_under_a_socket_that_stays_full_breaks_the_connection_though_nothing_can_be_sent()
    {
        _sender.Takes = offered => _sender.Wire.Length < 100_000 ? Math.Min(offered, 100_000) : 0;
        Say(Encoding.ASCII.GetBytes(Film));
        Turns(() => _connection.IsBlocked);
        _connection.RunTurn();
        Assert.False(_connection.IsClosed); // as long as it is the same
        File.WriteAllBytes(_path, new byte[_film.Length + 5]);
        SpinWait.SpinUntil(static () => false, 20); // the looks of one millisecond are one
        _loop.Now += 600;
        int sends = _sender.Sends;
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _connection.RunTurn(); // the socket has not said that it takes anything
                return _connection.IsClosed;
            },
            TimeSpan.FromSeconds(30)));
        Assert.Equal(sends, _sender.Sends);
        Assert.True(_sender.IsBroken);
        Assert.Contains(_log.Lines, static line => line.Contains("ended: the file changed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_film_that_is_cut_before_a_byte_of_the_answer_was_sent_is_refused_with_the_reason()
    {
        _sender.Takes = static _ => 0;
        Say(Encoding.ASCII.GetBytes(Film));
        Turns(() => _connection.IsBlocked);
        File.WriteAllBytes(_path, new byte[5]);
        SpinWait.SpinUntil(static () => false, 20); // a look counts for its millisecond
        _loop.Now += 20;
        _sender.Takes = static offered => offered;
        (string head, byte[] body) = Answer();
        Assert.StartsWith("HTTP/1.1 503 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nRetry-After: ", head, StringComparison.Ordinal);
        Assert.Contains("the file changed", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
        Assert.False(_connection.IsClosed);
        Assert.StartsWith("HTTP/1.1 404 ", Ask("GET /vod/b.mp4 HTTP/1.1\r\nHost: h\r\n\r\n").Head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cover.jpg")]
    [InlineData("notes.txt")]
    [InlineData("film")]
    public void A_file_that_is_no_title_is_not_found_with_the_reason(string name)
    {
        File.Copy(_path, Path.Combine(_folder.Path, name)); // whatever is in it
        (string head, byte[] body) = Ask($"GET /vod/{name} HTTP/1.1\r\nHost: h\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 404 ", head, StringComparison.Ordinal);
        Assert.Contains("are not served: titles end in .mp4", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_that_closes_lets_go_of_its_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lists what is mapped.");
        _sender.Takes = static offered => Math.Min(offered, 1000);
        Say(Encoding.ASCII.GetBytes(Film));
        Turns(() => _connection.IsBlocked);
        _catalog.Dispose();
        Assert.True(IsMapped());
        _connection.Close(CloseReason.PlayerLeft);
        Assert.True(SpinWait.SpinUntil(() => !IsMapped(), TimeSpan.FromSeconds(30)));

        bool IsMapped() => File.ReadLines("/proc/self/maps").Any(line => line.Contains(_folder.Path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_film_that_was_sent_to_its_end_is_let_go_of_while_its_connection_stays()
    {
        MediaFile file = await _catalog.Files.OpenAsync(_catalog.Files.Find(PlayName.Parse("", "a.mp4")));
        Ask(Film);
        file.Release();
        _catalog.Dispose();
        Assert.False(file.TryAcquire());
        Assert.False(_connection.IsClosed);
    }

    private static string Field(string head, string name) =>
        head.Split("\r\n").Single(line => line.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];

    private (string Head, byte[] Body) Ask(string request, int? length = null)
    {
        Say(Encoding.Latin1.GetBytes(request));
        return Answer(length);
    }

    private void Say(byte[] bytes)
    {
        if (bytes.Length > 0)
        {
            _sender.Incoming.Enqueue(bytes);
        }

        _connection.IsReadable = true;
        _connection.RunTurn();
    }

    /// <summary>Turns until the next answer is whole.</summary>
    private (string Head, byte[] Body) Answer(int? length = null)
    {
        int end = 0;
        int body = 0;
        Turns(() =>
        {
            if (end == 0 && _sender.Wire.ToArray()[_heard..].AsSpan().IndexOf("\r\n\r\n"u8) is var found and >= 0)
            {
                end = found + 4;
                string head = Encoding.ASCII.GetString(_sender.Wire.ToArray()[_heard..][..end]);
                body = length ?? int.Parse(Field(head, "Content-Length"), CultureInfo.InvariantCulture);
            }

            return end > 0 && _sender.Wire.Length - _heard >= end + body;
        });
        byte[] wire = _sender.Wire.ToArray()[_heard..];
        _heard += end + body;
        return (Encoding.ASCII.GetString(wire[..end]), wire[end..(end + body)]);
    }

    /// <summary>Turns of a socket that takes again, until something holds.</summary>
    private void Turns(Func<bool> isDone)
    {
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                if (!_connection.IsClosed)
                {
                    _connection.IsWritable = true;
                    _connection.RunTurn();
                }

                return isDone();
            },
            TimeSpan.FromSeconds(30)), Encoding.ASCII.GetString(_sender.Wire.ToArray().AsSpan()[.._heard]));
    }
}
