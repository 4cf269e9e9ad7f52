using System.Globalization;
using System.Text;
using Mapwire.Http.Targets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Http;

/// <summary>
/// The query of a path that is made of a film: what of it is wanted, as over RTMP, and what playlists put into the addresses of their
/// children.
/// </summary>
/// <param name="Wishes">Tracks and times.</param>
/// <param name="Version">Which version of the file a playlist was made of; null where it is not said.</param>
/// <param name="Viewer">Whose playlist it was; null where it is not said.</param>
internal sealed record WebQuery(PlayQuery Wishes, string? Version, string? Viewer)
{
    private const string VersionWord = "r";
    /// <summary>The word with a viewer's id.</summary>
    public const string ViewerWord = "v";
    private const int MaxWordLength = 64;

    private static readonly PlayQuery NoWishes = PlayQuery.Parse("");

    /// <summary>The wishes in one form, so that what was made for one viewer is found for the next; empty for none.</summary>
    public string Key { get; } = KeyOf(Wishes);

    /// <summary>Reads a query; words that are not known here are passed over.</summary>
    /// <exception cref="TitleException">A word that is known has a value that is not.</exception>
    public static WebQuery Parse(QueryParameters parameters)
    {
        string text = WishesOf(parameters);
        return new WebQuery(
            text.Length == 0 ? NoWishes : PlayQuery.Parse(text), WordOf(parameters, VersionWord), WordOf(parameters, ViewerWord));
    }

    /// <summary>What of a query is wished of a film, as <see cref="PlayQuery"/> reads it; empty for nothing.</summary>
    /// <remarks>Known words alone: what is decoded in another one could be read as a word of its own.</remarks>
    public static string WishesOf(QueryParameters parameters)
    {
        string text = "";
        for (int i = 0; i < parameters.Count; i++)
        {
            (string word, string value) = parameters[i];
            if (word is "video" or "audio" or "lang" or "start" or "end" or "loop")
            {
                text += $"{(text.Length == 0 ? "" : "&")}{word}={Uri.EscapeDataString(value)}";
            }
        }

        return text;
    }

    /// <summary>The query of a child: the same wishes of the same version, for the same viewer. With its '?'; empty for nothing.</summary>
    public string ForChild(string version) =>
        $"?{VersionWord}={version}" + (Key.Length == 0 ? "" : $"&{Key}") + (Viewer is null ? "" : $"&{ViewerWord}={Viewer}");

    /// <summary>The query of what depends on where a piece begins, and on nothing else.</summary>
    public string ForStart => Wishes.Start == 0 ? ""
        : string.Create(CultureInfo.InvariantCulture, $"?start={Wishes.Start / 1000.0}");

    /// <summary>How long others may keep an answer: what names a viewer is the viewer's alone.</summary>
    public string CacheControl(string rule) => Viewer is null ? $"public, {rule}" : $"private, {rule}";

    private static string? WordOf(QueryParameters parameters, string name) =>
        parameters.GetValue(name) is not { Length: > 0 } value ? null
        : value.Length <= MaxWordLength && value.All(char.IsAsciiLetterOrDigit) ? value
        : throw new TitleException(TitleError.NotFound, $"?{name}= is not one that was given here");

    private static string KeyOf(PlayQuery wishes)
    {
        if (wishes == NoWishes)
        {
            return "";
        }

        StringBuilder key = new();
        Add("video", wishes.Video == 0 ? null : wishes.Video < 0 ? "none" : wishes.Video.ToString(CultureInfo.InvariantCulture));
        Add("audio", wishes.Audio == 0 ? null : wishes.Audio < 0 ? "none" : wishes.Audio.ToString(CultureInfo.InvariantCulture));
        Add("lang", wishes.Language);
        Add("start", wishes.Start == 0 ? null : (wishes.Start / 1000.0).ToString(CultureInfo.InvariantCulture));
        Add("end", wishes.End is { } end ? (end / 1000.0).ToString(CultureInfo.InvariantCulture) : null);
        return key.ToString();

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                key.Append(key.Length == 0 ? "" : "&").Append(name).Append('=').Append(value);
            }
        }
    }
}
