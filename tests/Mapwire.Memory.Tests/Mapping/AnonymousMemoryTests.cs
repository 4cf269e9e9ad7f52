using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

public sealed class AnonymousMemoryTests
{
    [Fact]
    public void It_is_zero_and_holds_what_is_stored()
    {
        using MappedRegion region = MappedRegion.Allocate(100_001);
        Assert.Equal(100_001, region.Length);
        Assert.False(region.IsFile);
        Assert.True(region.IsPrivate);
        Assert.True(region.AsReadOnlySpan().IndexOfAnyExcept((byte)0) < 0);
        region.Write(99_993, ulong.MaxValue);
        Assert.Equal(ulong.MaxValue, region.Read<ulong>(99_993));
    }

    private const string ReadsThroughProtection =
        "its ReadProcessMemory reads pages without access too, and loses its server when it cannot write the target";

    [NotUnderWineFact(ReadsThroughProtection)]
    public void Guard_pages_stop_what_runs_over_either_end()
    {
        int page = PlatformCapabilities.PageSize;
        using MappedRegion region = MappedRegion.Allocate(page, new MapOptions { GuardPages = 1 });
        region.Write(0, (byte)1);
        region.Write(page - 1, (byte)1);

        // Guarded access to raw addresses shows the guards without dying on them.
        using MappedRegion target = MappedRegion.Allocate(page);
        Assert.True(Guard(region.DangerousAddress));
        Assert.True(Guard(region.DangerousAddress + page - 1));
        Assert.False(Guard(region.DangerousAddress - 1));
        Assert.False(Guard(region.DangerousAddress + page));

        static bool Guard(nint address) => Mapwire.Memory.Native.MemorySystem.Current.TryRead(address, new byte[1]);
    }

    [Fact]
    public void A_fixed_address_is_honoured_and_replaces_nothing()
    {
        nint free;
        using (MappedRegion probe = MappedRegion.Allocate(1 << 20))
        {
            free = probe.DangerousAddress; // free once it is disposed of: nothing else maps so much meanwhile
        }

        using MappedRegion region = MappedRegion.Allocate(1 << 20, new MapOptions { Address = free });
        Assert.Equal(free, region.DangerousAddress);
        region.Write(0, 42);

        Assert.Throws<IOException>(() => MappedRegion.Allocate(4096, new MapOptions { Address = free }));
        Assert.Throws<IOException>(() =>
            MappedRegion.Allocate(1 << 20, new MapOptions { Address = free + PlatformCapabilities.AllocationGranularity }));
        Assert.Throws<ArgumentException>(() => MappedRegion.Allocate(4096, new MapOptions { Address = free + 1 }));
        Assert.Equal(42, region.Read<int>(0));
    }

    [Fact]
    public void Populated_memory_is_resident_before_it_is_touched()
    {
        using MappedRegion lazy = MappedRegion.Allocate(1 << 20);
        using MappedRegion ready = MappedRegion.Allocate(1 << 20, new MapOptions { Populate = true });
        Assert.Equal(0, lazy.GetResidency().ResidentPages);
        Assert.Equal(ready.GetResidency().PageCount, ready.GetResidency().ResidentPages);
    }

    [Fact]
    public void It_grows_and_shrinks_at_one_address()
    {
        using MappedRegion region = MappedRegion.Allocate(10_000, new MapOptions { Reserve = 1L << 32 });
        nint address = region.DangerousAddress;
        region.Write(9_999, (byte)9);
        region.Resize(1 << 24);
        Assert.Equal(address, region.DangerousAddress);
        Assert.Equal(9, region.Read<byte>(9_999));
        region.Write((1 << 24) - 1, (byte)8);

        region.Resize(5_000);
        Assert.Equal(5_000, region.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<byte>(5_000));
        region.Resize(1 << 24);
        Assert.Equal(0, region.Read<byte>((1 << 24) - 1)); // the pages were given back
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Resize((1L << 32) + 1));
        region.Resize(0);
        region.Resize(1);
        Assert.Equal(address, region.DangerousAddress);
    }

    [Fact]
    public void A_region_without_a_reserve_does_not_resize()
    {
        using MappedRegion region = MappedRegion.Allocate(10);
        Assert.Throws<InvalidOperationException>(() => region.Resize(11));
        Assert.Throws<InvalidOperationException>(() => region.Resize(9));
    }

    [Fact]
    public void Discarded_bytes_are_zero_and_their_neighbours_are_not()
    {
        int page = PlatformCapabilities.PageSize;
        using MappedRegion region = MappedRegion.Allocate(5 * page);
        region.AsSpan().Fill(7);
        region.Discard(page - 10, 3 * page + 20);
        ReadOnlySpan<byte> bytes = region.AsReadOnlySpan();
        Assert.True(bytes[..(page - 10)].IndexOfAnyExcept((byte)7) < 0);
        Assert.True(bytes[(page - 10)..(4 * page + 10)].IndexOfAnyExcept((byte)0) < 0);
        Assert.True(bytes[(4 * page + 10)..].IndexOfAnyExcept((byte)7) < 0);

        region.Discard(5, 10); // within a page
        Assert.Equal(7, region.Read<byte>(4));
        Assert.Equal(0, region.Read<byte>(5));
        Assert.Equal(7, region.Read<byte>(15));
    }

    [Fact]
    public void Memory_can_be_made_read_only_and_writable_again()
    {
        int page = PlatformCapabilities.PageSize;
        using MappedRegion region = MappedRegion.Allocate(3 * page);
        region.AsSpan().Fill(1);
        Assert.Throws<ArgumentException>(() => region.Protect(1, page, MemoryAccess.Read));
        Assert.Throws<ArgumentException>(() => region.Protect(0, page + 1, MemoryAccess.Read));

        region.Protect(0, region.Length, MemoryAccess.Read);
        Assert.Throws<InvalidOperationException>(() => region.Write(0, 1));
        region.Protect(0, region.Length, MemoryAccess.ReadWrite);
        region.Write(page, 77);
        Assert.Equal(77, region.Read<int>(page));
    }

    [NotUnderWineFact(ReadsThroughProtection)]
    public void Guarded_access_reports_what_protection_forbids()
    {
        int page = PlatformCapabilities.PageSize;
        using MappedRegion region = MappedRegion.Allocate(3 * page);
        region.AsSpan().Fill(1);
        region.Protect(page, page, MemoryAccess.None);
        var one = new byte[1];
        Assert.True(region.TryRead(page - 1, one));
        Assert.False(region.TryRead(page, one));
        region.Protect(page, page, MemoryAccess.Read);
        Assert.True(region.TryRead(page, one));
        Assert.False(region.TryWrite(page, one));
        Assert.True(region.TryWrite(page - 1, one));
        using MappedRegion other = MappedRegion.Allocate(3 * page);
        Assert.False(other.TryCopyTo(0, region, 0, 3 * page));
        Assert.True(region.TryCopyTo(0, other, 0, 3 * page));
    }

    [Fact]
    public void Locked_memory_is_resident_and_can_be_unlocked()
    {
        using MappedRegion region = MappedRegion.Allocate(1 << 16);
        region.LockInMemory(0, 1 << 14);
        Assert.Equal((1 << 14) / PlatformCapabilities.PageSize, region.GetResidency().ResidentPages);
        region.UnlockInMemory(0, 1 << 14);
    }

    [Fact]
    public void Memory_that_does_not_exist_is_an_exception_and_not_an_address()
    {
        Assert.ThrowsAny<Exception>(() => MappedRegion.Allocate(1L << 60));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedRegion.Allocate(-1));
        Assert.Throws<ArgumentException>(() => MappedRegion.Allocate(1, new MapOptions { Sharing = MapSharing.Private }));
        Assert.Throws<ArgumentException>(() =>
            MappedRegion.Allocate(1 << 21, new MapOptions { HugePages = HugePages.Explicit, GuardPages = 1 }));
        using MappedRegion empty = MappedRegion.Allocate(0);
        Assert.Equal(0, empty.Length);
    }
}
