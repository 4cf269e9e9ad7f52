using BenchmarkDotNet.Attributes;
using Mapwire.Memory.Benchmarks.Native;

namespace Mapwire.Memory.Benchmarks;

/// <summary>Which of 16,384 pages are in memory. The framework has nothing of the kind.</summary>
public class Residency
{
    private const int Length = 64 << 20;
    private readonly byte[] _pages = new byte[Length / 4096];
    private BenchmarkFile _file = null!;

    [GlobalSetup]
    public void Setup() => _file = new BenchmarkFile(Length);

    [GlobalCleanup]
    public void Cleanup() => _file.Dispose();

    [Benchmark(Baseline = true, Description = "C: mincore")]
    public long C() => RawReads.Resident(_file.Region.DangerousAddress, Length, _pages);

    [Benchmark(Description = "region.GetResidency")]
    public long Ours() => _file.Region.GetResidency().ResidentPages;
}
