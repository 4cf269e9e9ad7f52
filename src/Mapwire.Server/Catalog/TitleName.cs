namespace Mapwire.Server.Catalog;

/// <summary>
/// A client's words for a title, turned into file paths relative to the served folder, in the order to try them.
/// Purely textual: a name that could leave the folder has no path at all.
/// </summary>
/// <remarks>
/// Clients split and decorate the same URL differently. <c>rtmp://host/vod/dir/film.mp4</c> arrives as application <c>vod/dir</c>
/// and name <c>mp4:film.mp4</c> from some, as <c>vod</c> and <c>dir/film.mp4</c> from others; Flash-era players leave out the
/// extension; some escape spaces and some do not.
/// </remarks>
internal static class TitleName
{
    /// <summary>The longest name taken, in characters: PATH_MAX of Linux.</summary>
    private const int MaxLength = 4096;

    /// <summary>The deepest folder served.</summary>
    private const int MaxSegments = 64;

    /// <summary>The extensions of titles, in the order they are tried for a name without one.</summary>
    public static readonly string[] Extensions = [".mp4", ".m4v", ".mov", ".f4v", ".m4a", ".flv", .. PlaylistFile.Extensions];

    private static readonly string[] Prefixes = ["mp4:", "flv:", "mp3:"];

    /// <summary>The paths to try, below the served folder, with '/' between segments; none when the name is not acceptable.</summary>
    /// <param name="folder">What follows the application's own name in the client's application, possibly empty.</param>
    /// <param name="name">The name of the play command as sent.</param>
    public static IReadOnlyList<string> Candidates(string folder, string name)
    {
        List<string> candidates = [];
        string bare = WithoutQuery(name);
        foreach (string prefix in Prefixes)
        {
            if (bare.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                bare = bare[prefix.Length..];
                break;
            }
        }

        string path = folder + "/" + bare;
        AddWithExtensions(candidates, path);
        if (path.Contains('%', StringComparison.Ordinal))
        {
            AddWithExtensions(candidates, Uri.UnescapeDataString(path)); // once; what it gives is held to the same rules
        }

        return candidates;
    }

    /// <summary>The part of an application or name before its query.</summary>
    public static string WithoutQuery(string text)
    {
        int query = text.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? text : text[..query];
    }

    /// <summary>Whether a file of this name is a title.</summary>
    public static bool HasTitleExtension(ReadOnlySpan<char> path)
    {
        foreach (string extension in Extensions)
        {
            if (path.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static void AddWithExtensions(List<string> candidates, string path)
    {
        if (Normalize(path) is not { } normal)
        {
            return;
        }

        if (HasTitleExtension(normal))
        {
            candidates.Add(normal);
        }

        foreach (string extension in Extensions)
        {
            candidates.Add(normal + extension);
        }
    }

    /// <summary>The path with single slashes, or null when a segment is not the plain name of a visible file or folder.</summary>
    private static string? Normalize(string path)
    {
        if (path.Length > MaxLength)
        {
            return null;
        }

        string[] segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return segments.Length is > 0 and <= MaxSegments && Array.TrueForAll(segments, IsPlain) ? string.Join('/', segments) : null;
    }

    private static bool IsPlain(string segment)
    {
        if (segment[0] == '.' || segment[^1] is '.' or ' ')
        {
            return false; // hidden, "." and ".."; and what Windows trims to another name
        }

        foreach (char c in segment)
        {
            if (c is '\\' or ':' || char.IsControl(c))
            {
                return false;
            }
        }

        return true;
    }
}
