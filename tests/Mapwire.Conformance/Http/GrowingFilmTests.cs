using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Http;

/// <summary>Films that ffmpeg is still writing, or wrote a moment ago, by HTTP.</summary>
public sealed class GrowingFilmTests : IDisposable
{
    private const string Recorder =
        "-hide_banner -loglevel error -nostdin -y -re -f lavfi -i testsrc2=size=96x64:rate=25 -re -f lavfi -i sine=440:sample_rate=44100 " +
        "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p -c:a aac -b:a 32k -flush_packets 1";

    private const string Fragments = "-movflags frag_keyframe+empty_moov+default_base_moof -use_editlist 0";

    private readonly string _folder = TemporaryFolder.Create("growing-web");
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(120) };

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("live.mp4", "-g 10 -t 14 " + Fragments)]
    [InlineData("live.mp4", "-g 25 -t 8 " + Fragments)] // a fragment a segment, so that each lies in one range of the file
    [InlineData("live.flv", "-g 10 -t 8 -flvflags no_duration_filesize")]
    public async Task A_film_that_is_written_is_an_EVENT_playlist_and_a_dynamic_MPD_until_it_rests_with_every_sample_once(
        string name, string options)
    {
        await using MapwireServer server = await MapwireServer.StartAsync(_folder, "--segment-duration", "1");
        string path = Path.Combine(_folder, name);
        await using ServerProcess recorder = Record(options, path);
        while (!File.Exists(path) || new FileInfo(path).Length < 1000)
        {
            await Task.Delay(50);
        }

        string address = server.WebAddress(name);
        XElement early = XDocument.Parse(await _client.GetStringAsync($"{address}/manifest.mpd")).Root!;
        Assert.Equal("dynamic", early.Attribute("type")!.Value);
        Assert.All(
            (string[])["availabilityStartTime", "publishTime", "minimumUpdatePeriod", "suggestedPresentationDelay"],
            attribute => Assert.NotNull(early.Attribute(attribute)));
        Assert.Null(early.Attribute("mediaPresentationDuration"));

        Task<Recording> tool = Ffprobe.ReadAsync($"{address}/index.m3u8", "-live_start_index", "0");
        Task<byte[]> flv = _client.GetByteArrayAsync($"{address}/stream.flv?buffer=86400");
        Task<byte[]> mp4 = _client.GetByteArrayAsync($"{address}/stream.mp4");
        string own = await FollowAsync($"{address}/index.m3u8");
        await recorder.EndsAsync(TimeSpan.FromSeconds(30));
        Recording file = await Ffprobe.ReadAsync(path);
        WebExpectation.Same(file, await Ffprobe.ReadAsync(own), "what was fetched as it came");
        WebExpectation.Same(file, await tool, "ffmpeg's reader of HLS");
        WebExpectation.Same(file, await Ffprobe.ReadAsync(await KeepAsync(await mp4, "stream.mp4")), "stream.mp4");
        Expectation.Same(Expectation.Of(file), FlvFile.Read(await KeepAsync(await flv, "stream.flv")), "stream.flv");
        XElement late = XDocument.Parse(await _client.GetStringAsync($"{address}/manifest.mpd")).Root!;
        Assert.Equal("static", late.Attribute("type")!.Value);
        Assert.NotNull(late.Attribute("mediaPresentationDuration"));
    }

    /// <summary>
    /// An interleaved film with its tables in front is cut by time while it is copied, and would be cut by position once it is whole.
    /// </summary>
    [Fact]
    public async Task A_film_that_is_copied_plays_on_when_it_is_whole_with_every_sample_once()
    {
        await using MapwireServer server = await MapwireServer.StartAsync(_folder, "--segment-duration", "1");
        string source = Path.Combine(TemporaryFolder.Create("source"), "film.mp4");
        string encode = Recorder.Replace("-re ", "", StringComparison.Ordinal) + " -g 25 -t 12 -movflags +faststart";
        await using (ServerProcess encoder = ServerProcess.Start(Tool.Path("ffmpeg"), [.. encode.Split(' '), source]))
        {
            await encoder.EndsAsync(TimeSpan.FromSeconds(60));
        }

        byte[] film = await File.ReadAllBytesAsync(source);
        string address = server.WebAddress("copied.mp4");
        await using FileStream copy = new(Path.Combine(_folder, "copied.mp4"), FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        await copy.WriteAsync(film.AsMemory(0, film.Length / 2));
        await copy.FlushAsync();
        Task<string> segments = FollowAsync($"{address}/index.m3u8");
        Task<byte[]> stream = _client.GetByteArrayAsync($"{address}/stream.mp4");
        for (int at = film.Length / 2; at < film.Length; at += film.Length / 20)
        {
            await Task.Delay(500);
            await copy.WriteAsync(film.AsMemory(at, Math.Min(film.Length / 20, film.Length - at)));
            await copy.FlushAsync();
        }

        Recording file = await Ffprobe.ReadAsync(source);
        WebExpectation.Same(file, await Ffprobe.ReadAsync(await segments), "what was fetched as it came");
        WebExpectation.Same(file, await Ffprobe.ReadAsync(await KeepAsync(await stream, "stream.mp4")), "stream.mp4");
    }

    [Theory]
    [InlineData("keyframe-fragments.mp4", true)]
    [InlineData("keyframe-fragments.mp4", false)]
    [InlineData("gst-fragments.mp4", true)]
    public async Task A_film_that_was_written_a_moment_ago_plays_whole(string name, bool hasIndex)
    {
        Assert.SkipUnless(hasIndex || OperatingSystem.IsLinux(), "Files are changed in place.");
        byte[] film = await File.ReadAllBytesAsync(await FilmFactory.GetAsync(name));
        int index = film.AsSpan().LastIndexOf("mfra"u8);
        Assert.True(index > 0, "the film has no index at its end");
        film = hasIndex ? film : film[..(index - 4)];
        await File.WriteAllBytesAsync(Path.Combine(_folder, "fresh.mp4"), film);
        await using MapwireServer server = await MapwireServer.StartAsync(_folder);
        Stopwatch clock = Stopwatch.StartNew();
        string address = server.WebAddress("fresh.mp4");
        Recording web = await Ffprobe.ReadAsync($"{address}/index.m3u8");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, hasIndex ? 5 : 12);
        WebExpectation.Same(await Ffprobe.ReadAsync(Path.Combine(_folder, "fresh.mp4")), web, name);
    }

    [Fact]
    public async Task A_film_without_a_whole_segment_for_long_is_503_with_the_reason()
    {
        await using MapwireServer server = await MapwireServer.StartAsync(_folder);
        string path = Path.Combine(_folder, "long.mp4");
        await using ServerProcess recorder =
            Record("-g 5000 -keyint_min 5000 -sc_threshold 0 -movflags empty_moov+default_base_moof -frag_duration 400000", path);
        while (!File.Exists(path) || new FileInfo(path).Length < 5000)
        {
            await Task.Delay(50);
        }

        using HttpResponseMessage answer = await _client.GetAsync(server.WebAddress("long.mp4") + "/index.m3u8");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Contains("has no whole segment yet", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await recorder.SignalAsync("INT");
        await recorder.EndsAsync(TimeSpan.FromSeconds(20));
    }

    private static ServerProcess Record(string options, string path) =>
        ServerProcess.Start(Tool.Path("ffmpeg"), [.. Recorder.Split(' '), .. options.Split(' '), path]);

    private static async Task<string> KeepAsync(byte[] bytes, string name)
    {
        string path = Path.Combine(TemporaryFolder.Create("kept"), name);
        await File.WriteAllBytesAsync(path, bytes);
        return path;
    }

    /// <summary>Fetches each segment as it is listed, until the playlist has its end.</summary>
    /// <returns>A file of all of them behind their init segment.</returns>
    private async Task<string> FollowAsync(string index)
    {
        string master = await _client.GetStringAsync(index);
        Uri playlist = new(new Uri(index), Lines(master).First());
        string file = Path.Combine(TemporaryFolder.Create("followed"), "all.mp4");
        await using FileStream output = File.Create(file);
        string[] known = [];
        for (int look = 0; look < 200; look++)
        {
            string text = await _client.GetStringAsync(playlist);
            Assert.Contains("#EXT-X-PLAYLIST-TYPE:EVENT", text, StringComparison.Ordinal);
            string[] segments = [.. Lines(text)];
            Assert.Equal(known, segments[..known.Length]); // what was listed stays
            if (known.Length == 0)
            {
                Assert.NotEmpty(segments);
                string init = Regex.Match(text, "#EXT-X-MAP:URI=\"([^\"]+)\"").Groups[1].Value;
                await output.WriteAsync(await _client.GetByteArrayAsync(new Uri(playlist, init)));
            }

            foreach (string segment in segments[known.Length..])
            {
                await output.WriteAsync(await _client.GetByteArrayAsync(new Uri(playlist, segment)));
            }

            known = segments;
            if (text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal))
            {
                return file;
            }

            await Task.Delay(400);
        }

        throw new TimeoutException("the playlist never had its end");
    }

    private static IEnumerable<string> Lines(string playlist) =>
        playlist.Split('\n').Where(static line => line.Length > 0 && line[0] != '#');
}
