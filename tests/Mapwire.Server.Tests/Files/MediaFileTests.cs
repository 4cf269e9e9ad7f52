using Mapwire.Server.Files;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Files;

/// <summary>A file that is sent, and read again as it grows.</summary>
public sealed class MediaFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly GatherList _list = new();
    private readonly FileWork _work = new("film.flv", Limit, static _ => { }, static _ => { });

    private static TimeLimit Limit => new(TimeSpan.FromSeconds(10), "opening", "--limit-opening-time");

    public void Dispose()
    {
        _list.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_system_reads_no_file_to_send_it_where_it_may_ask_a_server_first(bool isLocal)
    {
        MediaFile file = MediaFile.Open(_folder.Add("a.mp4"), "a.mp4", isLocal: isLocal);
        Assert.True(_list.TryAddFile(file.Address, 100_000, file.Handle, 0));
        Assert.Equal(isLocal, _list.EndsInFile);
        Assert.Equal(100_000, _list.Length);
        file.Release();
    }

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
