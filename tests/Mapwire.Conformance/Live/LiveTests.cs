using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;
using static Mapwire.Conformance.Live.Publishing;

namespace Mapwire.Conformance.Live;

/// <summary>Real encoders publish, and real players are sent what was published, byte for byte.</summary>
public sealed partial class LiveTests
{
    private const string Film = "moov-last.mp4"; // keyframes at 0, 1, 2 and 3 s; ends at 4 s

    [Theory]
    [InlineData("ffprobe")]
    [InlineData("ffmpeg")]
    [InlineData("flv")]
    public async Task Whoever_waits_for_a_stream_is_sent_all_of_it_as_it_was_published(string reader)
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync();
        Task<Recording> watching = reader switch
        {
            "ffprobe" => Ffprobe.ReadAsync(server.Address("live/cam")),
            "ffmpeg" => FfmpegCopy.ReadAsync(server.Address("live/cam")),
            _ => Task.FromResult<Recording>(null!),
        };
        if (reader != "flv")
        {
            await WaitForLogAsync(server, "connect");
        }

        Task publishing = PublishAsync(server, film, "live/cam");
        if (reader == "flv")
        {
            await WaitForLogAsync(server, "publish live/cam");
            watching = Ffprobe.ReadAsync($"http://127.0.0.1:{server.HttpPort}/vod/live/cam/stream.flv");
        }

        Recording came = await watching;
        await publishing;
        Recording expected = await ReadAsFlvAsync(film);
        if (reader == "flv")
        {
            // It came when the stream had begun: from a key picture on, to the end.
            string first = came.Of("video").First().Hash;
            double start = expected.Of("video").First(packet => packet.Hash == first).Dts;
            expected = expected with { Packets = [.. expected.Packets.Where(packet => packet.Dts >= start - 1e-6)] };
            Assert.Equal(
                expected.Of("video").Select(static packet => packet.Hash), came.Of("video").Select(static packet => packet.Hash));
            string[] sound = [.. came.Of("audio").Select(static packet => packet.Hash)];
            Assert.Equal(expected.Of("audio").Select(static packet => packet.Hash).TakeLast(sound.Length), sound);
        }
        else
        {
            Expectation.Same(expected, came, reader);
        }
    }

    [Theory]
    [InlineData("live/cam", "missing or wrong")]
    [InlineData("live/cam?key=wrong", "missing or wrong")]
    [InlineData("live/cam?key=", "missing or wrong")]
    [InlineData("../cam?key=long-and-secret", "name of a stream")]
    public async Task Nobody_publishes_without_the_key_and_the_key_is_told_to_nobody(string name, string reason)
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync();
        ToolResult result = await Tool.RunAsync("ffmpeg", PublishWords(server, film, name));
        Assert.NotEqual(0, result.ExitCode);
        await WaitForLogAsync(server, reason);
        Assert.DoesNotContain(Key, server.Process.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_was_made_stays_over_a_restart_and_is_not_said_where_output_is_kept()
    {
        string film = await FilmFactory.GetAsync(Film);
        string key;
        await using (MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder))
        {
            Match line = await server.Process.HearsAsync(PublishLine());
            key = (await File.ReadAllTextAsync(line.Groups["file"].Value, TestContext.Current.CancellationToken)).Trim();
            Assert.True(key.Length >= 20);
            Assert.DoesNotContain(key, server.Process.Said, StringComparison.Ordinal);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(line.Groups["file"].Value));
            }
        }

        await using MapwireServer again = await MapwireServer.StartAsync(FilmFactory.Folder);
        Task<Recording> watching = Ffprobe.ReadAsync(again.Address("cam"));
        await WaitForLogAsync(again, "connect");
        await PublishAsync(again, film, $"cam?key={key}", hasKey: true);
        Assert.NotEmpty((await watching).Packets);
        Assert.DoesNotContain(key, again.Process.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_nobody_publishes_is_refused_after_the_wait()
    {
        await using MapwireServer server = await StartAsync("--live-play-wait", "1");
        ToolResult result = await Tool.RunAsync("ffprobe", ["-v", "error", server.Address("live/nobody")]);
        Assert.NotEqual(0, result.ExitCode);
        await WaitForLogAsync(server, "nobody publishes live/nobody");
    }

    [Fact]
    public async Task A_publisher_that_comes_back_goes_on_in_the_same_stream_and_its_viewers_stay()
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync();
        Task<Recording> watching = Ffprobe.ReadAsync(server.Address("live/cam"));
        await WaitForLogAsync(server, "connect");
        using (ServerProcessHandle first = new(ServerProcess.Start("ffmpeg", PublishWords(server, film, $"live/cam?key={Key}"))))
        {
            await WaitForLogAsync(server, "play live/cam live");
            await Task.Delay(TimeSpan.FromSeconds(1.5), TestContext.Current.CancellationToken);
            await first.Process.SignalAsync("KILL");
        }

        await PublishAsync(server, film, "live/cam");
        Recording came = await watching;
        Recording whole = await ReadAsFlvAsync(film);
        Packet[] video = [.. came.Of("video")];
        int count = whole.Of("video").Count();
        Assert.InRange(video.Length, count + 10, (2 * count) - 10);
        Assert.Equal(whole.Of("video").Select(static packet => packet.Hash), video[^count..].Select(static packet => packet.Hash));
        Assert.All(video.Zip(video[1..]), static pair => Assert.True(pair.Second.Dts >= pair.First.Dts, "a timestamp went back"));
        Assert.Single(Regex.Matches(server.Process.Said, "play live/cam live"));
    }

    [Fact]
    public async Task A_second_publisher_takes_over_or_is_refused()
    {
        string film = await FilmFactory.GetAsync(Film);
        foreach (bool isRefused in (bool[])[false, true])
        {
            await using MapwireServer server = await StartAsync(isRefused ? ["--publish-once"] : []);
            using ServerProcessHandle first = new(ServerProcess.Start("ffmpeg", PublishWords(server, film, $"live/cam?key={Key}")));
            await WaitForLogAsync(server, "publish live/cam");
            ToolResult second = await Tool.RunAsync("ffmpeg", PublishWords(server, film, $"live/cam?key={Key}"));
            Assert.Equal(isRefused, second.ExitCode != 0);
            await WaitForLogAsync(server, isRefused ? "it is being published already" : "another publisher has taken the stream over");
        }
    }

    [Theory]
    [InlineData("--live-latency", "0", "--live-memory-bytes", "16777216", "--live-window", "1")]
    [InlineData("--live-latency", "2", "--live-window", "600", "--publish-timeout", "5", "--publish-resume-time", "0")]
    public async Task All_of_it_comes_with(params string[] options)
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync(options);
        Task<Recording> watching = Ffprobe.ReadAsync(server.Address("live/cam"));
        await WaitForLogAsync(server, "connect");
        await PublishAsync(server, film, "live/cam");
        Expectation.Same(await ReadAsFlvAsync(film), await watching, string.Join(' ', options));
    }

    [Fact]
    public async Task A_stream_with_a_key_of_its_own_is_not_opened_by_the_key_of_the_others()
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync("--publish-key", "live/own=another");
        Assert.NotEqual(0, (await Tool.RunAsync("ffmpeg", PublishWords(server, film, $"live/own?key={Key}"))).ExitCode);
        await Tool.SucceedAsync("ffmpeg", PublishWords(server, film, "live/own?key=another"));
        await PublishAsync(server, film, "live/cam");
    }

    [Theory]
    [InlineData("vod?auth=adobe", "")]
    [InlineData("vod?auth=llnw", "")]
    [InlineData("vod/live?auth=llnw", "")]
    [InlineData("vod", "adobe")]
    [InlineData("vod", "llnw")]
    [InlineData("vod/live", "llnw")]
    public async Task An_encoder_with_a_user_and_a_password_proves_the_key(string application, string method)
    {
        string film = await FilmFactory.GetAsync(Film);
        string[] options = method.Length == 0 ? [] : ["--publish-auth", method];
        await using MapwireServer server =
            await StartAsync(["--publish-key", "own=another", "--publish-key", "live/own=another", .. options]);
        string folder = application.StartsWith("vod/live", StringComparison.Ordinal) ? "live/" : "";
        Task<Recording> watching = Ffprobe.ReadAsync(server.Address($"{folder}cam"));
        await WaitForLogAsync(server, "connect");
        await Tool.SucceedAsync("ffmpeg", PublishWords(film, Url(server, "studio", Key, application, "cam")));
        Expectation.Same(await ReadAsFlvAsync(film), await watching, application);
        await WaitForLogAsync(server, "connect refused: it has to prove that it knows a key");

        ToolResult wrong =
            await Tool.RunAsync("ffmpeg", PublishWords(film, Url(server, "studio", "wrong", application, "cam")));
        Assert.NotEqual(0, wrong.ExitCode);
        Assert.Contains("Incorrect username/password", wrong.Errors, StringComparison.Ordinal);
        await WaitForLogAsync(server, "connect refused: the user or the key is wrong");

        ToolResult other = await Tool.RunAsync("ffmpeg", PublishWords(film, Url(server, "studio", Key, application, "own")));
        Assert.NotEqual(0, other.ExitCode);
        foreach (string secret in (string[])[Key, "studio", "another"])
        {
            Assert.DoesNotContain(secret, server.Process.Said, StringComparison.Ordinal);
        }
    }

    /// <remarks>Debian's librtmp overruns its own memory with Adobe's method: its base64 has no end when it is built with Nettle.</remarks>
    [Theory]
    [InlineData("adobe", "rtmp2sink location=rtmp://127.0.0.1:{0}/vod/cam authmod=auto username=studio password=long-and-secret")]
    [InlineData("llnw", "rtmpsink location=rtmp://127.0.0.1:{0}/vod/cam\u00A0pubUser=studio\u00A0pubPasswd=long-and-secret")]
    public async Task GStreamer_and_librtmp_prove_the_key(string method, string sink)
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync("--publish-auth", method);
        Task<Recording> watching = Ffprobe.ReadAsync(server.Address("cam"));
        await WaitForLogAsync(server, "connect");
        string[] words = [.. sink.Replace("{0}", $"{server.Port}", StringComparison.Ordinal).Split(' ')
            .Select(static word => word.Replace('\u00A0', ' '))];
        string[] source =
        [
            "-q", "filesrc", $"location={film}", "!", "qtdemux", "name=d", "d.video_0", "!", "queue", "!", "flvmux", "streamable=true", "!",
        ];
        await Tool.SucceedAsync("gst-launch-1.0", [.. source, .. words]);
        Recording came = await watching;
        string file = Path.Combine(TemporaryFolder.Create("gstreamer"), "film.flv");
        await Tool.SucceedAsync("gst-launch-1.0", [.. source, "filesink", $"location={file}"]);
        Recording expected = await Ffprobe.ReadAsync(file); // its own FLV: it takes access units apart and together again
        string[] video = [.. came.Of("video").Select(static packet => packet.Hash)];
        Assert.True(video.Length > 50); // sound was waited for: it begins with the newest key picture of then
        Assert.Equal(expected.Of("video").Select(static packet => packet.Hash).TakeLast(video.Length), video);
        Assert.DoesNotContain(Key, server.Process.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_whose_timestamps_have_more_than_24_bits_comes_as_it_was_published()
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync();
        Task<Recording> watching = Ffprobe.ReadAsync(server.Address("cam"));
        await WaitForLogAsync(server, "connect");
        await Tool.SucceedAsync("ffmpeg", [
            "-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-i", film, "-c", "copy", "-output_ts_offset", "16800",
            "-f", "flv", server.Address($"cam?key={Key}")]);
        Expectation.Same(await ReadAsFlvAsync(film), await watching, "4.66 hours later");
    }

    [Fact]
    public async Task Where_encoders_prove_the_key_one_may_still_be_sent_with_the_application()
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync("--publish-auth", "adobe");
        ToolResult without = await Tool.RunAsync("ffmpeg", PublishWords(server, film, $"cam?key={Key}"));
        Assert.NotEqual(0, without.ExitCode); // at connect nobody knows that a key will come with the name
        Assert.Contains("No credentials set", without.Errors, StringComparison.Ordinal);
        await Tool.SucceedAsync("ffmpeg", PublishWords(film, $"rtmp://127.0.0.1:{server.Port}/vod?key={Key}/cam"));
    }

    [Fact]
    public async Task An_encoder_with_a_user_and_a_password_publishes_where_everybody_may()
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, "--publish-key", "none");
        await Tool.SucceedAsync("ffmpeg", PublishWords(film, Url(server, "studio", "anything", "vod?auth=adobe", "cam")));
    }

    [Fact]
    public async Task Everybody_publishes_where_there_is_no_key_by_name()
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, "--publish-key", "none");
        await WaitForLogAsync(server, "Everybody may publish");
        await Tool.SucceedAsync("ffmpeg", PublishWords(server, film, "live/cam"));
    }

    [Fact]
    public async Task A_publisher_that_sends_nothing_is_let_go_and_its_viewers_are_told_the_end()
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync("--publish-timeout", "1", "--publish-resume-time", "0");
        Task<ToolResult> watching = Tool.RunAsync("ffprobe", ["-v", "error", "-show_packets", server.Address("live/cam")]);
        await WaitForLogAsync(server, "connect");
        await using ServerProcess publisher = ServerProcess.Start("ffmpeg", PublishWords(server, film, $"live/cam?key={Key}"));
        await WaitForLogAsync(server, "play live/cam live");
        await publisher.SignalAsync("STOP");
        await WaitForLogAsync(server, "nothing was sent for too long");
        Assert.Equal(0, (await watching).ExitCode);
        await publisher.SignalAsync("CONT");
    }

    [GeneratedRegex("^Publishing takes the key in (?<file>.*)$", RegexOptions.Multiline)]
    private static partial Regex PublishLine();

    /// <summary>A program that is ended with the test.</summary>
    private sealed class ServerProcessHandle(ServerProcess process) : IDisposable
    {
        public ServerProcess Process { get; } = process;

        public void Dispose() => Process.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
