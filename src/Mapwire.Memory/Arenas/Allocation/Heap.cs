using System.Numerics;
using System.Runtime.CompilerServices;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>
/// The allocator: blocks side by side from the first to the top, free ones in a list by size class, neighbours joined at once.
/// </summary>
/// <remarks>
/// <para>A block begins 8 bytes before a multiple of 16 with a word: its size in bytes, a multiple of 16 (bits 4 to 39); whether it
/// is used (bit 0); whether the block before it is free (bit 1); and if used its <see cref="BlockKind"/> (bits 48 to 55). A used
/// block's payload follows, 16-aligned. A free one has there the next and the previous of its list, and its size again in its last 8
/// bytes, where the block behind it finds it. At the top stands the word of a used block without size.</para>
/// <para>Taking and freeing are of constant time: a bit for each list says whether it has blocks, and any block of the class that is
/// asked for is large enough. All members are called with the arena locked, inside a change.</para>
/// </remarks>
internal sealed class Heap(ArenaSpace space, UndoLog undo)
{
    public const ulong UsedFlag = 1;
    public const ulong PreviousFreeFlag = 2;
    public const ulong SizeMask = (ulong)(SizeClass.Limit - 1) & ~15ul;
    public const int KindShift = 48;

    /// <summary>Bytes of a block that are not payload.</summary>
    public const int Overhead = 8;

    /// <summary>The largest payload.</summary>
    public const long MaxBytes = SizeClass.Limit / 2;

    private const int NextAt = 8;
    private const int PreviousAt = 16;
    private const int LinksEnd = 24;

    public long Top => (long)space.Word(ArenaHeader.TopAt);

    /// <summary>Takes a block. Its bytes are whatever was there.</summary>
    /// <param name="bytes">At least so many.</param>
    /// <param name="alignment">A power of two up to a page; 16 is given anyway.</param>
    /// <param name="kind">What it is used for.</param>
    /// <returns>Where the payload is.</returns>
    /// <exception cref="IOException">The arena is full.</exception>
    /// <exception cref="ArenaFormatException">The free lists are damaged.</exception>
    public long Allocate(long bytes, int alignment, BlockKind kind)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, MaxBytes);
        long size = Math.Max(SizeClass.Least, (bytes + Overhead + SizeClass.Unit - 1) & ~(SizeClass.Unit - 1L));
        bool aligned = alignment > SizeClass.Unit;
        long block = Take(aligned ? size + alignment + SizeClass.Least : size, out long have);
        ulong flags = UsedFlag | ((ulong)kind << KindShift);
        if (aligned)
        {
            long gap = -(block + Overhead) & (alignment - 1);
            if (gap is > 0 and < SizeClass.Least)
            {
                gap += alignment;
            }

            if (gap > 0)
            {
                Insert(block, gap);
                block += gap;
                have -= gap;
                flags |= PreviousFreeFlag;
            }
        }

        if (have - size >= SizeClass.Least)
        {
            Insert(block + size, have - size);
            SetPreviousFree(block + have, true);
        }
        else
        {
            size = have;
            SetPreviousFree(block + have, false);
        }

        undo.Set(block, (ulong)size | flags);
        Count(size, 1);
        return block + Overhead;
    }

    /// <summary>Gives a block back, whatever it is used for.</summary>
    /// <param name="payload">Where its payload is.</param>
    /// <exception cref="ArenaFormatException">There is no such block, or its neighbours are damaged.</exception>
    public void Free(long payload)
    {
        if (!IsUsed(payload, null))
        {
            throw Damaged(payload);
        }

        long block = payload - Overhead;
        ulong header = space.Word(block);
        long size = (long)(header & SizeMask), next = block + size;
        Count(-size, -1);
        if ((space.Word(next) & UsedFlag) == 0)
        {
            long more = CheckFree(next);
            Unlink(next, more);
            size += more;
        }

        if ((header & PreviousFreeFlag) != 0)
        {
            long less = (long)space.Word(block - 8);
            if (less < SizeClass.Least || less > block - ArenaHeader.FirstBlock || CheckFree(block - less) != less)
            {
                throw Damaged(block);
            }

            undo.Save(block, 8); // a word inside the joined block: undoing needs it
            block -= less;
            Unlink(block, less);
            size += less;
        }

        Insert(block, size);
        SetPreviousFree(block + size, true);
    }

    /// <summary>Bytes of a used block's payload; 0 if there is no such block.</summary>
    /// <param name="payload">Where it would be; any number may be asked for.</param>
    /// <param name="kind">What it must be used for.</param>
    public long PayloadOf(long payload, BlockKind kind) =>
        IsUsed(payload, kind) ? (long)(space.Word(payload - Overhead) & SizeMask) - Overhead : 0;

    /// <summary>Whether a used block is at a place, as far as its own words and its neighbour's tell.</summary>
    private bool IsUsed(long payload, BlockKind? kind)
    {
        long block = payload - Overhead;
        if (block < ArenaHeader.FirstBlock || payload % SizeClass.Unit != 0 || !IsBelowTop(block, SizeClass.Least))
        {
            return false;
        }

        ulong header = space.Word(block);
        long size = (long)(header & SizeMask);
        return (header & UsedFlag) != 0 && (kind is null || header >> KindShift == (ulong)kind) && size >= SizeClass.Least
            && IsBelowTop(block, size) && (space.Word(block + size) & PreviousFreeFlag) == 0;
    }

    private bool IsBelowTop(long block, long size)
    {
        long top = Top;
        return block <= top && size <= top - block && top <= space.Length - 8;
    }

    /// <summary>Takes a free block out of its list, or makes the heap longer by one.</summary>
    private long Take(long size, out long have)
    {
        int index = FirstWithBlocks(SizeClass.AtLeast(size));
        if (index < 0)
        {
            return Extend(size, out have);
        }

        long block = (long)space.Word(HeadAt(index));
        have = CheckFree(block);
        if (have < size)
        {
            throw Damaged(block);
        }

        Unlink(block, have);
        return block;
    }

    private static int HeadAt(int index) => ArenaHeader.HeadsAt + (index * 8);

    private int FirstWithBlocks(int index)
    {
        if (index >= SizeClass.Count)
        {
            return -1;
        }

        int word = index / 64;
        ulong bits = space.Word(ArenaHeader.BitmapAt + (word * 8)) & (ulong.MaxValue << (index % 64));
        while (bits == 0)
        {
            if (++word * 64 >= SizeClass.Count)
            {
                return -1;
            }

            bits = space.Word(ArenaHeader.BitmapAt + (word * 8));
        }

        index = (word * 64) + BitOperations.TrailingZeroCount(bits);
        return index < SizeClass.Count ? index : throw Damaged(ArenaHeader.BitmapAt);
    }

    /// <summary>Puts a block behind the last one, or where the last one is if that is free.</summary>
    private long Extend(long size, out long have)
    {
        long top = Top, start = top;
        if ((space.Word(top) & PreviousFreeFlag) != 0)
        {
            long last = (long)space.Word(top - 8);
            if (last < SizeClass.Least || last > top - ArenaHeader.FirstBlock || CheckFree(top - last) != last)
            {
                throw Damaged(top);
            }

            start = top - last;
        }

        have = Math.Max(size, top - start); // the last one may be large enough, and in a class too low to be found
        long newTop = start + have;
        if (newTop + 8 > (long)space.Word(ArenaHeader.SizeAt))
        {
            Grow(newTop + 8); // before anything changes, since it may fail
        }

        if (start != top)
        {
            Unlink(start, top - start);
        }

        if (newTop == top)
        {
            return start;
        }

        undo.Save(top, 8); // the sentinel: inside the new block, or its header
        undo.Touch(newTop, 8);
        undo.Put(newTop, ArenaHeader.Sentinel);
        undo.Set(ArenaHeader.TopAt, (ulong)newTop);
        return start;
    }

    private void Grow(long needed)
    {
        const long most = 64 << 20;
        long size = (long)space.Word(ArenaHeader.SizeAt);
        if (needed > space.Length)
        {
            long wanted = Math.Max(needed, size + Math.Min(size / 2, most));
            wanted = Math.Min((wanted + ArenaHeader.Step - 1) / ArenaHeader.Step * ArenaHeader.Step, space.MaxLength);
            space.Grow(Math.Max(wanted, needed));
            FaultPoints.Reach(FaultPoint.ArenaGrown);
        }

        undo.Set(ArenaHeader.SizeAt, (ulong)space.Length); // the bytes first, then the size that tells of them
    }

    /// <summary>The size of what must be a free block.</summary>
    private long CheckFree(long block)
    {
        if (block < ArenaHeader.FirstBlock || block % SizeClass.Unit != 8 || !IsBelowTop(block, SizeClass.Least))
        {
            throw Damaged(block);
        }

        ulong header = space.Word(block);
        long size = (long)(header & SizeMask);
        return (header & ~SizeMask) == 0 && size >= SizeClass.Least && IsBelowTop(block, size) ? size : throw Damaged(block);
    }

    private void Unlink(long block, long size)
    {
        long next = (long)space.Word(block + NextAt), previous = (long)space.Word(block + PreviousAt);
        int index = SizeClass.Containing(size);
        undo.Save(block, LinksEnd); // its next owner writes over these
        undo.Save(block + size - 8, 8);
        if (previous == 0)
        {
            if ((long)space.Word(HeadAt(index)) != block)
            {
                throw Damaged(block);
            }

            undo.Set(HeadAt(index), (ulong)next);
            if (next == 0)
            {
                SetBit(index, false);
            }
        }
        else
        {
            CheckFree(previous);
            if ((long)space.Word(previous + NextAt) != block)
            {
                throw Damaged(block);
            }

            undo.Set(previous + NextAt, (ulong)next);
        }

        if (next != 0)
        {
            CheckFree(next);
            undo.Set(next + PreviousAt, (ulong)previous);
        }
    }

    private void Insert(long block, long size)
    {
        int index = SizeClass.Containing(size);
        long head = (long)space.Word(HeadAt(index));
        if (head != 0)
        {
            CheckFree(head);
            undo.Set(head + PreviousAt, (ulong)block);
        }
        else
        {
            SetBit(index, true);
        }

        undo.Save(block, LinksEnd);
        undo.Save(block + size - 8, 8);
        undo.Put(block, (ulong)size);
        undo.Put(block + NextAt, (ulong)head);
        undo.Put(block + PreviousAt, 0);
        undo.Put(block + size - 8, (ulong)size);
        undo.Set(HeadAt(index), (ulong)block);
    }

    private void SetBit(int index, bool value)
    {
        int at = ArenaHeader.BitmapAt + (index / 64 * 8);
        ulong bit = 1ul << (index % 64), word = space.Word(at);
        undo.Set(at, value ? word | bit : word & ~bit);
    }

    private void SetPreviousFree(long block, bool value)
    {
        ulong word = space.Word(block), wanted = value ? word | PreviousFreeFlag : word & ~PreviousFreeFlag;
        if (word != wanted)
        {
            undo.Set(block, wanted);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Count(long bytes, int blocks)
    {
        undo.Save(ArenaHeader.UsedBytesAt, 16);
        undo.Put(ArenaHeader.UsedBytesAt, space.Word(ArenaHeader.UsedBytesAt) + (ulong)bytes);
        undo.Put(ArenaHeader.UsedBlocksAt, space.Word(ArenaHeader.UsedBlocksAt) + (ulong)blocks);
    }

    private ArenaFormatException Damaged(long at) => new(ArenaError.Damaged, space.Name, at, "its heap is damaged");
}
