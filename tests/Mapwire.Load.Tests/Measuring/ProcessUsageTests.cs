using System.Diagnostics;
using Mapwire.Load.Measuring;

namespace Mapwire.Load.Tests.Measuring;

public sealed class ProcessUsageTests
{
    [Fact]
    public void A_name_with_brackets_and_spaces_does_not_shift_the_fields() => Assert.Equal(
        3.5,
        ProcessUsage.ParseCpuSeconds("4242 (a) b (c) S 1 4242 4242 0 -1 4194560 1 2 3 4 150 200 99 99 20 0 1 0 5 6 7"));

    [Fact]
    public void Sizes_are_bytes_and_pages()
    {
        Assert.Equal(1234 * 1024,
            ProcessUsage.ParseProportional("0-1 ---p 0 00:00 0 [rollup]\nRss:   99 kB\nPss:    1234 kB\nPss_Dirty: 7 kB\n"));
        Assert.Equal(0, ProcessUsage.ParseProportional(""));
        Assert.Equal(17,
            ProcessUsage.ParseSocketPages("sockets: used 100\nTCP: inuse 5 orphan 0 tw 0 alloc 6 mem 17\nUDP: inuse 1 mem 3\n"));
    }

    [Fact]
    public void This_process_has_used_something_where_the_system_tells()
    {
        ProcessUsage usage = ProcessUsage.Of([Environment.ProcessId]);
        using Process self = Process.GetCurrentProcess();
        if (OperatingSystem.IsLinux())
        {
            Assert.InRange(usage.CpuSeconds, 0.01, self.TotalProcessorTime.TotalSeconds + 0.02);
            Assert.InRange(usage.ProportionalBytes, 1_000_000, 4L << 30);
        }
        else
        {
            Assert.Equal(default, usage);
        }

        Assert.Equal(0, ProcessUsage.Of([int.MaxValue]).CpuSeconds);
    }
}
