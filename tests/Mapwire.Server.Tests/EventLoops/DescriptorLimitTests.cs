using System.Globalization;
using Mapwire.Server.Loop;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Mapwire.Server.Tests.EventLoops;

public sealed class DescriptorLimitTests
{
    [Theory]
    [InlineData(256, 64, 60, 32, 100)]
    [InlineData(1024, 256, 60, 128, 580)]
    [InlineData(20_000, 512, 60, 2500, 16_928)]
    [InlineData(1_000_000, 512, 60, 4096, 995_332)]
    [InlineData(64, 16, 60, 8, 1)] // hardly enough to start: one connection is allowed, and refused when its number is too high
    public void A_reserve_is_kept_back_from_connections(long limit, long reserve, long open, int files, long room)
    {
        Assert.Equal(reserve, DescriptorLimit.ReserveOf(limit));
        Assert.Equal(files, DescriptorLimit.FilesOf(limit, 4096));
        Assert.Equal(Math.Min(files, 5), DescriptorLimit.FilesOf(limit, 5));
        Assert.Equal(4096, DescriptorLimit.FilesOf(null, 4096));
        Assert.Equal(room, DescriptorLimit.RoomFor(limit, open, files));
    }

    [Theory]
    [InlineData(191, false)]
    [InlineData(192, true)]
    [InlineData(255, true)]
    public void A_number_in_the_reserve_is_seen(int descriptor, bool isInReserve)
    {
        using SafeFileHandle handle = new(descriptor, ownsHandle: false);
        Assert.Equal(isInReserve, DescriptorLimit.IsInReserve(handle, 256));
        Assert.False(DescriptorLimit.IsInReserve(handle, null));
    }

    [Fact]
    public void The_systems_limit_and_what_is_open_are_known()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lists it.");
        string soft = File.ReadLines("/proc/self/limits").First(static line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        Assert.Equal(soft == "unlimited" ? null : long.Parse(soft, CultureInfo.InvariantCulture), DescriptorLimit.Get());
        Assert.InRange(DescriptorLimit.CountOpen(), 4, 100_000);
    }

    [Fact]
    public void The_systems_table_is_enlarged_before_connections_need_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lets threads wait for it.");
        int before = TableSize();
        long limit = Math.Min(DescriptorLimit.Get() ?? int.MaxValue, int.MaxValue);
        int open = DescriptorLimit.CountOpen();
        DescriptorLimit.Prepare(Math.Min(before + 1, limit)); // one more than there is room for
        Assert.True(TableSize() > Math.Min(before, limit - 1), $"{before} before, {TableSize()} now, limit {limit}");
        DescriptorLimit.Prepare(long.MaxValue);
        DescriptorLimit.Prepare(0);
        Assert.InRange(DescriptorLimit.CountOpen(), 1, open + 20); // other tests open some
    }

    /// <summary>How many descriptors fit into the process's table as it is.</summary>
    private static int TableSize() =>
        int.Parse(File.ReadLines("/proc/self/status").First(static line => line.StartsWith("FDSize:", StringComparison.Ordinal))[7..],
            CultureInfo.InvariantCulture);

}
