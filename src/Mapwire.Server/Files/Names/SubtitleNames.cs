using System.IO.Enumeration;

namespace Mapwire.Server.Files.Names;

/// <summary>
/// Finds the subtitles that lie beside a film: <c>film.de.vtt</c> and <c>film.vtt</c> beside <c>film.mp4</c>. A folder is read again when
/// its time has changed. Any thread may use it.
/// </summary>
/// <param name="folder">The served folder.</param>
internal sealed class SubtitleNames(ServedFolder folder)
{
    private const string Extension = ".vtt";

    /// <summary>Folders whose names are kept. Films of a thousand folders at once are rare, and one costs a look.</summary>
    private const int MaxFolders = 1000;

    /// <summary>Subtitles of one film; more are passed over.</summary>
    private const int MaxTracks = 64;

    /// <summary>The longest language tag that is taken, in characters (RFC 5646, section 4.4.1, recommends 35).</summary>
    private const int MaxTag = 35;

    /// <summary>Times of folders may be no finer than this: what changed a moment ago may change within the same time again.</summary>
    private static readonly TimeSpan SettledTime = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, (DateTime Time, string[] Names)> _folders = new(StringComparer.Ordinal);

    /// <summary>Finds the subtitles of a film; it may take as long as the file system likes.</summary>
    /// <param name="title">The film's path below the served folder.</param>
    /// <returns>By their languages: the name below the served folder, and the tag as it stands there, in lower case.</returns>
    /// <exception cref="TitleException">The folder cannot be read.</exception>
    public IReadOnlyList<SubtitleName> Find(string title)
    {
        int slash = title.LastIndexOf('/');
        string below = slash < 0 ? "" : title[..slash];
        string stem = Path.GetFileNameWithoutExtension(title[(slash + 1)..]) + ".";
        List<SubtitleName> found = [];
        foreach (string name in NamesIn(below))
        {
            if (!name.StartsWith(stem, StringComparison.Ordinal))
            {
                continue;
            }

            string rest = name[stem.Length..].ToLowerInvariant();
            string tag = rest.Length < Extension.Length ? SubtitleName.NoLanguage : rest[..^Extension.Length]; // "vtt", or "de.vtt"
            if (IsTag(tag) && found.Count < MaxTracks && !found.Exists(other => other.Tag == tag))
            {
                found.Add(new SubtitleName(below.Length == 0 ? name : $"{below}/{name}", tag));
            }
        }

        found.Sort(static (one, other) => string.CompareOrdinal(one.Tag, other.Tag));
        return found;
    }

    /// <summary>Whether a text can be a language tag in an address: letters, then letters and digits between hyphens.</summary>
    public static bool IsTag(ReadOnlySpan<char> text)
    {
        if (text.Length is < 2 or > MaxTag || !char.IsAsciiLetterLower(text[0]) || text[^1] == '-')
        {
            return false;
        }

        foreach (char one in text)
        {
            if (!char.IsAsciiLetterLower(one) && !char.IsAsciiDigit(one) && one != '-')
            {
                return false;
            }
        }

        return LanguageTag.Normalize(text.ToString()) is not null;
    }

    private string[] NamesIn(string below)
    {
        if (folder.FindFolder(below) is not { } path)
        {
            return [];
        }

        try
        {
            DateTime time = Directory.GetLastWriteTimeUtc(path);
            lock (_folders)
            {
                if (_folders.TryGetValue(path, out (DateTime Time, string[] Names) kept) && kept.Time == time)
                {
                    return kept.Names;
                }
            }

            string[] names = [.. new FileSystemEnumerable<string>(
                path, static (ref entry) => entry.FileName.ToString(), new EnumerationOptions { IgnoreInaccessible = false })
            {
                ShouldIncludePredicate = static (ref entry) =>
                    !entry.IsDirectory && entry.FileName.EndsWith(Extension, StringComparison.OrdinalIgnoreCase),
            }];
            if (DateTime.UtcNow - time > SettledTime)
            {
                lock (_folders)
                {
                    if (_folders.Count >= MaxFolders)
                    {
                        _folders.Clear();
                    }

                    _folders[path] = (time, names);
                }
            }

            return names;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw TitleException.Unreadable(path, exception);
        }
    }
}

/// <summary>Subtitles that lie beside a film.</summary>
/// <param name="Name">Their path below the served folder.</param>
/// <param name="Tag">Their language, in lower case; <see cref="NoLanguage"/> where the name has none.</param>
internal readonly record struct SubtitleName(string Name, string Tag)
{
    /// <summary>The tag of what has no language (RFC 5646).</summary>
    public const string NoLanguage = "und";
}
