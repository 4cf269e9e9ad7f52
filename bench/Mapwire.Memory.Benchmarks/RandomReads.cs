using BenchmarkDotNet.Attributes;
using Mapwire.Memory.Benchmarks.Native;

namespace Mapwire.Memory.Benchmarks;

/// <summary>100,000 fields of 8 bytes anywhere in 64 MiB, by one thread and by two at once.</summary>
public class RandomReads
{
    private const int Length = 64 << 20;
    private readonly long[] _offsets = new long[100_000];
    private BenchmarkFile _file = null!;

    [GlobalSetup]
    public void Setup()
    {
        _file = new BenchmarkFile(Length);
        Random random = new(2);
        for (int i = 0; i < _offsets.Length; i++)
        {
            _offsets[i] = random.NextInt64(Length - 8);
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _file.Dispose();

    [Benchmark(Baseline = true, Description = "pointer")]
    public long Pointer() => RawReads.SumFields(_file.Region.DangerousAddress, _offsets);

    [Benchmark(Description = "region.Read<long>")]
    public long Region() => SumByRegion();

    [Benchmark(Description = "MemoryMappedViewAccessor")]
    public long Framework() => SumByFramework();

    [Benchmark(Description = "RandomAccess.Read")]
    public long Call()
    {
        Span<byte> eight = stackalloc byte[8];
        long sum = 0;
        foreach (long offset in _offsets)
        {
            RandomAccess.Read(_file.Handle, eight, offset);
            sum += BitConverter.ToInt64(eight);
        }

        return sum;
    }

    [Benchmark(Description = "2 threads: pointer")]
    public void PointerByTwo() => Parallel.Invoke(() => Pointer(), () => Pointer());

    [Benchmark(Description = "2 threads: region.Read<long>")]
    public void RegionByTwo() => Parallel.Invoke(() => SumByRegion(), () => SumByRegion());

    [Benchmark(Description = "2 threads: MemoryMappedViewAccessor")]
    public void FrameworkByTwo() => Parallel.Invoke(() => SumByFramework(), () => SumByFramework());

    private long SumByRegion()
    {
        MappedRegion region = _file.Region;
        long sum = 0;
        foreach (long offset in _offsets)
        {
            sum += region.Read<long>(offset);
        }

        return sum;
    }

    private long SumByFramework()
    {
        long sum = 0;
        foreach (long offset in _offsets)
        {
            sum += _file.View.ReadInt64(offset);
        }

        return sum;
    }
}
