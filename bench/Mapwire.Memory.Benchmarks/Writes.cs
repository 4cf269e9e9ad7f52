using BenchmarkDotNet.Attributes;
using Mapwire.Memory.Benchmarks.Native;

namespace Mapwire.Memory.Benchmarks;

/// <summary>Storing 1 MiB of 8-byte fields, storing 4 KiB, and bringing 4 KiB to the device.</summary>
public class Writes
{
    private const int Length = 1 << 20;
    private const int Block = 4096;
    private readonly byte[] _block = new byte[Block];
    private BenchmarkFile _file = null!;
    private long _value;

    [GlobalSetup]
    public void Setup() => _file = new BenchmarkFile(Length);

    [GlobalCleanup]
    public void Cleanup() => _file.Dispose();

    [Benchmark(Baseline = true, Description = "fields: pointer")]
    public void FieldsByPointer() => RawReads.FillFields(_file.Region.DangerousAddress, Length, _value++);

    [Benchmark(Description = "fields: region.Write<long>")]
    public void FieldsByRegion()
    {
        MappedRegion region = _file.Region;
        _value++;
        for (long offset = 0; offset <= Length - 8; offset += 8)
        {
            region.Write(offset, _value);
        }
    }

    [Benchmark(Description = "fields: MemoryMappedViewAccessor")]
    public void FieldsByFramework()
    {
        _value++;
        for (long offset = 0; offset <= Length - 8; offset += 8)
        {
            _file.View.Write(offset, _value);
        }
    }

    [Benchmark(Description = "4 KiB: region's span")]
    public void BlockBySpan() => _block.CopyTo(_file.Region.AsSpan(8192, Block));

    [Benchmark(Description = "4 KiB: region.TryWrite (guarded)")]
    public bool BlockGuarded() => _file.Region.TryWrite(8192, _block);

    [Benchmark(Description = "4 KiB: RandomAccess.Write")]
    public void BlockByCall() => RandomAccess.Write(_file.Handle, _block, 8192);

    [Benchmark(Description = "flush 4 KiB: C msync")]
    public int FlushByC()
    {
        _file.Region.Write(16384, _value++);
        return CCalls.Flush(_file.Region.DangerousAddress + 16384, Block, CCalls.Sync);
    }

    [Benchmark(Description = "flush 4 KiB: region.Flush(Durable)")]
    public void FlushByRegion()
    {
        _file.Region.Write(16384, _value++);
        _file.Region.Flush(16384, Block);
    }

    [Benchmark(Description = "flush all: MemoryMappedViewAccessor")]
    public void FlushByFramework()
    {
        _file.View.Write(16384, _value++);
        _file.View.Flush(); // it has no range
    }

    [Benchmark(Description = "flush 4 KiB: RandomAccess.Write, FlushToDisk")]
    public void FlushByCall()
    {
        RandomAccess.Write(_file.Handle, _block, 16384);
        RandomAccess.FlushToDisk(_file.Handle);
    }
}
