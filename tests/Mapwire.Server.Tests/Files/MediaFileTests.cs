using Mapwire.Server.Files;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Files;

public sealed class MediaFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly GatherList _list = new();

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
}
