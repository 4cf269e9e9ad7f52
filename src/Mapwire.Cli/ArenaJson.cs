using System.Text.Json;
using Mapwire.Memory.Arenas;

namespace Mapwire.Cli;

/// <summary>An arena, for programs. Sizes and places are bytes.</summary>
internal static class ArenaJson
{
    /// <summary>Writes one object: the header's fields, kinds, classes (with their free lists), unreachable blocks, sound and problems.</summary>
    public static void Write(Utf8JsonWriter json, ArenaReport report, IReadOnlyList<UnreachableBlock> unreachable)
    {
        json.WriteStartObject();
        json.WriteString("file", report.Name);
        json.WriteString("id", report.Id.ToString("x16", System.Globalization.CultureInfo.InvariantCulture));
        json.WriteString("made", report.Created);
        json.WriteString("survives", report.Durability.ToString());
        json.WriteString("layoutId", report.LayoutId);
        json.WriteNumber("layoutVersion", report.LayoutVersion);
        json.WriteNumber("size", report.Size);
        json.WriteNumber("heapEnd", report.HeapEnd);
        json.WriteNumber("root", report.Root);
        json.WriteNumber("usedBlocks", report.Kinds.Sum(kind => kind.Blocks));
        json.WriteNumber("usedBytes", report.Kinds.Sum(kind => kind.Bytes));
        json.WriteStartArray("kinds");
        foreach (BlockUse use in report.Kinds)
        {
            json.WriteStartObject();
            json.WriteString("kind", use.Kind);
            json.WriteNumber("blocks", use.Blocks);
            json.WriteNumber("bytes", use.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("classes");
        foreach (SizeClassUse use in report.Classes)
        {
            json.WriteStartObject();
            json.WriteNumber("smallestBlock", use.SmallestBlock);
            json.WriteNumber("usedBlocks", use.UsedBlocks);
            json.WriteNumber("usedBytes", use.UsedBytes);
            json.WriteNumber("freeBlocks", use.FreeBlocks);
            json.WriteNumber("freeBytes", use.FreeBytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("unreachable");
        foreach (UnreachableBlock block in unreachable)
        {
            json.WriteStartObject();
            json.WriteNumber("offset", block.Offset);
            json.WriteNumber("bytes", block.Bytes);
            json.WriteString("kind", block.Kind);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("sound", report.IsSound);
        json.WriteStartArray("problems");
        foreach (string problem in report.Problems)
        {
            json.WriteStringValue(problem);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
