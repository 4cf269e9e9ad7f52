using System.Net;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Http;

/// <summary>Files that are made of a film: all of it as one fragmented MP4, and clips.</summary>
public sealed class WholeFileTests(WebFilms films)
{
    public static TheoryData<string> Names() => [.. MatrixFilms.OfSweep(2)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task One_fragmented_file_has_the_packets_of_the_film(string name)
    {
        string url = (await films.ServerOf(name)).WebAddress(name) + "/stream.mp4";
        WebExpectation.Same(await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name)), await Ffprobe.ReadEnhancedAsync(url), name);
    }

    [Theory]
    [InlineData("stream.mp4")]
    [InlineData("stream.mp4?start=2&end=7")]
    [InlineData("clip.mp4?start=2.5&end=7.25")]
    public async Task Ranges_of_a_file_that_is_made_are_parts_of_the_whole(string path)
    {
        const string name = "twelve-seconds.mp4";
        string url = $"{(await films.ServerOf(name)).WebAddress(name)}/{path}";
        using HttpClient client = new();
        byte[] whole = await client.GetByteArrayAsync(url);
        Random random = new(1);
        for (int i = 0; i < 50; i++)
        {
            int from = random.Next(whole.Length);
            int to = random.Next(from, whole.Length);
            using HttpRequestMessage request = new(HttpMethod.Get, url);
            request.Headers.TryAddWithoutValidation("Range", $"bytes={from}-{to}");
            using HttpResponseMessage answer = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
            Assert.Equal(whole[from..(to + 1)], await answer.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task A_film_that_begins_again_has_its_packets_again_and_again_at_times_that_go_on()
    {
        const string name = "twelve-seconds.mp4";
        Recording film = await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name));
        string url = (await films.ServerOf(name)).WebAddress(name) + "/stream.mp4?start=4&end=7&loop=1";
        Recording once = await Ffprobe.ReadEnhancedAsync(url.Replace("&loop=1", "", StringComparison.Ordinal));
        string copy = Path.Combine(TemporaryFolder.Create("loop"), "loop.mp4");
        ToolResult said = await Tool.SucceedAsync(
            "ffmpeg", ["-v", "warning", "-nostdin", "-i", url, "-map", "0", "-c", "copy", "-t", "13", copy]);
        Assert.Equal("", said.Errors.Trim());
        Recording read = await Ffprobe.ReadEnhancedAsync(copy);
        Assert.Equal(film.Streams.Count, read.Streams.Count);
        foreach (string kind in (string[])["video", "audio"])
        {
            Packet[] one = [.. once.Of(kind)];
            Packet[] all = [.. read.Of(kind)];
            Assert.InRange(all.Length, 3 * one.Length, 5 * one.Length);
            for (int i = 1; i < all.Length; i++)
            {
                Assert.Equal(one[i % one.Length].Hash, all[i].Hash);
                Assert.True(all[i].Dts > all[i - 1].Dts, $"{kind} packet {i} at {all[i].Dts}");
            }

            double round = all[one.Length].Pts - all[0].Pts;
            Assert.InRange(round, 2.99, 3.2); // as long as its pictures, or as its sound
            Assert.InRange(all[3 * one.Length].Pts - all[0].Pts, (3 * round) - 0.003, (3 * round) + 0.003);
        }
    }

    [Fact]
    public async Task A_film_that_begins_again_is_sent_by_the_clock_and_a_little_ahead()
    {
        const string name = "twelve-seconds.mp4";
        string url = (await films.ServerOf(name)).WebAddress(name) + "/stream.mp4";
        using HttpClient client = new();
        long once = (await client.GetByteArrayAsync(url)).Length;
        using HttpResponseMessage answer = await client.GetAsync(url + "?loop=1", HttpCompletionOption.ResponseHeadersRead);
        Assert.Null(answer.Content.Headers.ContentLength);
        await using Stream stream = await answer.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[64 * 1024];
        long came = 0;
        using CancellationTokenSource end = new(TimeSpan.FromSeconds(8));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            for (int count = 1; count > 0; came += count)
            {
                count = await stream.ReadAsync(buffer, end.Token);
            }
        });
        Assert.InRange(came, once, 3 * once); // 15 s ahead, and a segment, of 12 s each
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(2.5, 7.25)]
    [InlineData(9, 99)]
    public async Task A_clip_is_as_long_as_was_asked_for_and_decodes_without_a_word(double start, double end)
    {
        const string name = "twelve-seconds.mp4";
        string query = FormattableString.Invariant($"start={start}&end={end}");
        string url = $"{(await films.ServerOf(name)).WebAddress(name)}/clip.mp4?{query}";
        ToolResult said = await Tool.SucceedAsync("ffmpeg", ["-v", "warning", "-nostdin", "-i", url, "-f", "null", "-"]);
        Assert.Equal("", said.Errors.Trim());
        ToolResult probe = await Tool.SucceedAsync("ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", url]);
        double duration = double.Parse(probe.Output, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(duration, Math.Min(end, 12) - start - 0.1, Math.Min(end, 12) - start + 0.1);
    }

    [Theory]
    [InlineData("twelve-seconds.mp4")]
    [InlineData("beyond.m3u8")]
    public async Task A_start_beyond_the_end_is_refused_in_the_same_words_everywhere(string name)
    {
        string folder = TemporaryFolder.Create("beyond");
        string film = Path.Combine(folder, "twelve-seconds.mp4");
        File.Copy(await FilmFactory.GetAsync("twelve-seconds.mp4"), film);
        File.SetLastWriteTimeUtc(film, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc)); // else it may still grow
        File.WriteAllText(Path.Combine(folder, "beyond.m3u8"), "twelve-seconds.mp4\n");
        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        using HttpClient client = new();
        foreach (string path in (string[])["stream.flv", "stream.mp4", "index.m3u8", "manifest.mpd", "clip.mp4"])
        {
            if (path == "clip.mp4" && name == "beyond.m3u8")
            {
                continue; // a list has none at all
            }

            using HttpResponseMessage answer = await client.GetAsync($"{server.WebAddress(name)}/{path}?start=100");
            Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
            Assert.Matches("\"nothing from 100 s on: it ends at 12(\\.0[0-9]*)? s\"", await answer.Content.ReadAsStringAsync());
            if (path != "stream.flv")
            {
                Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"{server.WebAddress(name)}/{path}?start=11.5")).StatusCode);
            }
        }
    }

    [Theory]
    [InlineData("clip.mp4?start=100&end=200", 422)]
    [InlineData("clip.mp4?start=x", 422)]
    [InlineData("stream.mp4?audio=9", 422)]
    [InlineData("index.m3u8?loop=1", 422)]
    [InlineData("v9.m3u8", 404)]
    [InlineData("a1v1.m3u8", 404)]
    [InlineData("v1-99.m4s", 404)]
    [InlineData("v1-init-2.mp4", 404)]
    [InlineData("v1-1.m4s?r=0", 404)]
    [InlineData("index.m3u8?v=%0d%0a", 404)]
    public async Task What_cannot_be_made_is_refused(string path, int status)
    {
        const string name = "twelve-seconds.mp4";
        using HttpClient client = new();
        using HttpResponseMessage answer = await client.GetAsync($"{(await films.ServerOf(name)).WebAddress(name)}/{path}");
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
    }
}
