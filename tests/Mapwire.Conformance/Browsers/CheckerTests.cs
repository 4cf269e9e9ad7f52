namespace Mapwire.Conformance.Browsers;

/// <summary>
/// The checks of browser tests themselves: players that everybody has play what ffmpeg cut without a fault, and films that lie are found.
/// </summary>
[Collection(BrowserFixture.Collection)]
public sealed class CheckerTests(BrowserFixture browsers)
{
    [Theory]
    [InlineData("native", "hls")]
    [InlineData("hlsjs", "hls")]
    [InlineData("shaka", "dash")]
    [InlineData("dashjs", "dash")]
    public async Task A_numbered_film_that_ffmpeg_cut_plays_without_a_fault(string player, string format)
    {
        string page = browsers.Page(player, await BrowserFixture.CutAsync("numbered.mp4", format));
        IReadOnlyList<string> wrong = await browsers.WithBrowserAsync(
            play => play.CheckNumberedAsync(page, NumberedFilms.Count, NumberedFilms.Rate, speed: 2));
        Assert.True(wrong.Count == 0, string.Join("; ", wrong));
    }

    [Fact]
    public async Task A_numbered_flv_film_plays_without_a_fault()
    {
        await NumberedFilms.GetAsync("numbered.flv");
        string page = browsers.Page("mpegts", "films/numbered.flv");
        IReadOnlyList<string> wrong = await browsers.WithBrowserAsync(
            play => play.CheckNumberedAsync(page, NumberedFilms.Count, NumberedFilms.Rate, speed: 2));
        Assert.True(wrong.Count == 0, string.Join("; ", wrong));
    }

    [Theory]
    [InlineData("one-missing.mp4", " instead of ")]
    [InlineData("one-twice.mp4", " instead of ")]
    [InlineData("unnumbered.mp4", "without a number")]
    public async Task A_film_that_lies_is_found(string film, string fault)
    {
        await NumberedFilms.GetAsync(film);
        string page = browsers.Page("native", $"films/{film}");
        IReadOnlyList<string> wrong = await browsers.WithBrowserAsync(
            play => play.CheckNumberedAsync(page, NumberedFilms.Count, NumberedFilms.Rate, speed: 1, seeks: 0));
        Assert.Contains(wrong, one => one.Contains(fault, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_film_that_is_not_there_is_found()
    {
        string page = browsers.Page("native", "films/none.mp4");
        (_, List<string> wrong) = await browsers.WithBrowserAsync(play => play.PlayAsync(page, 1));
        Assert.Contains(wrong, static one => one.StartsWith("SEVERE", StringComparison.Ordinal));
        Assert.Contains(wrong, static one => one.StartsWith("the video element says", StringComparison.Ordinal));
        Assert.Contains(wrong, static one => one.StartsWith("it did not end", StringComparison.Ordinal));
    }

    [Fact]
    public void Each_fault_of_numbers_and_times_is_found()
    {
        (int, double)[] good = [(0, 0.08), (1, 0.12), (3, 0.2), (4, 0.24)];
        Assert.Empty(FrameCheck.Differences(good, 25));
        Assert.Equal([2, 5], FrameCheck.Unseen(good.Select(one => (one.Item1, one.Item2)), 6));
        Assert.Contains("after", Assert.Single(FrameCheck.Differences([(0, 0), (1, 0.04), (1, 0.04)], 25)), StringComparison.Ordinal);
        Assert.Contains("instead of", Assert.Single(FrameCheck.Differences([(0, 0), (1, 0.0425)], 25)), StringComparison.Ordinal);
        Assert.Contains("instead of", Assert.Single(FrameCheck.Differences([(2, 0.08)], 25, 0.1)), StringComparison.Ordinal);
        Assert.Contains("without a number", Assert.Single(FrameCheck.Differences([(0, 0), (-1, 0.04)], 25)), StringComparison.Ordinal);
        Assert.Contains("no picture", Assert.Single(FrameCheck.Differences([], 25)), StringComparison.Ordinal);
    }
}
