namespace Mapwire.Memory.Benchmarks.Native;

/// <summary>Reads through a bare pointer: what any wrapper is measured against.</summary>
internal static unsafe class RawReads
{
    // SAFETY (all): the benchmark holds the mapping and stays inside it.
    public static long SumBytes(nint address, int length)
    {
        var bytes = (byte*)address;
        long sum = 0;
        for (int i = 0; i < length; i++)
        {
            sum += bytes[i];
        }

        return sum;
    }

    public static long SumFields(nint address, int length)
    {
        var start = (byte*)address;
        long sum = 0;
        for (long offset = 0; offset <= length - 8; offset += 8)
        {
            sum += *(long*)(start + offset);
        }

        return sum;
    }

    public static long SumFields(nint address, long[] offsets)
    {
        var start = (byte*)address;
        long sum = 0;
        foreach (long offset in offsets)
        {
            sum += *(long*)(start + offset);
        }

        return sum;
    }

    public static void FillFields(nint address, int length, long value)
    {
        var start = (byte*)address;
        for (long offset = 0; offset <= length - 8; offset += 8)
        {
            *(long*)(start + offset) = value;
        }
    }

    public static void Copy(nint source, byte[] destination, int length)
    {
        fixed (byte* start = destination)
        {
            CCalls.Copy(start, (void*)source, (nuint)length);
        }
    }

    public static long Resident(nint address, long length, byte[] pages)
    {
        fixed (byte* first = pages)
        {
            if (CCalls.InCore(address, (nuint)length, first) != 0)
            {
                throw new IOException();
            }
        }

        long count = 0;
        foreach (byte page in pages)
        {
            count += page & 1;
        }

        return count;
    }
}
