using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Mapwire.Memory.Benchmarks.Native;

namespace Mapwire.Memory.Benchmarks;

/// <summary>A sum over 1 MiB from front to back, by bytes and by fields of 8 bytes.</summary>
public class SequentialReads
{
    private const int Length = 1 << 20;
    private readonly byte[] _buffer = new byte[1 << 16];
    private BenchmarkFile _file = null!;

    [GlobalSetup]
    public void Setup() => _file = new BenchmarkFile(Length);

    [GlobalCleanup]
    public void Cleanup() => _file.Dispose();

    [Benchmark(Description = "bytes: pointer")]
    public long BytesByPointer() => RawReads.SumBytes(_file.Region.DangerousAddress, Length);

    [Benchmark(Description = "bytes: region's span")]
    public long BytesBySpan()
    {
        long sum = 0;
        foreach (byte one in _file.Region.AsReadOnlySpan())
        {
            sum += one;
        }

        return sum;
    }

    [Benchmark(Description = "bytes: region.Read<byte>")]
    public long BytesByRegion()
    {
        MappedRegion region = _file.Region;
        long sum = 0;
        for (long offset = 0; offset < Length; offset++)
        {
            sum += region.Read<byte>(offset);
        }

        return sum;
    }

    [Benchmark(Description = "bytes: MemoryMappedViewAccessor")]
    public long BytesByFramework()
    {
        long sum = 0;
        for (long offset = 0; offset < Length; offset++)
        {
            sum += _file.View.ReadByte(offset);
        }

        return sum;
    }

    [Benchmark(Description = "bytes: RandomAccess, 64 KiB")]
    public long BytesByRandomAccess()
    {
        long sum = 0;
        for (long offset = 0; offset < Length; offset += _buffer.Length)
        {
            RandomAccess.Read(_file.Handle, _buffer, offset);
            foreach (byte one in _buffer)
            {
                sum += one;
            }
        }

        return sum;
    }

    [Benchmark(Baseline = true, Description = "fields: pointer")]
    public long FieldsByPointer() => RawReads.SumFields(_file.Region.DangerousAddress, Length);

    [Benchmark(Description = "fields: region's span")]
    public long FieldsBySpan()
    {
        long sum = 0;
        foreach (long field in MemoryMarshal.Cast<byte, long>(_file.Region.AsReadOnlySpan()))
        {
            sum += field;
        }

        return sum;
    }

    [Benchmark(Description = "fields: region.Read<long>")]
    public long FieldsByRegion()
    {
        MappedRegion region = _file.Region;
        long sum = 0;
        for (long offset = 0; offset <= Length - 8; offset += 8)
        {
            sum += region.Read<long>(offset);
        }

        return sum;
    }

    [Benchmark(Description = "fields: RegionReader.Read<long>")]
    public long FieldsByReader()
    {
        using RegionReader reader = _file.Region.OpenReader();
        long sum = 0;
        for (long offset = 0; offset <= Length - 8; offset += 8)
        {
            sum += reader.Read<long>(offset);
        }

        return sum;
    }

    [Benchmark(Description = "fields: MemoryMappedViewAccessor")]
    public long FieldsByFramework()
    {
        long sum = 0;
        for (long offset = 0; offset <= Length - 8; offset += 8)
        {
            sum += _file.View.ReadInt64(offset);
        }

        return sum;
    }
}
