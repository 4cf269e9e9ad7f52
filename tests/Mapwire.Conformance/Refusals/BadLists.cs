using System.Collections.Frozen;
using System.Text;

namespace Mapwire.Conformance.Refusals;

/// <summary>Playlists that cannot be played, and what is said of them beside the place.</summary>
internal static class BadLists
{
    /// <summary>File name to what writes it.</summary>
    public static FrozenDictionary<string, Func<string, Task>> All { get; } =
        new Dictionary<string, Func<string, Task>>(StringComparer.Ordinal)
        {
            ["list-empty.m3u8"] = Write(""),
            ["list-comments.m3u8"] = Write("#EXTM3U\n#EXTINF:10,A film\n"),
            ["list-latin-1.m3u"] = path => File.WriteAllBytesAsync(path, [.. "good.mp4\n"u8, 0xE4, .. ".mp4"u8]),
            ["list-time.m3u8"] = Write("good.mp4\n#EXTVLCOPT:start-time=-Infinity\ngood.mp4"),
            ["list-missing.m3u8"] = Write("good.mp4\n\nnowhere.mp4"),
            ["list-outside.m3u8"] = Write("good.mp4\n../good.mp4"),
            ["list-nested.m3u8"] = Write("#EXTM3U\nlist-missing.m3u8"),
            ["list-bad-films.m3u8"] = Write("good.mp4\nnoise.mp4\nsample-of-17-mb.mp4"),
            ["list-past-the-end.m3u8"] = Write("good.mp4?start=1000"),
            ["list-too-long.m3u8"] = Write(string.Concat(Enumerable.Repeat("good.mp4\n", 257))),
            ["list-too-large.m3u8"] = Write(new string('#', (1 << 20) + 1)),
            ["list-cut-off.json"] = Write("[\n\"good.mp4\","),
            ["list-number.json"] = Write("{\"items\": [\"good.mp4\", 7]}"),
            ["list-surrogate.json"] = Write("[\"good.mp4\",\n\"\\ud83d\"]"),
            ["list-time.json"] = Write("[\n{\"file\": \"good.mp4\", \"in\": -1}]"),
            ["list-vorbis.json"] = Write("[\"vorbis-only.mp4\"]"),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    private static Func<string, Task> Write(string text) => path => File.WriteAllTextAsync(path, text, new UTF8Encoding(false));
}
