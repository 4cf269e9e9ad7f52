using System.Globalization;
using Mapwire.Memory.Arenas;

namespace Mapwire.Cli;

/// <summary>An arena, for people.</summary>
internal static class ArenaText
{
    /// <summary>The header, what the blocks are used for, the size classes and the verdict.</summary>
    public static void Write(TextWriter output, ArenaReport report, IReadOnlyList<UnreachableBlock> unreachable)
    {
        long used = report.Kinds.Sum(kind => kind.Bytes), blocks = report.Kinds.Sum(kind => kind.Blocks);
        long free = report.Classes.Sum(use => use.FreeBytes), lists = report.Classes.Count(use => use.FreeBlocks > 0);
        Line("arena", report.Name);
        Line("size", $"{PagesText.Size(report.Size)}; the heap ends at {PagesText.Size(report.HeapEnd)}");
        Line("used", $"{PagesText.Size(used)} in {blocks} blocks");
        Line("free", $"{PagesText.Size(free)} in {report.Classes.Sum(use => use.FreeBlocks)} blocks on {lists} lists");
        Line("leaked", $"{PagesText.Size(unreachable.Sum(block => block.Bytes))} in {unreachable.Count} blocks that nothing leads to");
        Line("root", report.Root == 0 ? "none" : $"byte {report.Root}");
        Line("layout", $"{report.LayoutId}, version {report.LayoutVersion}");
        Line("survives", report.Durability switch
        {
            ArenaDurability.Kill => "kill -9 of its process",
            _ => "a loss of power, up to the last commit",
        });
        Line("made", $"{report.Created:yyyy-MM-dd HH:mm:ss} UTC, id {report.Id:x16}");
        output.WriteLine();
        Row("KIND", "BLOCKS", "BYTES", "", "");
        foreach (BlockUse use in report.Kinds)
        {
            Row(use.Kind, Number(use.Blocks), PagesText.Size(use.Bytes), "", "");
        }

        output.WriteLine();
        Row("BLOCKS FROM", "USED", "BYTES", "FREE", "BYTES");
        foreach (SizeClassUse use in report.Classes)
        {
            Row(PagesText.Size(use.SmallestBlock), Number(use.UsedBlocks), PagesText.Size(use.UsedBytes), Number(use.FreeBlocks),
                PagesText.Size(use.FreeBytes));
        }

        output.WriteLine();
        WriteVerdict(output, report);

        void Line(string name, string value) => output.WriteLine($"{name,-10}{value}");

        void Row(string first, string second, string third, string fourth, string fifth) =>
            output.WriteLine($"{first,-18}{second,12}{third,12}{fourth,12}{fifth,12}".TrimEnd());

        static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>One line if it is sound, else one for each thing that is wrong.</summary>
    public static void WriteVerdict(TextWriter output, ArenaReport report)
    {
        if (report.IsSound)
        {
            output.WriteLine("sound");
        }

        foreach (string problem in report.Problems)
        {
            output.WriteLine($"damaged: {problem}");
        }
    }
}
