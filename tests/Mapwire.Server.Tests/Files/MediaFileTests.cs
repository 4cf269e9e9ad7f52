using Mapwire.Server.Files;
using Xunit;

namespace Mapwire.Server.Tests.Files;

/// <summary>A file that is read again as it grows.</summary>
public sealed class MediaFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FileWork _work = new("film.flv", Limit, static _ => { }, static _ => { });

    private static TimeLimit Limit => new(TimeSpan.FromSeconds(10), "opening", "--limit-opening-time");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_read_is_read_by_work_that_waits_for_nothing_behind_it()
    {
        string path = Path.Combine(_folder.Path, "film.flv");
        File.WriteAllBytes(path, FilmBytes.FlvWithSound(3, 60));
        MediaFile file = MediaFile.Open(path, "film.flv", work: _work);
        Assert.Equal(0, _work.WaitsFor(long.MaxValue / 2));
        Assert.True(file.TryGrow(_work)); // by nothing
        Assert.Equal(0, _work.WaitsFor(long.MaxValue / 2));
        long before = file.Content.Samples;
        File.WriteAllBytes(path, FilmBytes.FlvWithSound(3, 120));
        Assert.True(file.TryGrow(_work));
        Assert.True(file.Content.Samples > before);
        Assert.Equal(0, _work.WaitsFor(long.MaxValue / 2));
        File.WriteAllBytes(path, FilmBytes.FlvWithSound(4, 200)); // another film
        Assert.False(file.TryGrow(_work));
        Assert.Equal(0, _work.WaitsFor(long.MaxValue / 2));
        file.Release();
    }
}
