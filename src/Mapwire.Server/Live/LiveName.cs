using System.Globalization;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;

namespace Mapwire.Server.Live;

/// <summary>The name of a live stream, and what was sent with it.</summary>
/// <param name="Name">As viewers know it: the path below the application.</param>
/// <param name="Key">The key; null where none was sent.</param>
/// <param name="Behind">How long ago it is watched from, in milliseconds: a start before now, as <c>start=-30</c>.</param>
internal readonly record struct LiveName(string Name, string? Key, long Behind)
{
    /// <summary>Characters of a name: an encoder's field has some hundred.</summary>
    public const int MaxLength = 256;

    /// <summary>What a name must be, in words for who publishes.</summary>
    public static readonly string Rule = $"The name of a stream has 1 to {MaxLength} characters, "
        + "without \\ ? # % and no part '.' or '..', and does not end as that of a film.";

    /// <summary>Characters of a key.</summary>
    private const int MaxKeyLength = 1024;

    /// <summary>Reads what a client named. A query may stand behind the application or behind the name.</summary>
    /// <param name="name">As it was sent.</param>
    /// <param name="applicationQuery">What stood behind the '?' of the application; empty for nothing.</param>
    public static LiveName Of(PlayName name, string applicationQuery = "") =>
        new(name.ToString().Trim('/'), KeyOf(name.Query) ?? KeyOf(applicationQuery), BehindOf(name.Query));

    /// <summary>The tracks that a viewer asks for, as those of a film: from 1, 0 for those it would be sent anyway.</summary>
    /// <exception cref="TitleException">A track is none.</exception>
    public static (int Video, int Audio) TracksOf(PlayName name) => PlayQuery.ParseTracks(name.Query);

    /// <summary>
    /// Whether a stream can have the name: it is shown in logs, addresses and file names, and must not hide a film that is named so.
    /// </summary>
    public bool IsValid => !TitleName.HasTitleExtension(Name) && Name.Length is > 0 and <= MaxLength && !Name.AsSpan().ContainsAny("\\?#%")
        && !Name.Any(char.IsControl) && !Name.Split('/').Any(static part => part is "" or "." or "..");

    /// <inheritdoc/>
    public override string ToString() => Name; // never the key

    private static string? KeyOf(string query) =>
        ValueOf(query, "key=") is { Length: <= MaxKeyLength } key ? Uri.UnescapeDataString(key) : null;

    private static long BehindOf(string query) =>
        ValueOf(query, "start=-") is { } value
        && double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
        && PlaylistFile.ToMilliseconds(seconds) is { } time
            ? time
            : 0;

    private static string? ValueOf(string query, string word)
    {
        foreach (Range range in query.AsSpan().Split('&'))
        {
            ReadOnlySpan<char> pair = query.AsSpan(range);
            if (pair.StartsWith(word, StringComparison.Ordinal))
            {
                return pair[word.Length..].ToString();
            }
        }

        return null;
    }
}
