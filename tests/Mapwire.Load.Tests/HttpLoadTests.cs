using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mapwire.Load.Tests.Reading;
using Mapwire.Load.Tests.Support;

namespace Mapwire.Load.Tests;

/// <summary>Viewers of HTTP against a server that does what a test says.</summary>
public sealed class HttpLoadTests
{
    private const string Playlist = """
        #EXTM3U
        #EXT-X-TARGETDURATION:1
        #EXTINF:0.4,
        0.ts
        #EXTINF:0.4,
        1.ts
        #EXTINF:0.4,
        2.ts
        #EXTINF:0.4,
        3.ts
        #EXTINF:0.4,
        4.ts
        #EXT-X-ENDLIST
        """;

    [Fact]
    public async Task Files_are_taken_again_and_again_on_one_connection_and_each_byte_is_counted()
    {
        using ScriptedHttp server = new((_, stream) => ScriptedHttp.OkAsync(stream, new byte[300_000]));
        LoadReport report = await RunAsync(server.Target("/{0..3}.mp4"), players: 1, count: 40, mode: LoadMode.Fast);

        Assert.Empty(report.Failures);
        Assert.Equal((40, 40, 1, 1), (report.Http!.Segments, report.Http.Requests, report.Connections, server.Connections));
        Assert.InRange(report.Bytes, 40 * 300_000, 40 * 300_200);
        Assert.Equal((40, 40, 1), (report.Http.FirstByte.Count, report.Http.LastByte.Count, report.ServedPlayers));
        Assert.Equal(["/0.mp4", "/1.mp4", "/2.mp4", "/3.mp4"], server.Asked.Distinct().Order());
        Assert.Equal([10, 10, 10, 10], server.Asked.CountBy(target => target).Select(pair => pair.Value));
        Assert.InRange(report.Seconds, 0, 10);
    }

    [Fact]
    public async Task An_encrypted_server_is_watched_too()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
        using ScriptedHttp server = new((_, stream) => ScriptedHttp.OkAsync(stream, new byte[300_000]), certificate);
        LoadReport report = await RunAsync(server.Target("/x"), players: 1, count: 20, mode: LoadMode.Fast);

        Assert.Empty(report.Failures);
        Assert.Equal((20, 1), (report.Http!.Segments, report.Connections));
        Assert.InRange(report.Bytes, 20 * 300_000, 20 * 300_200);
    }

    [Fact]
    public async Task A_plain_server_is_no_encrypted_one()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        IPEndPoint endPoint = (IPEndPoint)listener.LocalEndpoint;
        Task<LoadReport> run = RunAsync(new LoadTarget(new HttpUrl("127.0.0.1", endPoint.Port, true, "/x"), endPoint), seconds: 1);
        for (int i = 0; i < 2; i++)
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        }

        LoadReport report = await run;
        Assert.Equal(("cannot connect: TLS", 2), Assert.Single(report.Failures.Select(pair => (pair.Key, pair.Value))));
    }

    [Fact]
    public async Task Segments_are_taken_when_they_are_due()
    {
        using ScriptedHttp server = new((target, stream) => target.EndsWith("m3u8", StringComparison.Ordinal)
            ? ScriptedHttp.OkAsync(stream, Playlist)
            : ScriptedHttp.OkAsync(stream, new byte[1000]));
        LoadReport report = await RunAsync(server.Target("/vod/index.m3u8"), players: 1, seconds: 1, buffer: 0.3);

        Assert.Empty(report.Failures);
        Assert.Equal((0, 0, 0, 0), (report.Stalls, report.Http!.LateSegments, report.Backwards, report.Gaps));
        Assert.InRange(report.LeastLeadP1!.Value, 0, 300);
        Assert.InRange(report.Speed, 0.8, 2.5); // the last part is there before it is shown
        Assert.Equal(["/vod/index.m3u8", "/vod/0.ts", "/vod/1.ts", "/vod/2.ts", "/vod/3.ts", "/vod/4.ts"], server.Asked.Take(6));
        Assert.InRange(server.Asked.Count, 6, 8); // 2 s of time for 2 s of film: the second round may have begun
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_server_that_is_too_slow_makes_viewers_stall_and_segments_late()
    {
        using ScriptedHttp server = new(async (target, stream) =>
        {
            if (target == "/2.ts")
            {
                await Task.Delay(1000);
            }

            return await ScriptedHttp.OkAsync(stream, target == "/index.m3u8" ? Playlist : "x");
        });
        LoadReport report = await RunAsync(server.Target("/index.m3u8"), players: 1, seconds: 2, buffer: 0.3);
        Assert.Equal(1, report.StalledPlayers);
        Assert.InRange(report.Stalls, 1, 3); // more than one where this machine is late, too
        Assert.InRange(report.Http!.LateSegments, 1, 3);
        Assert.InRange(report.StalledSeconds, 0.5, 2);
    }

    [Fact]
    public async Task Churning_viewers_take_a_playlist_and_a_segment_on_a_connection_each_time()
    {
        using ScriptedHttp server = new((target, stream) =>
            ScriptedHttp.OkAsync(stream, target.EndsWith("m3u8", StringComparison.Ordinal) ? Playlist : "x"));
        LoadReport report = await RunAsync(server.Target("/{0..99}/index.m3u8"), players: 1, count: 100, mode: LoadMode.Churn);
        Assert.Empty(report.Failures);
        Assert.Equal((100, 100, 100), (report.Http!.Segments, report.Http.Playlists, report.Connections));
        Assert.Equal(200, server.Asked.Distinct().Count()); // each film once
        Assert.Equal(100, report.FirstFrame.Count);
    }

    [Fact]
    public async Task A_variant_and_its_sound_are_watched_side_by_side_through_a_redirection()
    {
        using ScriptedHttp server = new((target, stream) => target switch
        {
            "/list.m3u8" => ScriptedHttp.RawAsync(
                stream, "HTTP/1.1 307 Elsewhere\r\nLocation: film/index.m3u8\r\nContent-Length: 0\r\n\r\n", closes: false),
            "/film/index.m3u8" => ScriptedHttp.OkAsync(stream,
                "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",URI=\"a.m3u8\"\n"
                    + "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nv.m3u8\n"),
            "/film/v.m3u8" => ScriptedHttp.OkAsync(stream, Playlist.Replace(".ts", ".v", StringComparison.Ordinal)),
            "/film/a.m3u8" => ScriptedHttp.OkAsync(stream, Playlist.Replace(".ts", ".a", StringComparison.Ordinal)),
            _ => ScriptedHttp.OkAsync(stream, "x"),
        });
        LoadReport report = await RunAsync(server.Target("/list.m3u8"), players: 1, count: 10, mode: LoadMode.Fast);
        Assert.Empty(report.Failures);
        Assert.Equal(
            ["/list.m3u8", "/film/index.m3u8", "/film/v.m3u8", "/film/a.m3u8", "/film/0.v", "/film/0.a", "/film/1.v", "/film/1.a"],
            server.Asked.Take(8));
    }

    [Fact]
    public async Task A_segment_that_lies_elsewhere_leaves_its_playlist_where_it_is()
    {
        using ScriptedHttp server = new((target, stream) => target switch
        {
            "/film/v.m3u8" => ScriptedHttp.OkAsync(stream, Playlist.Replace("0.ts", "0.ts?a", StringComparison.Ordinal)),
            "/film/1.ts" => ScriptedHttp.RawAsync(
                stream, "HTTP/1.1 302 Elsewhere\r\nLocation: /cdn/x\r\nContent-Length: 0\r\n\r\n", closes: false),
            _ => ScriptedHttp.OkAsync(stream, "x"),
        });
        LoadReport report = await RunAsync(server.Target("/film/v.m3u8"), players: 1, count: 5, mode: LoadMode.Fast);
        Assert.Empty(report.Failures);
        Assert.Equal(
            ["/film/v.m3u8", "/film/0.ts?a", "/film/1.ts", "/cdn/x", "/film/2.ts", "/film/3.ts", "/film/4.ts"], server.Asked.Take(7));
    }

    [Fact]
    public async Task A_server_that_closes_idle_connections_loses_nothing()
    {
        using ScriptedHttp server = new(async (_, stream) =>
        {
            await ScriptedHttp.OkAsync(stream, "x"); // and does not say that it closes
            return false;
        });
        LoadReport report = await RunAsync(server.Target("/x"), players: 1, count: 30, mode: LoadMode.Fast);
        Assert.Empty(report.Failures);
        Assert.Equal(30, report.Http!.Segments);
        Assert.Equal(30, report.Connections);
    }

    [Theory]
    [InlineData("/x", "status 404", "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData("/x", "response: closed before its end", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")]
    [InlineData("/x", "response: closed in its head", "HTTP/1.1 200")]
    [InlineData("/x", "closed by the server", "")]
    [InlineData("/x", "response: bytes that nobody asked for", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxx")]
    [InlineData("/x", "response: a redirection to nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("/x.m3u8", "playlist: no #EXTM3U", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData("/x.flv", "FLV: no header", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789")]
    [InlineData("/x.flv", "FLV: it ends in the middle of a tag", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nFLV")]
    public async Task What_a_server_does_wrong_is_counted_by_its_reason(string target, string reason, string answer)
    {
        using ScriptedHttp server = new((_, stream) => ScriptedHttp.RawAsync(stream, answer));
        LoadReport report = await RunAsync(server.Target(target), players: 3, seconds: 0.3);
        Assert.Equal((reason, 3), Assert.Single(report.Failures.Select(pair => (pair.Key, pair.Value))));
    }

    [Fact]
    public async Task Boxes_are_checked_where_that_is_asked_for()
    {
        using ScriptedHttp server = new((target, stream) => ScriptedHttp.OkAsync(
            stream, target == "/i.m3u8" ? Playlist.Replace("#EXTINF:0.4,\n0.ts", "#EXT-X-MAP:URI=\"init\"\n#EXTINF:0.4,\n0.ts",
                StringComparison.Ordinal) : "no boxes at all"));
        Assert.Empty((await RunAsync(server.Target("/i.m3u8"), seconds: 0.2)).Failures);
        LoadReport report = await RunAsync(server.Target("/i.m3u8"), seconds: 0.2, checkBoxes: true);
        Assert.Contains(report.Failures, pair => pair.Key.StartsWith("segment: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_flv_stream_is_judged_as_players_of_rtmp_are()
    {
        using ScriptedHttp server = new(async (_, stream) =>
        {
            await ScriptedHttp.RawAsync(stream, "HTTP/1.1 200 OK\r\n\r\n");
            await stream.WriteAsync((byte[])[.. FlvCheckTests.Header(1), .. FlvCheckTests.Tag(9, 0, [0x17, 0, 0, 0, 0, 1])]);
            foreach (int time in (int[])[0, 40, 80, 60, 100, 3000])
            {
                await stream.WriteAsync(FlvCheckTests.Tag(9, time, [(byte)(time == 0 ? 0x17 : 0x27), 1, 0, 0, 0, 9]));
            }

            return false;
        });
        LoadReport report = await RunAsync(server.Target("/live/x.flv"), players: 1, seconds: 1, count: 1);
        Assert.Empty(report.Failures);
        Assert.Equal((6, 1, 1, 1, 1), (report.Frames, report.Backwards, report.Gaps, report.Plays, report.Ended));
    }

    [Fact]
    public async Task The_first_frame_of_an_flv_stream_is_no_byte_before_it()
    {
        using ScriptedHttp server = new(async (_, stream) =>
        {
            await ScriptedHttp.RawAsync(stream, "HTTP/1.1 200 OK\r\n\r\n");
            await stream.WriteAsync((byte[])
            [
                .. FlvCheckTests.Header(5), .. FlvCheckTests.Tag(9, 0, [0x17, 0, 0, 0, 0, 1]), .. FlvCheckTests.Tag(8, 0, [0xAF, 0, 0x12]),
                .. FlvCheckTests.Tag(8, 0, [0xAF, 1, 0x21]),
            ]);
            await Task.Delay(500);
            await stream.WriteAsync(FlvCheckTests.Tag(9, 0, [0x17, 1, 0, 0, 0, 9]));
            return false;
        });
        LoadReport report = await RunAsync(server.Target("/live/x.flv"), players: 1, seconds: 5, count: 1);
        Assert.Empty(report.Failures);
        Assert.Equal(1, report.Plays);
        Assert.InRange(report.FirstFrame.P50, 450, 10_000); // of video, as over RTMP
    }

    [Fact]
    public async Task An_flv_stream_without_a_frame_is_no_play()
    {
        using ScriptedHttp server = new((_, stream) => ScriptedHttp.OkAsync(
            stream, [.. FlvCheckTests.Header(5), .. FlvCheckTests.Tag(18, 0, [2, 0, 1, 65])]));
        LoadReport report = await RunAsync(server.Target("/live/x.flv"), players: 1, seconds: 0.3);
        Assert.Equal(("FLV: no frame", 1), Assert.Single(report.Failures.Select(pair => (pair.Key, pair.Value))));
        Assert.Equal((0, 0), (report.Plays, report.ServedPlayers));
    }

    [Fact]
    public async Task Churning_viewers_of_flv_leave_at_the_first_frame()
    {
        using ScriptedHttp server = new(async (_, stream) =>
        {
            await ScriptedHttp.RawAsync(stream, "HTTP/1.1 200 OK\r\n\r\n");
            await stream.WriteAsync((byte[])[.. FlvCheckTests.Header(1), .. FlvCheckTests.Tag(9, 0, [0x17, 0, 0, 0, 0, 1])]);
            await stream.WriteAsync(FlvCheckTests.Tag(9, 0, [0x17, 1, 0, 0, 0, 9]));
            await Task.Delay(TimeSpan.FromSeconds(20)); // a stream that goes on
            return false;
        });
        LoadReport report = await RunAsync(server.Target("/live/{0..9}.flv"), players: 1, seconds: 15, count: 10, mode: LoadMode.Churn);
        Assert.Empty(report.Failures);
        Assert.Equal((10, 10, 0), (report.Plays, report.Connections, report.Ended));
        Assert.InRange(report.Seconds, 0, 10);
    }

    private static async Task<LoadReport> RunAsync(LoadTarget target, int players = 2, double seconds = 10, int? count = null,
        LoadMode mode = LoadMode.Watch, double buffer = 3, bool checkBoxes = false)
    {
        return await Loads.RunAsync(new LoadOptions
        {
            Targets = [target],
            Players = players,
            Duration = TimeSpan.FromSeconds(seconds),
            Ramp = TimeSpan.Zero,
            Mode = mode,
            Count = count,
            Buffer = TimeSpan.FromSeconds(buffer),
            CheckBoxes = checkBoxes,
            Rehearsal = TimeSpan.Zero,
        });
    }
}
