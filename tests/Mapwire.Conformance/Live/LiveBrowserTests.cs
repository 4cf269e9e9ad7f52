using System.Globalization;
using Mapwire.Conformance.Browsers;
using Mapwire.Conformance.Servers;
using static Mapwire.Conformance.Live.Publishing;

namespace Mapwire.Conformance.Live;

/// <summary>A real browser shows what is published soon after it was.</summary>
[Collection(BrowserFixture.Collection)]
public sealed class LiveBrowserTests(BrowserFixture browsers)
{
    /// <summary>A picture's time on the wall is that of its arrival, which is jittered once, at the beginning.</summary>
    private static readonly TimeSpan DateTolerance = TimeSpan.FromMilliseconds(80);

    [Theory]
    [InlineData("0.2", 0.15, 2)] // two parts of sound behind the last picture are more than hls.js 1.7 plays
    [InlineData("0.5", -0.3, 3)]
    public async Task Hls_js_shows_pictures_soon_by_parts_and_comes_to_the_end_of_each_track(
        string part, double soundBehind, double longest)
    {
        string film = await LiveFilms.GetAsync(behind: soundBehind);
        await using MapwireServer server = await StartAsync("--live-part-duration", part);
        string folder = $"http://127.0.0.1:{server.HttpPort}/vod/live/cam/";
        string page = browsers.Page("hlsjs", folder + "index.m3u8") + "&live=1";
        (DateTimeOffset start, DateTimeOffset published) = (default, default);
        (IReadOnlyList<LivePicture> pictures, List<string> wrong) = await browsers.WithBrowserAsync(async play =>
        {
            start = DateTimeOffset.UtcNow; // the browser runs, which may have taken long
            Task publishing = PublishAsync(server, film, "live/cam");
            await WaitForLogAsync(server, "publish live/cam");
            published = DateTimeOffset.UtcNow;
            await WaitForSegmentAsync(folder + "v1.m3u8");
            (IReadOnlyList<LivePicture>, List<string>) seen = await play.PlayLiveAsync(page, NumberedFilms.Rate);
            await publishing;
            return seen;
        });
        TimeSpan[] latencies = [.. pictures.Select(static one => one.Shown - one.Date).Order()];
        string words = latencies.Length == 0 ? "no picture with a date" : string.Create(
            CultureInfo.InvariantCulture,
            $"{latencies[0].TotalSeconds:F2} s at least, {latencies[^1].TotalSeconds:F2} s at most, {pictures.Count} pictures");
        Assert.True(wrong.Count == 0, $"{string.Join("; ", wrong)} ({words})");

        // The browser was there for most of it, and to the last pictures.
        Assert.InRange(pictures.Count, LiveFilms.Seconds * NumberedFilms.Rate / 4, double.MaxValue);
        Assert.InRange(pictures[^1].Number, (LiveFilms.Seconds - 1) * NumberedFilms.Rate, LiveFilms.Seconds * NumberedFilms.Rate);

        // Dates are those of the pictures: the first one was sent when the stream was accepted, the others by the encoder's clock. Those of
        // the first second are a guess of hls.js, which plays before it knows where segments begin; LiveHlsTests has the playlists' own.
        LivePicture[] placed = [.. pictures.Where(one => one.Number >= pictures[0].Number + NumberedFilms.Rate)];
        TimeSpan[] zeros = [.. placed.Select(one => one.Date - start - TimeSpan.FromSeconds(one.Number / NumberedFilms.Rate))];
        Assert.InRange(zeros.Min(), -DateTolerance, published - start + TimeSpan.FromSeconds(2));
        int latest = Array.IndexOf(zeros, zeros.Max());
        Assert.True(
            zeros.Max() - zeros.Min() <= DateTolerance,
            $"picture {placed[latest].Number} is {zeros.Max() - zeros.Min()} later than others");

        Assert.True(latencies[0] > TimeSpan.Zero, words);
        Assert.True(latencies[latencies.Length / 2] < TimeSpan.FromSeconds(longest), words);
        Assert.True(latencies[latencies.Length * 19 / 20] < TimeSpan.FromSeconds(longest), words);
        TestContext.Current.SendDiagnosticMessage(words);
    }

    /// <summary>Waits for the first whole segment: hls.js reports a playlist of parts alone as an error, before it asks again.</summary>
    private static async Task WaitForSegmentAsync(string playlist)
    {
        using HttpClient client = new();
        for (int i = 0; !(await client.GetStringAsync(playlist, TestContext.Current.CancellationToken))
            .Contains("#EXTINF:", StringComparison.Ordinal); i++)
        {
            Assert.True(i < 100, "no segment after 10 s");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }
}
