using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Linux;

/// <summary>What only Linux has: devices, huge pages, holes, the page cache.</summary>
public sealed class SystemOnLinuxTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_dropped_region_leaves_no_pages_that_late_stores_vanish_in()
    {
        nint address = unchecked((nint)0x3b00_0000_0000); // far from where the system maps by itself
        Drop(address);
        for (int round = 0; round < 20 && IsMapped(address); round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(IsMapped(address));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Drop(nint address) => MappedRegion.Allocate(1 << 16, new MapOptions { Address = address }).Write(0, 5L);

        static bool IsMapped(nint address) =>
            File.ReadLines("/proc/self/maps").Any(line => line.StartsWith($"{address:x}-", StringComparison.Ordinal));
    }

    [Fact]
    public void Zeros_of_a_device_are_memory()
    {
        using MappedFile zero = MappedFile.Open("/dev/zero", new MappedFileOptions { Access = FileAccess.ReadWrite });
        Assert.Equal(0, zero.Length);
        Assert.Throws<ArgumentException>(() => zero.Map());
        using MappedRegion own = zero.Map(0, 100_000, new MapOptions { Sharing = MapSharing.Private });
        using MappedRegion shared = zero.Map(0, 100_000);
        Assert.Equal(0, own.Read<long>(50_000));
        own.Write(50_000, 1L);
        shared.Write(50_000, 2L);
        Assert.Equal(1L, own.Read<long>(50_000));
        Assert.Equal(2L, shared.Read<long>(50_000));
    }

    [Fact]
    public void More_than_a_span_holds_is_copied_at_once()
    {
        const long length = (2L << 30) + 8192;
        using MappedFile file = MappedFile.Create(_folder["f"], length); // a hole
        using MappedRegion region = file.Map();
        region.Write(length - 8, 0x1122334455667788);
        region.Write(int.MaxValue - 3L, 0x99L);
        using MappedRegion target = MappedRegion.Allocate(length, new MapOptions { HugePages = HugePages.Transparent });
        Assert.True(region.TryCopyTo(0, target, 0, length));
        Assert.Equal(0x1122334455667788, target.Read<long>(length - 8));
        Assert.Equal(0x99L, target.Read<long>(int.MaxValue - 3L));
    }

    [Fact]
    public void A_pipe_is_refused_at_once()
    {
        string pipe = _folder["pipe"];
        using (System.Diagnostics.Process mkfifo = System.Diagnostics.Process.Start("mkfifo", [pipe]))
        {
            mkfifo.WaitForExit();
        }

        IOException failure = Assert.Throws<UnmappableFileException>(() => MappedFile.Open(pipe)); // opening it would wait for a writer
        Assert.Contains("pipe", failure.Message);
    }

    [Fact]
    public void The_descriptor_is_closed_with_the_file_and_the_region_reads_on()
    {
        string path = _folder.Write("f", 100);
        MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map();
        Assert.Contains(path, OpenFiles());
        file.Dispose();
        Assert.DoesNotContain(path, OpenFiles());
        Assert.Equal(TempFolder.Pattern(99), region.Read<byte>(99));

        static IEnumerable<string?> OpenFiles() => Directory.GetFiles("/proc/self/fd")
            .Select(link => { try { return File.ResolveLinkTarget(link, false)?.FullName; } catch (IOException) { return null; } });
    }

    [Fact]
    public void Transparent_huge_pages_are_asked_for()
    {
        using MappedRegion region = MappedRegion.Allocate(8 << 20, new MapOptions { HugePages = HugePages.Transparent });
        region.AsSpan().Fill(1);
        Assert.Equal(1, region.Read<byte>((8 << 20) - 1));
        Assert.Contains("hg", VmFlags(region.DangerousAddress)); // the kernel's own name for the advice
    }

    [Fact]
    public void Explicit_huge_pages_are_given_or_their_lack_is_named()
    {
        long free = long.Parse(File.ReadLines("/proc/meminfo").First(l => l.StartsWith("HugePages_Free:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
        if (free == 0)
        {
            IOException failure = Assert.Throws<IOException>(() => Allocate());
            Assert.Contains("vm.nr_hugepages", failure.Message);
            return;
        }

        using MappedRegion region = Allocate();
        region.Write(999_999, (byte)1);
        Assert.Contains("ht", VmFlags(region.DangerousAddress));

        static MappedRegion Allocate() => MappedRegion.Allocate(1_000_000, new MapOptions { HugePages = HugePages.Explicit });
    }

    [Fact]
    public void Pages_of_a_shared_file_are_discarded_with_their_blocks()
    {
        string path = _folder.Write("f", 64 * 4096);
        using MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion region = file.Map();
        region.Flush();
        long before = Blocks(path);
        region.Discard(100, 63 * 4096);
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(64 * 4096, bytes.Length);
        Assert.Equal(TempFolder.Pattern(99), bytes[99]);
        Assert.True(bytes.AsSpan(100, 63 * 4096).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(TempFolder.Pattern(63 * 4096 + 100), bytes[63 * 4096 + 100]);
        Assert.True(Blocks(path) <= before - 60 * 8, $"{before} blocks before, {Blocks(path)} after");
    }

    [Fact]
    public void Private_pages_of_a_file_are_discarded_back_to_the_file()
    {
        string path = _folder.Write("f", 3 * 4096);
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion own = file.Map(options: new MapOptions { Sharing = MapSharing.Private });
        own.AsSpan().Clear();
        own.Discard(4096, 4096);
        Assert.Equal(0, own.Read<byte>(4095));
        Assert.Equal(TempFolder.Pattern(4096), own.Read<byte>(4096));
        Assert.Equal(0, own.Read<byte>(8192));
        Assert.Throws<ArgumentException>(() => own.Discard(0, 100));
    }

    [Fact]
    public void Advice_that_would_lose_bytes_is_refused_and_the_rest_is_taken()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 100_000), new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion shared = file.Map();
        using MappedRegion own = file.Map(options: new MapOptions { Sharing = MapSharing.Private });
        using MappedRegion anonymous = MappedRegion.Allocate(100_000);
        anonymous.AsSpan().Fill(3);

        foreach (MemoryAdvice advice in Enum.GetValues<MemoryAdvice>())
        {
            if (advice != MemoryAdvice.Free)
            {
                shared.Advise(5_000, 50_000, advice);
            }

            if (advice is not (MemoryAdvice.DontNeed or MemoryAdvice.Free))
            {
                anonymous.Advise(1, 99_999, advice);
            }
        }

        Assert.Throws<InvalidOperationException>(() => own.Advise(0, 1, MemoryAdvice.DontNeed));
        Assert.Throws<InvalidOperationException>(() => anonymous.Advise(0, 1, MemoryAdvice.DontNeed));
        Assert.Throws<InvalidOperationException>(() => shared.Advise(0, 1, MemoryAdvice.Free));
        Assert.Throws<ArgumentOutOfRangeException>(() => shared.Advise(0, 1, (MemoryAdvice)77));
        Assert.True(anonymous.AsReadOnlySpan().IndexOfAnyExcept((byte)3) < 0);
        for (int i = 0; i < 100_000; i += 999)
        {
            Assert.Equal(TempFolder.Pattern(i), shared.Read<byte>(i));
        }

        anonymous.Advise(0, 100_000, MemoryAdvice.Free);
        Assert.True(anonymous.Read<byte>(50_000) is 0 or 3);
    }

    [Fact]
    public void An_evicted_file_leaves_the_cache_and_comes_back_page_by_page()
    {
        string path = _folder.Write("f", 64 * 4096);
        using MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite });
        using (MappedRegion warm = file.Map())
        {
            PageResidency all = warm.GetResidency();
            Assert.Equal(64, all.PageCount);
            Assert.Equal(64, all.ResidentPages);
            Assert.Equal(64 * 4096, all.ResidentBytes);
            Assert.True(all[63]);
            Assert.Throws<ArgumentOutOfRangeException>(() => all[64]);
        }

        file.Evict();
        using MappedRegion cold = file.Map();
        Assert.Equal(0, cold.GetResidency().ResidentPages);
        cold.Advise(0, cold.Length, MemoryAdvice.Random); // no read-ahead
        Assert.Equal(TempFolder.Pattern(40 * 4096), cold.Read<byte>(40 * 4096));
        PageResidency some = cold.GetResidency();
        Assert.True(some[40]);
        Assert.False(some[20]);
        Assert.Equal(1, cold.GetResidency(40 * 4096 + 5, 1).ResidentPages);
        Assert.Equal(0, cold.GetResidency(20 * 4096, 4096).ResidentPages);
        cold.Advise(0, cold.Length, MemoryAdvice.PopulateRead);
        Assert.Equal(64, cold.GetResidency().ResidentPages);
    }

    [Fact]
    public void Machine_code_runs_from_a_region_that_allows_it()
    {
        using MappedFile plain = MappedFile.Open(_folder.Write("f", 4096));
        Assert.Throws<InvalidOperationException>(() =>
            plain.Map(options: new MapOptions { Access = MemoryAccess.Read | MemoryAccess.Execute }));
        using MappedFile file = MappedFile.Open(_folder["f"], new MappedFileOptions { Execute = true });
        using MappedRegion region = file.Map(options: new MapOptions { Access = MemoryAccess.Read | MemoryAccess.Execute });
        Assert.Contains("ex", VmFlags(region.DangerousAddress));
    }

    private static string[] VmFlags(nint address)
    {
        string start = $"{address:x}-";
        return File.ReadLines("/proc/self/smaps").SkipWhile(line => !line.StartsWith(start, StringComparison.Ordinal))
            .First(line => line.StartsWith("VmFlags:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private static long Blocks(string path)
    {
        using System.Diagnostics.Process stat = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%b", path]) { RedirectStandardOutput = true })!;
        return long.Parse(stat.StandardOutput.ReadToEnd());
    }
}
