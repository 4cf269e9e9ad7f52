using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

/// <summary>A region that one thread disposes of while others use it: an exception for those who are late, never a fault.</summary>
public sealed class DisposalTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Plain loads and stores count no reference, so this holds where the addresses stay reserved for a while.</summary>
    [NotUnderWineFact("Windows cannot replace pages in one step")]
    public void Plain_access_beside_Dispose_ends_with_ObjectDisposedException()
    {
        int rounds = Rounds.Of("MAPWIRE_DISPOSAL_ROUNDS", 300);
        string path = _folder["f"];
        using MappedFile file = MappedFile.Create(path, 1 << 16);
        for (int round = 0; round < rounds; round++)
        {
            MappedRegion region = round % 2 == 0 ? file.Map() : MappedRegion.Allocate(1 << 16);
            region.AsSpan().Fill(0xff);
            using Barrier start = new(3);
            Task<string>[] users = [.. new Action<MappedRegion, int>[]
            {
                (used, i) => Assert.Equal(-1L, used.Read<long>(i % 8000 * 8)),
                (used, i) => used.Write(i % 8000 * 8, -1L),
            }.Select(use => Task.Factory.StartNew(() => UseUntilDisposed(region, use, start), TaskCreationOptions.LongRunning))];
            start.SignalAndWait();
            Thread.SpinWait(round % 50 * 100);
            region.Dispose();
            Assert.All(users, user => Assert.Equal("ObjectDisposedException", user.Result));
        }

        Assert.True(TempFolder.ReadShared(path).AsSpan().IndexOfAnyExcept((byte)0xff) < 0,
            "a late store reached the file or another mapping");
    }

    [Fact]
    public void Guarded_access_and_page_calls_beside_Dispose_end_with_ObjectDisposedException()
    {
        using MappedFile file = MappedFile.Create(_folder["f"], 1 << 16);
        for (int round = 0; round < Rounds.Of("MAPWIRE_DISPOSAL_ROUNDS", 300); round++)
        {
            MappedRegion region = file.Map();
            using Barrier start = new(3);
            Task<string>[] users = [.. new Action<MappedRegion, int>[]
            {
                (used, i) => Assert.True(used.TryRead(i % 8000, new byte[100])),
                (used, _) => used.Advise(0, used.Length, MemoryAdvice.WillNeed),
            }.Select(use => Task.Factory.StartNew(() => UseUntilDisposed(region, use, start), TaskCreationOptions.LongRunning))];
            start.SignalAndWait();
            region.Dispose();
            Assert.All(users, user => Assert.Equal("ObjectDisposedException", user.Result));
        }
    }

    [NotUnderWineFact("Windows cannot replace pages in one step")]
    public void An_address_whose_region_is_gone_can_be_asked_for_again()
    {
        MappedRegion first = MappedRegion.Allocate(1 << 20);
        nint address = first.DangerousAddress;
        Assert.Throws<IOException>(() => MappedRegion.Allocate(1 << 20, new MapOptions { Address = address }));
        first.Dispose();
        using MappedRegion second = MappedRegion.Allocate(1 << 20, new MapOptions { Address = address });
        Assert.Equal(address, second.DangerousAddress);
    }

    /// <summary>More than the addresses that are kept empty: their time is over while others are mapped there.</summary>
    [Fact]
    public void A_region_at_addresses_of_a_former_one_has_its_own_pages()
    {
        byte[] pattern = new byte[3 * 65536];
        new Random(1).NextBytes(pattern);
        File.WriteAllBytes(_folder["f"], pattern);
        using MappedFile file = MappedFile.Open(_folder["f"]);
        List<MappedRegion> former = [];
        for (int i = 0; i < 600; i++)
        {
            bool isFile = i % 2 == 0;
            MappedRegion region = isFile ? file.Map() : MappedRegion.Allocate(pattern.Length);
            Assert.True(region.AsReadOnlySpan().SequenceEqual(isFile ? pattern : new byte[pattern.Length]), $"region {i}");
            if (!isFile)
            {
                region.AsSpan().Fill(1);
            }

            region.Dispose();
            former.Add(region);
        }

        using MappedRegion last = file.Map();
        Assert.All(former, region => Assert.Throws<ObjectDisposedException>(() => region.Read<long>(8)));
        Assert.ThrowsAny<ArgumentException>(() => file.Map(0, 1L << 40)); // beyond the file
        Assert.True(last.AsReadOnlySpan().SequenceEqual(pattern));
    }

    [Fact]
    public async Task Calls_and_leases_that_follow_each_other_do_not_keep_a_disposed_region()
    {
        for (int round = 0; round < 3; round++)
        {
            MappedRegion region = MappedRegion.Allocate(1 << 16);
            using Barrier start = new(9);
            Task<string>[] users = [.. Enumerable.Range(0, 8).Select(i => Task.Factory.StartNew(
                () => UseUntilDisposed(region, i % 2 == 0 ? Look : Copy, start),
                TaskCreationOptions.LongRunning))];
            start.SignalAndWait();
            await Task.Delay(20, TestContext.Current.CancellationToken);
            await region.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
            Assert.All(await Task.WhenAll(users), end => Assert.Equal("ObjectDisposedException", end));
        }

        static void Copy(MappedRegion region, int i)
        {
            Assert.True(region.TryRead(i % 8000, new byte[100]));
            Thread.Yield();
        }

        static void Look(MappedRegion region, int i)
        {
            using RegionReader reader = region.OpenReader();
            Assert.Equal(0, reader.Read<long>(i % 8000 * 8));
            Thread.Yield(); // leaves managed code: see run-wine.sh
        }
    }

    [Fact]
    public void A_disposed_region_works_for_its_leases_and_gives_out_no_more()
    {
        MappedRegion region = MappedRegion.Allocate(4096);
        RegionLease lease = region.Lease();
        region.Dispose();
        Assert.Throws<ObjectDisposedException>(() => region.Lease());
        Assert.Throws<ObjectDisposedException>(() => region.OpenReader().Dispose());
        Assert.Throws<ObjectDisposedException>(() => region.AsStream());
        Assert.True(lease.Region.TryRead(0, new byte[8]));
        Assert.Equal(0, lease.Region.Read<long>(0));
        lease.Dispose();
        Assert.Equal("Mapwire.Memory.MappedRegion",
            Assert.Throws<ObjectDisposedException>(() => region.TryRead(0, new byte[8])).ObjectName);
    }

    [Fact]
    public void A_reader_that_is_disposed_of_twice_ends_no_other_lease()
    {
        MappedRegion region = MappedRegion.Allocate(4096);
        using RegionLease lease = region.Lease();
        region.Write(0, 7L);
        RegionReader reader = region.OpenReader();
        RegionReader copy = reader;
        reader.Dispose();
        reader.Dispose();
        copy.Dispose();
        region.Dispose();
        Assert.Equal(7, region.Read<long>(0));
    }

    [Fact]
    public void A_lease_that_was_dropped_ends()
    {
        MappedRegion region = MappedRegion.Allocate(4096);
        Drop(region);
        region.Dispose();
        Task unmapped = region.DisposeAsync().AsTask();
        for (int round = 0; round < 100 && !unmapped.IsCompleted; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.True(unmapped.IsCompletedSuccessfully);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Drop(MappedRegion region) => region.Lease();
    }

    private static string UseUntilDisposed(MappedRegion region, Action<MappedRegion, int> use, Barrier start)
    {
        start.SignalAndWait();
        try
        {
            for (int i = 0; ; i++)
            {
                use(region, i);
            }
        }
        catch (Exception exception)
        {
            return exception is ObjectDisposedException ? nameof(ObjectDisposedException) : exception.ToString();
        }
    }
}
