using System.Numerics;

namespace Mapwire.Load.Measuring;

/// <summary>
/// Counts times by size: exact below 256 us, else within 1/128 of the value. A fixed few kilobytes, however many are counted.
/// </summary>
/// <remarks>Buckets are 128 a power of two; times past 2^36 us (19 hours) are counted as that.</remarks>
internal sealed class LatencyHistogram
{
    private const int SubBits = 7;
    private const int SubCount = 1 << SubBits;
    private const int MaxBits = 36;
    private const long MaxValue = (1L << MaxBits) - 1;

    private readonly long[] _counts = new long[(MaxBits - SubBits + 1) * SubCount];

    /// <summary>How many times were counted.</summary>
    public long Count { get; private set; }

    /// <summary>The longest, exact, in microseconds.</summary>
    public long Max { get; private set; }

    /// <summary>Counts a time.</summary>
    /// <param name="microseconds">Negative counts as 0.</param>
    public void Add(long microseconds)
    {
        long value = Math.Clamp(microseconds, 0, MaxValue);
        _counts[BucketOf(value)]++;
        Count++;
        Max = Math.Max(Max, value);
    }

    /// <summary>Counts all that another one counted.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }

        Count += other.Count;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>The time that a share of all does not exceed, in microseconds; 0 when nothing was counted.</summary>
    /// <param name="share">From 0 to 1: 0.99 is p99.</param>
    public long Percentile(double share)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
            {
                return Math.Min(Max, LastOf(i));
            }
        }

        return 0;
    }

    /// <summary>The usual percentiles.</summary>
    public LatencySummary Summarize() =>
        new(Count, Percentile(0.5) / 1000.0, Percentile(0.9) / 1000.0, Percentile(0.99) / 1000.0, Max / 1000.0);

    private static int BucketOf(long value)
    {
        // Below 2 * SubCount a bucket is one value; above, the bits after the highest one choose among SubCount buckets.
        int shift = Math.Max(0, BitOperations.Log2((ulong)value | 1) - SubBits);
        return (shift * SubCount) + (int)(value >> shift);
    }

    private static long LastOf(int bucket)
    {
        int shift = Math.Max(0, (bucket / SubCount) - 1);
        long first = (long)(bucket - (shift * SubCount)) << shift;
        return first + (1L << shift) - 1;
    }
}
