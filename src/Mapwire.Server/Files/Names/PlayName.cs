namespace Mapwire.Server.Files.Names;

/// <summary>What a client wants to play, parsed once: where it asked, the path it named and the query behind it.</summary>
/// <param name="Sent">The name as sent, with its query: for answers to the client that sent it, and for nobody else.</param>
/// <param name="Folder">What follows the application's own name in the client's application; empty for nothing.</param>
/// <param name="Path">The name as sent, up to its query.</param>
/// <param name="Query">What stands behind the '?', without it; empty for nothing. It may hold tokens, so it is never shown.</param>
/// <remarks>
/// Clients split and decorate the same URL differently. <c>rtmp://host/vod/dir/film.mp4</c> arrives as application <c>vod/dir</c>
/// and name <c>mp4:film.mp4</c> from some, as <c>vod</c> and <c>dir/film.mp4</c> from others; URLs made for Flash Media Server and Wowza
/// have <c>_definst_</c> for the application's instance; Flash-era players leave out the extension; some escape spaces and some do not.
/// </remarks>
internal readonly record struct PlayName(string Sent, string Folder, string Path, string Query)
{
    /// <summary>
    /// The longest name that is looked up, in characters, with its folder and query: the longest path, with each byte of it escaped. What
    /// is longer waits for nothing, since a name is kept while it does.
    /// </summary>
    public const int MaxLength = 3 * TitleName.MaxLength;

    private const string DefaultInstance = "_definst_/";

    private static readonly string[] Prefixes = ["mp4:", "flv:", "mp3:"];

    /// <summary>Whether the path is the title's own to the letter: nothing is decoded, left out or added, as in a path of HTTP.</summary>
    public bool IsExact { get; private init; }

    /// <summary>A title by its path below the served folder, decoded, and nothing else.</summary>
    public static PlayName Exactly(string path) => new(path, "", path, "") { IsExact = true };

    /// <summary>What its texts take in memory, in bytes.</summary>
    public int ByteSize => sizeof(char) * (Sent.Length + Folder.Length + Path.Length + Query.Length);

    /// <summary>Whether it is too long to be the name of anything.</summary>
    public bool IsTooLong => Folder.Length + Sent.Length > MaxLength;

    /// <summary>Splits the name of a play command.</summary>
    /// <param name="folder">What follows the application's own name, possibly empty.</param>
    /// <param name="name">The name as sent.</param>
    public static PlayName Parse(string folder, string name)
    {
        (string path, string query) = Split(name);
        return new PlayName(name, folder.Trim('/'), path, query);
    }

    /// <summary>Splits an application as sent in connect.</summary>
    /// <returns>The application's own name, and what follows it for <see cref="Parse"/>.</returns>
    public static (string Application, string Folder) ParseApplication(string app)
    {
        string path = Split(app).Path.Trim('/');
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (path, "") : (path[..slash], path[(slash + 1)..]);
    }

    /// <summary>
    /// The paths to try below the served folder, in order, with '/' between segments, each made when it is asked for; none when the name
    /// may not be looked up. Purely textual: a name that could leave the folder has no path at all.
    /// </summary>
    public IEnumerable<string> GetCandidates() => GetCandidates(OperatingSystem.IsWindows());

    /// <inheritdoc cref="GetCandidates()"/>
    /// <param name="isWindows">Which system's rules for names count.</param>
    internal IEnumerable<string> GetCandidates(bool isWindows)
    {
        if (IsExact)
        {
            return TitleName.HasTitleExtension(Path) && TitleName.Normalize(Path, isWindows) == Path ? [Path] : [];
        }

        string literal = Join(Folder, Path);
        string plain = WithoutDecoration();
        IEnumerable<string> candidates = GetCandidates(plain, isWindows);
        return plain == literal ? candidates : candidates.Concat(GetCandidates(literal, isWindows));
    }

    /// <summary>The name for people, without its query: as sent, and not cleaned.</summary>
    public override string ToString() => Join(Folder, Path);

    private static (string Path, string Query) Split(string text)
    {
        int mark = text.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? (text, "") : (text[..mark], text[(mark + 1)..]);
    }

    private static string Join(string folder, string path) => folder.Length == 0 ? path : $"{folder}/{path}";

    /// <summary>The path without <c>_definst_</c> at its beginning and without a prefix such as <c>mp4:</c>.</summary>
    private string WithoutDecoration()
    {
        string folder = Folder + "/";
        folder = folder.StartsWith(DefaultInstance, StringComparison.Ordinal) ? folder[DefaultInstance.Length..] : folder;
        string path = Path.TrimStart('/');
        path = path.StartsWith(DefaultInstance, StringComparison.Ordinal) && Folder.Length == 0 ? path[DefaultInstance.Length..] : path;
        string? prefix = Array.Find(Prefixes, prefix => path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
        return Join(folder.TrimEnd('/'), path[(prefix?.Length ?? 0)..]);
    }

    /// <summary>As it is, and unescaped once: the result is held to the same rules.</summary>
    private static IEnumerable<string> GetCandidates(string path, bool isWindows)
    {
        IEnumerable<string> candidates = WithExtensions(path, isWindows);
        return path.Contains('%', StringComparison.Ordinal)
            ? candidates.Concat(WithExtensions(Uri.UnescapeDataString(path), isWindows))
            : candidates;
    }

    private static IEnumerable<string> WithExtensions(string path, bool isWindows)
    {
        if (path.Length > TitleName.MaxLength)
        {
            yield break; // no extension makes a path of it
        }

        bool hasExtension = TitleName.HasTitleExtension(path);
        if (hasExtension && TitleName.Normalize(path, isWindows) is { } asSent)
        {
            yield return asSent;
        }

        if (path.EndsWith('/') || path.Length == 0)
        {
            yield break; // a folder: "dir/" does not ask for a hidden file "dir/.mp4"
        }

        foreach (string extension in TitleName.Extensions)
        {
            if (Extend(path, extension, isWindows) is { } extended)
            {
                yield return extended;
            }
        }

        if (hasExtension || isWindows)
        {
            yield break;
        }

        foreach (string extension in TitleName.Extensions)
        {
            if (Extend(path, extension.ToUpperInvariant(), isWindows) is { } capital)
            {
                yield return capital; // cameras write FILM.MP4; Windows does not tell them apart
            }
        }
    }

    private static string? Extend(string path, string extension, bool isWindows) =>
        path + extension is var candidate && TitleName.HasTitleExtension(candidate) ? TitleName.Normalize(candidate, isWindows) : null;
}
