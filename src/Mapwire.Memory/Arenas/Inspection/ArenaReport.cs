namespace Mapwire.Memory.Arenas;

/// <summary>What <see cref="Arena.Inspect"/> found.</summary>
public sealed record ArenaReport
{
    /// <summary>The arena.</summary>
    public required string Name { get; init; }

    /// <summary>A number that tells it from others, drawn when it was made.</summary>
    public required ulong Id { get; init; }

    /// <summary>When it was made, UTC.</summary>
    public required DateTime Created { get; init; }

    /// <summary>What it survives.</summary>
    public required ArenaDurability Durability { get; init; }

    /// <summary>What its bytes mean.</summary>
    public required Guid LayoutId { get; init; }

    /// <summary>Which version of that.</summary>
    public required int LayoutVersion { get; init; }

    /// <summary>Bytes, header included.</summary>
    public required long Size { get; init; }

    /// <summary>Where the heap ends at present, in bytes from the base: everything behind was never used.</summary>
    public required long HeapEnd { get; init; }

    /// <summary>Where the root is, in bytes from the base; 0 for none.</summary>
    public required long Root { get; init; }

    /// <summary>By size class, smallest first; classes without blocks are left out.</summary>
    public required IReadOnlyList<SizeClassUse> Classes { get; init; }

    /// <summary>By what the blocks are used for.</summary>
    public required IReadOnlyList<BlockUse> Kinds { get; init; }

    /// <summary>What is wrong, with the place; at most 100. Empty for a sound arena.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Whether nothing is wrong.</summary>
    public bool IsSound => Problems.Count == 0;
}
