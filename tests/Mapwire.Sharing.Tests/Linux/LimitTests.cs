using System.Globalization;
using System.Runtime.Versioning;
using Mapwire.Memory.Native.Sharing.Linux;
using Mapwire.Sharing.Tests.Processes;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Linux;

/// <summary>What a process and a machine have little of: descriptors and memory.</summary>
[SupportedOSPlatform("linux")]
public sealed class LimitTests : IDisposable
{
    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public void A_disposed_segment_keeps_no_descriptor_open()
    {
        using ChildProcess child = new(_segments.Folder, "limit-descriptors", "0");
        Assert.Equal("done", child.ReadToEnd().Trim());
    }

    [Fact]
    public void A_disposed_segment_keeps_no_memory_although_its_objects_are_kept()
    {
        using ChildProcess child = new(_segments.Folder, "limit-pages", "0");
        Assert.InRange(int.Parse(child.ReadLine()!, CultureInfo.InvariantCulture), 0, 32 << 10); // KiB, of 256 MiB
        Assert.Equal("done", child.ReadLine());
    }

    [Fact]
    public void A_disposed_segment_keeps_no_memory_although_an_arena_was_in_it()
    {
        using ChildProcess child = new(_segments.Folder, "limit-arenas", "0");
        Assert.InRange(int.Parse(child.ReadLine()!, CultureInfo.InvariantCulture), 200 << 10, 400 << 10); // KiB, of 8 that are open
        Assert.InRange(int.Parse(child.ReadLine()!, CultureInfo.InvariantCulture), 0, 32 << 10);
        Assert.Equal("done", child.ReadLine());
    }

    [Fact]
    public void A_size_that_the_machine_does_not_have_is_refused_before_memory_is_set_aside()
    {
        string folder = Directory.CreateDirectory($"/dev/shm/mapwire-test-{Guid.NewGuid():n}").FullName;
        try
        {
            using ChildProcess child = new(folder, "limit-size", "0");
            for (int i = 0; i < 3; i++)
            {
                Assert.Contains("MemAvailable", child.ReadLine(), StringComparison.Ordinal);
            }

            Assert.Equal("0", child.ReadLine());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_lowest_limit_of_the_process_control_groups_counts()
    {
        const long Kibi = 1024, Mebi = Kibi * Kibi;
        string processes = Path.Combine(_segments.Folder, "proc"), groups = Path.Combine(_segments.Folder, "groups");
        Assert.Equal(long.MaxValue, LinuxMemoryRoom.GetAvailable(processes, groups));
        Write(processes, "meminfo", "MemTotal: 900000 kB\nMemAvailable:   409600 kB\nSwapFree:  1024 kB\n");
        Assert.Equal(401 * Mebi, LinuxMemoryRoom.GetAvailable(processes, groups));

        Write(processes, "self/cgroup", "5:devices:/x\n0::/outer/inner\n");
        Write(groups, "outer/inner/memory.max", "max\n");
        Write(groups, "outer/inner/memory.current", "0\n");
        Assert.Equal(401 * Mebi, LinuxMemoryRoom.GetAvailable(processes, groups));
        Write(groups, "outer/memory.max", $"{100 * Mebi}\n");
        Write(groups, "outer/memory.current", $"{80 * Mebi}\n");
        Write(groups, "outer/memory.stat", $"anon 5\nfile {50 * Mebi}\nshmem {20 * Mebi}\n");
        Assert.Equal((100 - 80 + 50 - 20 + 1) * Mebi, LinuxMemoryRoom.GetAvailable(processes, groups));

        Write(processes, "self/cgroup", "4:cpu,memory:/job\n0::/\n");
        Write(groups, "memory/memory.limit_in_bytes", "9223372036854771712\n");
        Write(groups, "memory/memory.usage_in_bytes", "1000\n");
        Assert.Equal(401 * Mebi, LinuxMemoryRoom.GetAvailable(processes, groups));
        Write(groups, "memory/job/memory.limit_in_bytes", $"{10 * Mebi}\n");
        Write(groups, "memory/job/memory.usage_in_bytes", $"{20 * Mebi}\n");
        Assert.Equal(1 * Mebi, LinuxMemoryRoom.GetAvailable(processes, groups));
    }

    private static void Write(string folder, string name, string text)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
