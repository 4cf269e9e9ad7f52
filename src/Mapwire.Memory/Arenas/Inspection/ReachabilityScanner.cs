namespace Mapwire.Memory.Arenas;

/// <summary>Finds the used blocks that nothing leads to. It does not know the program's types: whatever eight bytes of a block, at any
/// place, are an offset into another block are taken for a reference to it. So a block may be kept that nothing leads to, and none is
/// found that something leads to.</summary>
internal sealed class ReachabilityScanner
{
    private readonly ArenaSpace _space;
    private readonly List<(long Payload, long Bytes, BlockKind Kind)> _blocks = [];
    private readonly Stack<int> _toScan = [];
    private readonly long _top;
    private bool[] _reached = [];

    /// <param name="space">An arena that is sound, held all the time.</param>
    public ReachabilityScanner(ArenaSpace space)
    {
        _space = space;
        _top = (long)space.Word(ArenaHeader.TopAt);
    }

    /// <summary>Goes through everything that can be reached.</summary>
    /// <param name="roots">Offsets to begin at, besides the root of the arena.</param>
    /// <returns>The others, lowest first.</returns>
    public List<(long Payload, long Bytes, BlockKind Kind)> Find(ReadOnlySpan<long> roots)
    {
        for (long block = ArenaHeader.FirstBlock; block < _top;)
        {
            ulong header = _space.Word(block);
            long size = (long)(header & Heap.SizeMask);
            if ((header & Heap.UsedFlag) != 0)
            {
                _blocks.Add((block + Heap.Overhead, size - Heap.Overhead, (BlockKind)(header >> Heap.KindShift)));
            }

            block += size;
        }

        _reached = new bool[_blocks.Count];
        Reach(_space.Word(ArenaHeader.RootAt));
        foreach (long root in roots)
        {
            Reach((ulong)root);
        }

        while (_toScan.TryPop(out int index))
        {
            Scan(index);
        }

        return [.. _blocks.Where((_, index) => !_reached[index])];
    }

    private void Scan(int index)
    {
        (long payload, long bytes, BlockKind kind) = _blocks[index];
        if (kind == BlockKind.String)
        {
            return; // text
        }

        for (long at = payload; at <= payload + bytes - 8; at++)
        {
            ulong value = _space.At<ulong>(at);
            if (value - ArenaHeader.HeapAt < (ulong)(_top - ArenaHeader.HeapAt))
            {
                Reach(value);
            }
        }
    }

    /// <summary>Notes the block that an offset leads into, at whatever place of it.</summary>
    private void Reach(ulong offset)
    {
        int low = 0, high = _blocks.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = (ulong)_blocks[middle].Payload <= offset ? (middle, high) : (low, middle - 1);
        }

        if (_blocks.Count > 0 && (ulong)_blocks[low].Payload <= offset && offset < (ulong)(_blocks[low].Payload + _blocks[low].Bytes)
            && !_reached[low])
        {
            _reached[low] = true;
            _toScan.Push(low);
        }
    }
}
