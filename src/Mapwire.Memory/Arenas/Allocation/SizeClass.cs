using System.Numerics;

namespace Mapwire.Memory.Arenas;

/// <summary>Which free list a block of a size belongs to: below 512 bytes one for every multiple of 16, from there eight for every power
/// of two.</summary>
internal static class SizeClass
{
    /// <summary>Blocks are multiples of this.</summary>
    public const int Unit = 16;

    /// <summary>The smallest block.</summary>
    public const int Least = 32;

    /// <summary>No block is as large as this.</summary>
    public const long Limit = 1L << LimitLog;

    /// <summary>How many there are.</summary>
    public const int Count = SmallCount + ((LimitLog - SmallLog) * Steps);

    private const int LimitLog = 40;
    private const int SmallLog = 9;
    private const int SmallCount = (1 << SmallLog) / Unit;
    private const int StepsLog = 3;
    private const int Steps = 1 << StepsLog;

    /// <summary>The class of a free block.</summary>
    public static int Containing(long size)
    {
        if (size < 1 << SmallLog)
        {
            return (int)size / Unit;
        }

        int log = BitOperations.Log2((ulong)size);
        return SmallCount + ((log - SmallLog) * Steps) + ((int)(size >> (log - StepsLog)) & (Steps - 1));
    }

    /// <summary>The first class all of whose blocks have at least a size; <see cref="Count"/> if there is none.</summary>
    public static int AtLeast(long size)
    {
        if (size < 1 << SmallLog)
        {
            return (int)size / Unit;
        }

        long up = size + (1L << (BitOperations.Log2((ulong)size) - StepsLog)) - 1;
        return up < Limit ? Containing(up) : Count;
    }

    /// <summary>The smallest block of a class.</summary>
    public static long Smallest(int index)
    {
        if (index < SmallCount)
        {
            return index * Unit;
        }

        int log = ((index - SmallCount) / Steps) + SmallLog;
        return (1L << log) + ((long)((index - SmallCount) % Steps) << (log - StepsLog));
    }
}
