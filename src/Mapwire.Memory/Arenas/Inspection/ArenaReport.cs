namespace Mapwire.Memory.Arenas;

/// <summary>The findings of <see cref="Arena.Inspect"/>.</summary>
public sealed record ArenaReport
{
    /// <summary>The arena.</summary>
    public required string Name { get; init; }

    /// <summary>A number that tells it from others, drawn when it was made.</summary>
    public required ulong Id { get; init; }

    /// <summary>When it was made, UTC.</summary>
    public required DateTime Created { get; init; }

    /// <summary>The durability given when the arena was created.</summary>
    public required ArenaDurability Durability { get; init; }

    /// <summary>The layout id given when the arena was created.</summary>
    public required Guid LayoutId { get; init; }

    /// <summary>The layout version given with it.</summary>
    public required int LayoutVersion { get; init; }

    /// <summary>Bytes, header included.</summary>
    public required long Size { get; init; }

    /// <summary>The byte offset at which the heap ends: everything behind it was never used.</summary>
    public required long HeapEnd { get; init; }

    /// <summary>The byte offset of the root; 0 for none.</summary>
    public required long Root { get; init; }

    /// <summary>By size class, smallest first; classes without blocks are left out.</summary>
    public required IReadOnlyList<SizeClassUse> Classes { get; init; }

    /// <summary>By what the blocks are used for.</summary>
    public required IReadOnlyList<BlockUse> Kinds { get; init; }

    /// <summary>The faults with their offsets, at most 100. Empty for a sound arena.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Whether nothing is wrong.</summary>
    public bool IsSound => Problems.Count == 0;
}

/// <summary>The used blocks of one kind.</summary>
/// <param name="Kind">"own" (the program's), "list", "queue", "dictionary", "string dictionary", "contents" (of containers) or
/// "string".</param>
/// <param name="Blocks">The number of blocks.</param>
/// <param name="Bytes">Their bytes, with the 8 of each block itself.</param>
public readonly record struct BlockUse(string Kind, long Blocks, long Bytes);

/// <summary>The blocks of one size class. Sizes are bytes with the 8 of each block itself.</summary>
/// <param name="SmallestBlock">The smallest block of the class; the largest is less than the next class' smallest.</param>
/// <param name="UsedBlocks">Blocks in use.</param>
/// <param name="UsedBytes">Bytes of these.</param>
/// <param name="FreeBlocks">Blocks in the free list.</param>
/// <param name="FreeBytes">Bytes of these.</param>
public readonly record struct SizeClassUse(long SmallestBlock, long UsedBlocks, long UsedBytes, long FreeBlocks, long FreeBytes);

/// <summary>A used block that nothing leads to: <see cref="Arena.FindUnreachable"/>.</summary>
/// <param name="Offset">Bytes from the base of the arena.</param>
/// <param name="Bytes">Bytes in it.</param>
/// <param name="Kind">As in <see cref="BlockUse"/>.</param>
public readonly record struct UnreachableBlock(long Offset, long Bytes, string Kind);
