using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

public sealed class FlushTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(FlushMode.Visible)]
    [InlineData(FlushMode.Started)]
    [InlineData(FlushMode.Durable)]
    public void A_flushed_store_is_read_through_the_file(FlushMode mode)
    {
        string path = _folder.Write("f", 200_000);
        using MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion region = file.Map(70_001, 100_000);
        region.Write(99_999, (byte)17);
        region.Flush(99_990, 10, mode);
        region.Flush(0, 0, mode);
        region.Flush(mode);

        using FileStream reader = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        reader.Position = 170_000;
        Assert.Equal(17, reader.ReadByte());
    }

    [Fact]
    public async Task A_flush_on_the_pool_pins_the_region()
    {
        using MappedFile file = MappedFile.Create(_folder["f"], 100_000);
        MappedRegion region = file.Map();
        region.AsSpan().Fill(9);
        Task flushed = region.FlushAsync(1, 99_998);
        region.Dispose();
        await flushed;

        Assert.Throws<ObjectDisposedException>(() => region.Read<byte>(0));
        using MappedRegion again = file.Map();
        Assert.Equal(9, again.Read<byte>(99_999));
        Task canceled = again.FlushAsync(0, 1, cancellationToken: new CancellationToken(canceled: true));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);
        again.Dispose();
        Assert.Equal(0, again.Length); // the canceled one holds no lease
    }

    [Fact]
    public void What_no_file_would_get_is_refused()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 100));
        using MappedRegion readOnly = file.Map();
        using MappedRegion own = file.Map(options: new MapOptions { Sharing = MapSharing.Private });
        using MappedRegion anonymous = MappedRegion.Allocate(100);

        Assert.Throws<InvalidOperationException>(() => readOnly.Flush());
        Assert.Throws<InvalidOperationException>(() => own.Flush());
        Assert.Throws<InvalidOperationException>(() => anonymous.Flush());
        Assert.Throws<ArgumentOutOfRangeException>(() => readOnly.Flush((FlushMode)9));
        Assert.Throws<ArgumentOutOfRangeException>(() => readOnly.Flush(1, 100));
    }

    [Fact]
    public void Locked_pages_flush_and_a_region_outlives_its_file_for_flushing_too()
    {
        MappedFile file = MappedFile.Create(_folder["f"], 3 * 4096);
        using MappedRegion region = file.Map();
        file.Dispose();
        region.LockInMemory(0, 4096);
        region.Write(5, (byte)5);
        region.Flush(FlushMode.Durable); // with MS_INVALIDATE this would be EBUSY
        region.UnlockInMemory(0, 4096);
    }
}
