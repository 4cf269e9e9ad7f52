namespace Mapwire.Memory.Native.Posix;

/// <summary>Address ranges whose pages are unmapped and which nothing else may get yet: a thread that had checked its access just
/// before another one disposed of the region finds zeros there, where it would find a fault or another mapping's bytes.</summary>
/// <remarks>Holds address space only, and a bounded amount: the newest ranges, each empty anonymous pages. A range is given back,
/// or is the next mapping's, when <see cref="MaxRanges"/> others have followed it, or when the system is short of address space.</remarks>
internal static class AddressQuarantine
{
    private const int MaxRanges = 256;
    private const long MaxBytes = 1L << 40;
    private static readonly Queue<(nint Start, long Length)> Ranges = new();
    private static long _bytes;

    /// <summary>Takes over a range that the caller has replaced by empty pages.</summary>
    public static void Add(nint start, long length)
    {
        lock (Ranges)
        {
            Ranges.Enqueue((start, length));
            _bytes += length;
            while (Ranges.Count > MaxRanges || (_bytes > MaxBytes && Ranges.Count > 1))
            {
                GiveBackOldest();
            }
        }
    }

    /// <summary>Takes the oldest range for a mapping of the same length, if its time is over: mapping over it costs one system call
    /// less than giving it back.</summary>
    public static bool TryTakeOldest(long length, out nint start)
    {
        lock (Ranges)
        {
            if (Ranges.Count < MaxRanges || Ranges.Peek().Length != length)
            {
                start = 0;
                return false;
            }

            (start, _) = Ranges.Dequeue();
            _bytes -= length;
            return true;
        }
    }

    /// <summary>Gives all ranges back to the system.</summary>
    /// <returns>Whether there were any.</returns>
    public static bool GiveBackAll()
    {
        lock (Ranges)
        {
            bool any = Ranges.Count > 0;
            while (Ranges.Count > 0)
            {
                GiveBackOldest();
            }

            return any;
        }
    }

    private static void GiveBackOldest()
    {
        (nint start, long length) = Ranges.Dequeue();
        _bytes -= length;
        _ = PosixCalls.Unmap(start, (nuint)length);
    }
}
