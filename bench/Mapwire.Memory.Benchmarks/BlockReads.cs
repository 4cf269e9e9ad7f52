using BenchmarkDotNet.Attributes;
using Mapwire.Memory.Benchmarks.Native;

namespace Mapwire.Memory.Benchmarks;

/// <summary>Copying 4 KiB from one of 16,384 places, and 64 MiB at once.</summary>
public class BlockReads
{
    private const int Length = 64 << 20;
    private const int Block = 4096;
    private readonly byte[] _block = new byte[Block];
    private readonly byte[] _all = new byte[Length];
    private BenchmarkFile _file = null!;
    private int _next;

    [GlobalSetup]
    public void Setup() => _file = new BenchmarkFile(Length);

    [GlobalCleanup]
    public void Cleanup() => _file.Dispose();

    [Benchmark(Description = "4 KiB: C memcpy")]
    public void BlockByC() => RawReads.Copy(_file.Region.DangerousAddress + (nint)Place(), _block, Block);

    [Benchmark(Description = "4 KiB: region's span")]
    public void BlockBySpan() => _file.Region.AsReadOnlySpan(Place(), Block).CopyTo(_block);

    [Benchmark(Description = "4 KiB: region.TryRead (guarded)")]
    public bool BlockGuarded() => _file.Region.TryRead(Place(), _block);

    [Benchmark(Description = "4 KiB: RandomAccess.Read")]
    public int BlockByCall() => RandomAccess.Read(_file.Handle, _block, Place());

    [Benchmark(Description = "4 KiB: MemoryMappedViewAccessor")]
    public int BlockByFramework() => _file.View.ReadArray(Place(), _block, 0, Block);

    [Benchmark(Baseline = true, Description = "64 MiB: C memcpy")]
    public void AllByC() => RawReads.Copy(_file.Region.DangerousAddress, _all, Length);

    [Benchmark(Description = "64 MiB: region's span")]
    public void AllBySpan() => _file.Region.AsReadOnlySpan().CopyTo(_all);

    [Benchmark(Description = "64 MiB: region.TryRead (guarded)")]
    public bool AllGuarded() => _file.Region.TryRead(0, _all);

    [Benchmark(Description = "64 MiB: RandomAccess.Read")]
    public int AllByCall() => RandomAccess.Read(_file.Handle, _all, 0);

    /// <summary>The next of the places, in an order without a pattern that a prefetcher knows.</summary>
    private long Place()
    {
        _next = (_next * 5 + 3) & (Length / Block - 1);
        return (long)_next * Block;
    }
}
