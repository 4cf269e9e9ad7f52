using Mapwire.Server.Reports;
using Xunit;

namespace Mapwire.Server.Tests.Reports;

public sealed class PlaylistReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PlaylistReportTests() => _folder.Add("a.mp4");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_list_that_plays_has_the_length_of_its_pieces_and_one_that_is_refused_has_none()
    {
        Assert.Equal((TimeSpan.FromSeconds(3.5), null), await DurationOf("a.mp4?end=2\na.mp4?start=4&end=5.5"));
        Assert.Equal(
            (TimeSpan.Zero, "item 2 of the playlist (line 2 at offset 6): no title nowhere.mp4"), await DurationOf("a.mp4\nnowhere.mp4"));
    }

    private async Task<(TimeSpan Duration, string? Refusal)> DurationOf(string text)
    {
        string path = Path.Combine(_folder.Path, "list.m3u8");
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        PlaylistReport report = await PlaylistReport.OfAsync(path);
        Assert.Equal(text.Length, report.FileLength);
        return (report.Duration, report.Refusal);
    }
}
