namespace Mapwire.Server.Strips;

/// <summary>
/// A list that one thread at a time appends to while any others read: like <see cref="List{T}"/>, but what was added never moves and
/// never changes. Elements lie in blocks of 4,096, and the count is published last.
/// </summary>
internal sealed class Blocks<T>
    where T : struct
{
    /// <summary>Elements of a block.</summary>
    public const int BlockLength = 1 << BlockShift;

    private const int BlockShift = 12;

    private T[][] _blocks = [];
    private int _added;
    private int _count;

    /// <summary>How many elements readers may look at. The writer's stores before <see cref="Publish"/> come with it.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many elements were added, whether readers may look at them or not. For the writer.</summary>
    public int Added => _added;

    /// <summary>What the blocks take in memory, in elements.</summary>
    public long Capacity
    {
        get
        {
            T[][] blocks = Volatile.Read(ref _blocks);
            return blocks.Length == 0 ? 0 : (((long)blocks.Length - 1) << BlockShift) + blocks[^1].Length;
        }
    }

    /// <summary>An element.</summary>
    /// <param name="index">Less than <see cref="Count"/>, which the caller has looked at before.</param>
    public ref readonly T this[int index] => ref Volatile.Read(ref _blocks)[index >> BlockShift][index & (BlockLength - 1)];

    /// <summary>The block that holds an element, and the index of the block's first one.</summary>
    /// <param name="index">Less than <see cref="Count"/>, which the caller has looked at before.</param>
    /// <param name="first">The index of the block's first element.</param>
    public T[] BlockOf(int index, out int first)
    {
        first = index & ~(BlockLength - 1);
        return Volatile.Read(ref _blocks)[index >> BlockShift];
    }

    /// <summary>Appends an element, which readers see when it is published. For the writer.</summary>
    public void Add(in T element)
    {
        int block = _added >> BlockShift;
        if (block == _blocks.Length)
        {
            Volatile.Write(ref _blocks, [.. _blocks, new T[BlockLength]]);
        }
        else if (_blocks[block].Length < BlockLength && (_added & (BlockLength - 1)) == _blocks[block].Length)
        {
            ReplaceLast(BlockLength); // it was trimmed
        }

        _blocks[block][_added & (BlockLength - 1)] = element;
        _added++;
    }

    /// <summary>Lets readers look at all that was added. For the writer.</summary>
    public void Publish() => Volatile.Write(ref _count, _added);

    /// <summary>Gives the room behind the last element back, as far as nothing more is expected. For the writer.</summary>
    public void Trim()
    {
        int last = _added & (BlockLength - 1);
        if (last > 0 && _blocks[^1].Length > last)
        {
            ReplaceLast(last);
        }
    }

    /// <summary>Replaces the last block by one of another length; who reads the old one finds the same in it.</summary>
    private void ReplaceLast(int length)
    {
        T[] replaced = new T[length];
        _blocks[^1].AsSpan(0, Math.Min(length, _added - ((_blocks.Length - 1) << BlockShift))).CopyTo(replaced);
        Volatile.Write(ref _blocks, [.. _blocks[..^1], replaced]);
    }
}
