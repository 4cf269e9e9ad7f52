using System.Globalization;
using Mapwire.Memory.Arenas;

namespace Mapwire.Cli;

/// <summary>
/// An arena for programs: the header's fields, kinds of blocks, size classes with their free lists, unreachable blocks, verdict and
/// problems.
/// </summary>
internal sealed record ArenaJson(
    string File, string Id, DateTimeOffset Made, string Survives, Guid LayoutId, int LayoutVersion, long Size, long HeapEnd, long Root,
    long UsedBlocks, long UsedBytes, IReadOnlyList<ArenaKindJson> Kinds, IReadOnlyList<ArenaClassJson> Classes,
    IReadOnlyList<ArenaBlockJson> Unreachable, bool Sound,
    IReadOnlyList<string> Problems)
{
    public static ArenaJson From(ArenaReport report, IReadOnlyList<UnreachableBlock> unreachable) => new(
        report.Name, report.Id.ToString("x16", CultureInfo.InvariantCulture), report.Created, report.Durability.ToString(), report.LayoutId,
        report.LayoutVersion, report.Size, report.HeapEnd, report.Root,
        report.Kinds.Sum(static kind => kind.Blocks), report.Kinds.Sum(static kind => kind.Bytes),
        [.. report.Kinds.Select(static use => new ArenaKindJson(use.Kind, use.Blocks, use.Bytes))],
        [.. report.Classes.Select(
            static use => new ArenaClassJson(use.SmallestBlock, use.UsedBlocks, use.UsedBytes, use.FreeBlocks, use.FreeBytes))],
        [.. unreachable.Select(static block => new ArenaBlockJson(block.Offset, block.Bytes, block.Kind))], report.IsSound,
        report.Problems);
}

/// <summary>What blocks of a kind take.</summary>
internal sealed record ArenaKindJson(string Kind, long Blocks, long Bytes);

/// <summary>A size class.</summary>
internal sealed record ArenaClassJson(long SmallestBlock, long UsedBlocks, long UsedBytes, long FreeBlocks, long FreeBytes);

/// <summary>A block that nothing leads to.</summary>
internal sealed record ArenaBlockJson(long Offset, long Bytes, string Kind);
