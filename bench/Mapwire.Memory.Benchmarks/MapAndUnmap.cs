using System.IO.MemoryMappedFiles;
using BenchmarkDotNet.Attributes;
using Mapwire.Memory.Benchmarks.Native;

namespace Mapwire.Memory.Benchmarks;

/// <summary>Mapping 1 MiB of an open file and letting go of it, untouched.</summary>
public class MapAndUnmap
{
    private const int Length = 1 << 20;
    private BenchmarkFile _file = null!;

    [GlobalSetup]
    public void Setup() => _file = new BenchmarkFile(4 << 20);

    [GlobalCleanup]
    public void Cleanup() => _file.Dispose();

    [Benchmark(Baseline = true, Description = "C: mmap, munmap")]
    public nint C()
    {
        nint address = CCalls.Map(0, Length, CCalls.ReadProtection, CCalls.Shared, _file.Handle, 0);
        _ = CCalls.Unmap(address, Length);
        return address;
    }

    [Benchmark(Description = "MappedFile.Map")]
    public long Ours()
    {
        using MappedRegion region = _file.File.Map(0, Length, ReadOnly);
        return region.Length;
    }

    [Benchmark(Description = "MemoryMappedFile")]
    public long Framework()
    {
        using MemoryMappedViewAccessor view = _file.Framework.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        return view.Capacity;
    }

    private static readonly MapOptions ReadOnly = new() { Access = MemoryAccess.Read };
}
