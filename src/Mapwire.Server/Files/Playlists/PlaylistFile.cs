using System.Text;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Files.Playlists;

/// <summary>Reads playlists: M3U8, and a list in JSON. Every refusal names the line and the byte.</summary>
/// <remarks>
/// M3U8: a name a line; lines with '#' are comments, but for <c>#EXTVLCOPT:start-time=SECONDS</c> and <c>stop-time</c>, which count for the
/// next name. JSON: <c>["a.mp4", {"file": "b.mp4", "in": 1.5, "out": 10}]</c>, or an object whose <c>items</c> are such a list.
/// </remarks>
internal static class PlaylistFile
{
    /// <summary>The most bytes of a playlist: some 10,000 names.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>
    /// The most items of a playlist, where nobody says how many; the server has an option for it.
    /// </summary>
    public const int MaxItems = 256;

    /// <summary>The latest time of a list or a query, 99 days, in milliseconds: later ones are taken for it.</summary>
    public const long MaxTime = (1L << 33) - 1;

    /// <summary>The names of playlist files, in the order they are tried for a name without extension.</summary>
    public static readonly string[] Extensions = [".m3u8", ".m3u", ".json"];

    /// <summary>The end of the names of files that list qualities.</summary>
    public const string QualitiesExtension = ".qualities.json";

    /// <summary>What yt-dlp writes beside each film, in JSON, and is no playlist.</summary>
    private const string SidecarExtension = ".info.json";

    /// <summary>Whether a file of this name is a playlist.</summary>
    public static bool IsPlaylist(string path) =>
        !IsSidecar(path) && !IsQualities(path)
        && Array.Exists(Extensions, extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a file of this name lists qualities of one film, for players that choose among them.</summary>
    public static bool IsQualities(string path) => path.EndsWith(QualitiesExtension, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a file of this name only describes the film beside it.</summary>
    public static bool IsSidecar(ReadOnlySpan<char> path) => path.EndsWith(SidecarExtension, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a file's items.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The path below the folder, for the refusal.</param>
    /// <param name="folder">Where the open file has to lie, whatever links did meanwhile.</param>
    /// <param name="maxItems">More are refused.</param>
    /// <exception cref="TitleException">The file cannot be read or lies elsewhere, is no playlist, or has no item or too many.</exception>
    public static IReadOnlyList<PlaylistItem> Read(string path, string name, ServedFolder folder, int maxItems) =>
        Parse(path, ShortFile.Read(path, name, folder, MaxBytes), maxItems);

    /// <summary>Reads the items.</summary>
    /// <param name="path">Only its extension counts.</param>
    /// <param name="bytes">The file; of one that is too large, more than <see cref="MaxBytes"/> of it.</param>
    /// <param name="maxItems">More are refused.</param>
    /// <exception cref="TitleException">It is no playlist, or has no item or too many.</exception>
    public static IReadOnlyList<PlaylistItem> Parse(string path, ReadOnlySpan<byte> bytes, int maxItems)
    {
        PlaylistText text = new(bytes);
        if (bytes.Length > MaxBytes)
        {
            throw text.Wrong($"it has more than {MaxBytes} bytes", MaxBytes);
        }

        int start = bytes.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        List<PlaylistItem> items = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? new PlaylistJson(text, start, maxItems).Parse()
            : PlaylistLines.Parse(ref text, start, maxItems);
        return items.Count > 0 ? items : throw text.Wrong("it has no item", bytes.Length);
    }

    /// <summary>Adds an item, if there is room for it.</summary>
    /// <exception cref="TitleException">There is not.</exception>
    internal static void Add(List<PlaylistItem> items, PlaylistItem item, int maxItems, ref PlaylistText text)
    {
        if (items.Count == maxItems)
        {
            throw text.Wrong($"it has more than {maxItems} items", (int)item.Place.Offset);
        }

        items.Add(item);
    }

    /// <summary>
    /// A time of a list or a query; null for what is none: "NaN" and "-Infinity" are numbers, whatever styles are allowed.
    /// </summary>
    internal static long? ToMilliseconds(double seconds) =>
        seconds >= 0 ? (long)Math.Min(Math.Round(seconds * 1000), MaxTime) : null;
}
