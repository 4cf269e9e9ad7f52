namespace Mapwire.Memory.Arenas;

/// <summary>Looks at a whole arena and believes nothing. Each block is looked at once, and so is all that containers refer to, since
/// nothing may be referred to twice: the time is bounded by the arena's size, whatever its bytes are.</summary>
internal sealed class ArenaInspector(ArenaSpace space)
{
    /// <summary>The end of the problem that blocks of contents have no container: no damage, but a leak.</summary>
    public const string Orphans = "blocks belong to no container";

    private const int MaxProblems = 100;
    private static readonly string[] KindNames = ["own", "list", "queue", "dictionary", "string dictionary", "contents", "string"];

    private readonly List<string> _problems = [];
    private readonly SizeClassUse[] _classes = new SizeClassUse[SizeClass.Count];
    private readonly BlockUse[] _kinds = [.. KindNames.Select(name => new BlockUse(name, 0, 0))];
    private readonly List<(long Payload, BlockKind Kind)> _containers = [];
    private BlockMap _free = null!;
    private BlockMap _contents = null!;

    /// <summary>The name of a kind of block.</summary>
    public static string NameOf(BlockKind kind) => KindNames[(int)kind];

    public ArenaReport Inspect()
    {
        Span<byte> page = space.Bytes(0, ArenaHeader.FirstPage);
        try
        {
            ArenaHeader.CheckSizes(page, space.Length, space.Name);
        }
        catch (ArenaFormatException exception)
        {
            Problem(exception.Offset, exception.Message);
            return Report(page);
        }

        long top = (long)space.Word(ArenaHeader.TopAt);
        _free = new BlockMap(top);
        _contents = new BlockMap(top);
        if (space.Word(ArenaHeader.StateAt) != 0)
        {
            Problem(ArenaHeader.StateAt, "a change is unfinished");
        }

        if (WalkBlocks(top))
        {
            WalkFreeLists();
            ContainerInspector containers = new(space, _contents, Problem);
            foreach ((long payload, BlockKind kind) in _containers)
            {
                containers.Check(payload, kind);
            }

            if (_contents.Count > 0)
            {
                Problem(_contents.First(), $"{_contents.Count} {Orphans}");
            }
        }

        return Report(page);
    }

    private bool WalkBlocks(long top)
    {
        bool afterFree = false;
        long block = ArenaHeader.FirstBlock;
        while (block < top)
        {
            ulong header = space.Word(block);
            long size = (long)(header & Heap.SizeMask);
            bool used = (header & Heap.UsedFlag) != 0;
            ulong kind = header >> Heap.KindShift;
            ulong known = Heap.SizeMask | Heap.UsedFlag | Heap.PreviousFreeFlag | (0xfful << Heap.KindShift);
            if (size < SizeClass.Least || size > top - block || (header & ~known) != 0 || kind >= (ulong)KindNames.Length
                || (!used && kind != 0))
            {
                Problem(block, "invalid block header");
                return false;
            }

            if (((header & Heap.PreviousFreeFlag) != 0) != afterFree)
            {
                Problem(block, "previous-free flag does not match the previous block");
            }

            if (!used && afterFree)
            {
                Problem(block, "two free blocks are side by side");
            }

            if (!used && space.Word(block + size - 8) != (ulong)size)
            {
                Problem(block, "footer size differs from header size");
            }

            Count(block, size, used, (BlockKind)kind);
            afterFree = !used;
            block += size;
        }

        if (space.Word(top) != (afterFree ? ArenaHeader.Sentinel | Heap.PreviousFreeFlag : ArenaHeader.Sentinel))
        {
            Problem(top, "end mark of the heap is missing");
        }

        long usedBytes = _kinds.Sum(kind => kind.Bytes), usedBlocks = _kinds.Sum(kind => kind.Blocks);
        if (space.Word(ArenaHeader.UsedBytesAt) != (ulong)usedBytes || space.Word(ArenaHeader.UsedBlocksAt) != (ulong)usedBlocks)
        {
            Problem(ArenaHeader.UsedBytesAt, $"{usedBlocks} blocks of {usedBytes} bytes are used, and the header says otherwise");
        }

        return true;
    }

    private void Count(long block, long size, bool used, BlockKind kind)
    {
        ref SizeClassUse use = ref _classes[SizeClass.Containing(size)];
        if (!used)
        {
            use = use with { FreeBlocks = use.FreeBlocks + 1, FreeBytes = use.FreeBytes + size };
            _free.Add(block);
            return;
        }

        use = use with { UsedBlocks = use.UsedBlocks + 1, UsedBytes = use.UsedBytes + size };
        ref BlockUse sort = ref _kinds[(int)kind];
        sort = sort with { Blocks = sort.Blocks + 1, Bytes = sort.Bytes + size };
        if (kind == BlockKind.Contents)
        {
            _contents.Add(block);
        }
        else if (kind == BlockKind.String && space.Word(block + Heap.Overhead) > (ulong)(size - Heap.Overhead - MappedString.HeaderBytes))
        {
            Problem(block, "a string is longer than its block");
        }
        else if (kind is not (BlockKind.Own or BlockKind.String))
        {
            _containers.Add((block + Heap.Overhead, kind));
        }
    }

    private void WalkFreeLists()
    {
        for (int index = 0; index < SizeClass.Count; index++)
        {
            long head = (long)space.Word(ArenaHeader.HeadsAt + (index * 8));
            bool bit = (space.Word(ArenaHeader.BitmapAt + (index / 64 * 8)) & (1ul << (index % 64))) != 0;
            if (bit != (head != 0))
            {
                Problem(ArenaHeader.HeadsAt + (index * 8), "free-list bitmap does not match the list head");
            }

            long previous = 0;
            for (long block = head; block != 0; block = (long)space.Word(block + 8))
            {
                if (!_free.Remove(block) || SizeClass.Containing((long)(space.Word(block) & Heap.SizeMask)) != index
                    || (long)space.Word(block + 16) != previous)
                {
                    Problem(ArenaHeader.HeadsAt + (index * 8), $"a free list leads to {block}, which does not belong there");
                    break;
                }

                previous = block;
            }
        }

        if (_free.Count > 0)
        {
            Problem(_free.First(), $"{_free.Count} free blocks are in no list");
        }
    }

    private void Problem(long offset, string what)
    {
        if (_problems.Count < MaxProblems)
        {
            _problems.Add($"byte {offset}: {what}");
        }
    }

    private ArenaReport Report(ReadOnlySpan<byte> page)
    {
        List<SizeClassUse> classes = [];
        for (int index = 0; index < SizeClass.Count; index++)
        {
            if (_classes[index].UsedBlocks + _classes[index].FreeBlocks > 0)
            {
                classes.Add(_classes[index] with { SmallestBlock = SizeClass.Smallest(index) });
            }
        }

        return new ArenaReport
        {
            Name = space.Name,
            Id = BitConverter.ToUInt64(page[ArenaHeader.ArenaIdAt..]),
            Created = new DateTime(BitConverter.ToInt64(page[ArenaHeader.CreatedAt..]), DateTimeKind.Utc),
            Durability = (ArenaDurability)BitConverter.ToUInt32(page[ArenaHeader.DurabilityAt..]),
            LayoutId = new Guid(page.Slice(ArenaHeader.LayoutIdAt, 16)),
            LayoutVersion = BitConverter.ToInt32(page[ArenaHeader.LayoutVersionAt..]),
            Size = (long)space.Word(ArenaHeader.SizeAt),
            HeapEnd = (long)space.Word(ArenaHeader.TopAt),
            Root = (long)space.Word(ArenaHeader.RootAt),
            Classes = classes,
            Kinds = [.. _kinds.Where(kind => kind.Blocks > 0)],
            Problems = _problems,
        };
    }
}
