using System.Numerics;

namespace Mapwire.Memory.Arenas;

/// <summary>A set of blocks, a bit for each place where one may begin.</summary>
internal sealed class BlockMap(long top)
{
    private readonly ulong[] _bits = new ulong[(top / SizeClass.Unit / 64) + 1];

    /// <summary>How many are in it.</summary>
    public long Count { get; private set; }

    /// <summary>Puts a block in that is not there yet.</summary>
    public void Add(long block)
    {
        _bits[block / SizeClass.Unit / 64] |= Bit(block);
        Count++;
    }

    /// <summary>Takes one out.</summary>
    /// <param name="block">Any number.</param>
    /// <returns>Whether it was there.</returns>
    public bool Remove(long block)
    {
        if (block < ArenaHeader.FirstBlock || block >= top || block % SizeClass.Unit != ArenaHeader.FirstBlock % SizeClass.Unit)
        {
            return false;
        }

        ref ulong bits = ref _bits[block / SizeClass.Unit / 64];
        if ((bits & Bit(block)) == 0)
        {
            return false;
        }

        bits &= ~Bit(block);
        Count--;
        return true;
    }

    /// <summary>The lowest one.</summary>
    public long First()
    {
        int index = Array.FindIndex(_bits, bits => bits != 0);
        return (((index * 64L) + BitOperations.TrailingZeroCount(_bits[index])) * SizeClass.Unit)
            + (ArenaHeader.FirstBlock % SizeClass.Unit);
    }

    private static ulong Bit(long block) => 1ul << (int)(block / SizeClass.Unit % 64);
}
