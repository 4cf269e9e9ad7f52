using System.Buffers;
using Mapwire.Server.Files.Playlists;

namespace Mapwire.Server.Files.Names;

/// <summary>Which files of the served folder are titles, by their names alone, and which paths may be looked up at all.</summary>
internal static class TitleName
{
    /// <summary>The longest path, in characters: PATH_MAX of Linux.</summary>
    public const int MaxLength = 4096;

    /// <summary>The deepest folder served.</summary>
    private const int MaxSegments = 64;

    /// <summary>
    /// The extensions of titles, in the order they are tried for a name without one: MP4 and its relatives, FLV, playlists.
    /// </summary>
    public static readonly string[] Extensions =
    [
        ".mp4", ".m4v", ".mov", ".f4v", ".m4a", ".flv", ".3gp", ".3g2", ".m4b", ".m4r", ".qt", ".isma", ".ismv", .. PlaylistFile.Extensions,
    ];

    /// <summary>
    /// What else films and sound are named: whoever asks for one is told that it is not served. Any other end of a name may belong to the
    /// name itself (<c>Dr. Mabuse</c>), since players leave extensions out.
    /// </summary>
    private static readonly string[] OtherMedia =
    [
        ".aac", ".avi", ".cmfa", ".cmfv", ".m2ts", ".m4s", ".mkv", ".mp3", ".mpd", ".mpeg", ".mpg", ".ogg", ".ogv", ".opus", ".ts", ".wav",
        ".webm", ".wmv",
    ];

    /// <summary>What Windows opens in place of a file of that name, whatever its folder and extension.</summary>
    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

    /// <summary>Separators, streams and patterns of Windows.</summary>
    private static readonly SearchValues<char> WindowsSyntax = SearchValues.Create("\\:*?\"<>|");

    /// <summary>Whether a file of this name is a title.</summary>
    /// <param name="path">A path or a name; only its end counts.</param>
    public static bool HasTitleExtension(ReadOnlySpan<char> path)
    {
        foreach (string extension in Extensions)
        {
            if (path.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
            {
                return !PlaylistFile.IsSidecar(path);
            }
        }

        return false;
    }

    /// <summary>Whether a name ends as files of media do that are not served.</summary>
    /// <param name="path">A path or a name; only its end counts.</param>
    public static bool IsOtherMedia(string path) =>
        Array.Exists(OtherMedia, extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    /// <summary>Why a file of this name is no title, whatever is in it; null when it is one.</summary>
    public static string? GetRefusal(string fileName) =>
        !HasTitleExtension(fileName)
        ? (Path.GetExtension(fileName) is { Length: > 0 } extension ? $"files named *{extension}" : "files without an extension")
            + $" are not served: titles end in {string.Join(", ", Extensions)}"
        : fileName.StartsWith('.') ? "files whose names begin with '.' are not served"
        : null;

    /// <summary>
    /// Whether a listed name is not UTF-8 (Unix): what stands for its bytes in a text leads to no file, so that nothing can open it.
    /// </summary>
    /// <param name="path">The file or folder, by the name that its folder lists.</param>
    public static bool IsUndecodable(string path) =>
        path.Contains('\uFFFD', StringComparison.Ordinal) && !Path.Exists(path) && new FileInfo(path).LinkTarget is null;

    /// <summary>The path with single slashes and without "." segments; null when it may not be looked up.</summary>
    /// <param name="path">Segments with '/' between them; no extension is added to it any more.</param>
    /// <param name="isWindows">Whose rules count.</param>
    public static string? Normalize(string path, bool isWindows)
    {
        if (path.Length > MaxLength)
        {
            return null;
        }

        int segments = 0;
        bool isNormal = true;
        foreach (Range range in path.AsSpan().Split('/'))
        {
            ReadOnlySpan<char> segment = path.AsSpan(range);
            if (segment is "" or ".")
            {
                isNormal = false;
            }
            else if (++segments > MaxSegments || !IsVisibleName(segment, isWindows))
            {
                return null;
            }
        }

        return segments == 0 ? null
            : isNormal ? path
            : string.Join('/', path.Split('/').Where(static segment => segment is not ("" or ".")));
    }

    /// <summary>Whether it is the plain name of a file or folder that is not hidden; "..", too, is not.</summary>
    private static bool IsVisibleName(ReadOnlySpan<char> segment, bool isWindows) =>
        segment[0] != '.' && !segment.Contains('\0') && (!isWindows || IsWindowsName(segment));

    /// <summary>Windows trims blanks and dots at the end, has separators and streams of its own, and devices in every folder.</summary>
    private static bool IsWindowsName(ReadOnlySpan<char> segment)
    {
        if (segment[^1] is '.' or ' ' || segment.ContainsAny(WindowsSyntax) || segment.ContainsAnyInRange('\u0001', '\u001f'))
        {
            return false;
        }

        int dot = segment.IndexOf('.');
        ReadOnlySpan<char> stem = (dot < 0 ? segment : segment[..dot]).TrimEnd(' ');
        foreach (string device in Devices)
        {
            if (stem.Equals(device, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        return !(stem.Length == 4
            && (stem.StartsWith("COM", StringComparison.OrdinalIgnoreCase) || stem.StartsWith("LPT", StringComparison.OrdinalIgnoreCase))
            && stem[3] is (>= '0' and <= '9') or '¹' or '²' or '³');
    }
}
