using Mapwire.Server.Http;
using Mapwire.Server.Reports;
using Xunit;

namespace Mapwire.Server.Tests.Reports;

public sealed class QualitiesReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public QualitiesReportTests()
    {
        _folder.Add("q.360p.mp4");
        _folder.Add("q.720p.mp4");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Qualities_play_by_a_list_and_by_names()
    {
        string list = Write("w.qualities.json", """["q.360p.mp4", "q.720p.mp4"]""");
        foreach (string path in (string[])[list, At("q.mp4")])
        {
            Assert.True(QualitiesReport.Covers(path));
            PlaylistReport report = await QualitiesReport.OfAsync(path);
            Assert.Null(report.Refusal);
            Assert.NotNull(report.PlainRefusal); // by RTMP
            Assert.InRange(report.Duration.TotalSeconds, 23.9, 24.1);
            Assert.Equal(["q.360p.mp4", "q.720p.mp4"], report.Items.Select(static item => item.Name));
        }
    }

    [Theory]
    [InlineData("""["q.360p.mp4", "nowhere.mp4"]""", "no title nowhere.mp4")]
    [InlineData("""["q.360p.mp4", "empty.mp4"]""", "the file is empty")]
    [InlineData("""[{"file": "q.360p.mp4", "in": 1}, "q.720p.mp4"]""", "a quality is a whole film")]
    [InlineData("[]", "it has no item")]
    public async Task What_the_server_refuses_is_refused_with_its_reason(string text, string reason)
    {
        File.WriteAllBytes(At("empty.mp4"), []);
        PlaylistReport report = await QualitiesReport.OfAsync(Write("w.qualities.json", text));
        Assert.Contains(reason, report.Refusal, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.Zero, report.Duration);
    }

    [Fact]
    public void A_folder_has_the_title_whose_qualities_are_named_so_where_no_file_has_its_name()
    {
        _folder.Add("sub/one.360p.mp4"); // alone it is no choice
        _folder.Add("film.mp4");
        _folder.Add("film.360p.mp4");
        _folder.Add("film.720p.mp4");
        _folder.Add("a.0360p.mp4");
        _folder.Add("a.361p.mp4");
        Assert.Equal([At("q.mp4")], FolderReport.Of(_folder.Path).Qualities);
        Assert.False(QualitiesReport.Covers(At("film.mp4")));
        Assert.False(QualitiesReport.Covers(At("sub/one.mp4")));
        Assert.False(QualitiesReport.Covers(At("nowhere.qualities.json")));
    }

    private string At(string name) => Path.Combine(_folder.Path, name);

    private string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }
}
