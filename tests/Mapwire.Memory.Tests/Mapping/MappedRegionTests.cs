using System.Buffers;
using Mapwire.Memory.Tests.Native;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

public sealed class MappedRegionTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_access_is_checked_against_the_region_and_not_against_its_pages()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 100), new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion region = file.Map(10, 20);

        Assert.Equal(TempFolder.Pattern(29), region.Read<byte>(19));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<byte>(20));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<byte>(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<long>(13));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<long>(long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<long>(long.MinValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<Guid>(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Write(20, (byte)1));
        Assert.Throws<ArgumentOutOfRangeException>(() => { region.AsSpan(0, 21); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { region.AsReadOnlySpan(21, 0); });
        Assert.Throws<ArgumentOutOfRangeException>(() => region.AsMemory(-1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.AsReadOnlyMemory(1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.AsSequence(19, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.TryRead(19, new byte[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Advise(0, 21, MemoryAdvice.WillNeed));

        using MappedRegion tiny = file.Map(10, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => tiny.Read<long>(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => tiny.Write(0, 1L));
    }

    [Fact]
    public void A_disposed_region_refuses_everything()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 100));
        MappedRegion region = file.Map();
        ReadOnlyMemory<byte> window = region.AsReadOnlyMemory(0, 10);
        region.Dispose();
        region.Dispose();

        Assert.Equal(0, region.Length);
        Assert.Throws<ObjectDisposedException>(() => region.Read<byte>(0));
        Assert.Throws<ObjectDisposedException>(() => { region.AsReadOnlySpan(0, 1); });
        Assert.Throws<ObjectDisposedException>(() => region.TryRead(0, new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => region.Lease());
        Assert.Throws<ObjectDisposedException>(() => region.DangerousAddress);
        Assert.Throws<ObjectDisposedException>(() => region.Advise(0, 1, MemoryAdvice.WillNeed));
        Assert.Throws<ObjectDisposedException>(() => { _ = window.Span; });
        Assert.Throws<ObjectDisposedException>(() => window.Pin());
    }

    [Fact]
    public async Task The_last_lease_unmaps_and_asynchronous_disposal_waits_for_it()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 100));
        MappedRegion region = file.Map();
        RegionLease first = region.Lease();
        RegionLease second = region.Lease();
        Assert.Same(region, first.Region);

        ValueTask gone = region.DisposeAsync();
        Assert.Equal(TempFolder.Pattern(7), region.Read<byte>(7));
        first.Dispose();
        first.Dispose(); // ends one lease, however often
        Assert.Equal(TempFolder.Pattern(7), region.Read<byte>(7));
        var one = new byte[1];
        Assert.True(region.TryRead(7, one));
        Assert.False(gone.IsCompleted);

        second.Dispose();
        await gone.AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Throws<ObjectDisposedException>(() => region.Read<byte>(7));
    }

    [Fact]
    public void Pinned_memory_keeps_the_pages()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 100));
        MappedRegion region = file.Map(3);
        MemoryHandle pin = region.AsReadOnlyMemory(2, 10).Slice(1).Pin();
        region.Dispose();

        Assert.Equal(TempFolder.Pattern(6), region.AsReadOnlySpan()[3]);
        Assert.Equal(TempFolder.Pattern(6), Pinned.FirstByte(pin));

        pin.Dispose();
        Assert.Throws<ObjectDisposedException>(() => region.Read<byte>(0));
    }

    [Fact]
    public void Guarded_reads_give_the_same_bytes_as_plain_ones()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 300_000));
        using MappedRegion region = file.Map(123);
        foreach ((int offset, int length) in new[] { (0, 0), (0, 1), (4000, 200), (1, 65536), (0, 299_877), (299_876, 1) })
        {
            var bytes = new byte[length];
            Assert.True(region.TryRead(offset, bytes));
            Assert.True(bytes.AsSpan().SequenceEqual(region.AsReadOnlySpan(offset, length)));
        }
    }
}
