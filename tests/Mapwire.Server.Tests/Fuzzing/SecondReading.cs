using System.Text;
using System.Text.Json;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>The names of a sound playlist, read in the plainest way, to compare with.</summary>
internal static class SecondReading
{
    private static readonly JsonDocumentOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static string[] OfLines(byte[] bytes) =>
        [.. Encoding.UTF8.GetString(WithoutMark(bytes)).Split('\n', StringSplitOptions.TrimEntries)
            .Where(static line => line.Length > 0 && line[0] != '#')];

    public static string[] OfJson(byte[] bytes)
    {
        using JsonDocument document = JsonDocument.Parse(WithoutMark(bytes).ToArray(), Options);
        JsonElement list =
            document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.GetProperty("items") : document.RootElement;
        return [.. list.EnumerateArray()
            .Select(static item => (item.ValueKind == JsonValueKind.String ? item : item.GetProperty("file")).GetString()!)];
    }

    private static ReadOnlySpan<byte> WithoutMark(byte[] bytes) =>
        bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(Encoding.UTF8.Preamble.Length) : bytes;
}
