using System.Globalization;
using Mapwire.Server.Files.Playlists;

namespace Mapwire.Server.Files.Names;

/// <summary>
/// What stands behind the '?' of a name: <c>video=N|none</c>, <c>audio=N|none</c>, <c>lang=TAG</c>, <c>start=SECONDS</c>,
/// <c>end=SECONDS</c>, <c>loop=1</c>. The rest is passed over.
/// </summary>
/// <param name="Video">The track among those of its kind, from 1; 0 for the file's default, <see cref="NoTrack"/> for none.</param>
/// <param name="Audio">The track among those of its kind, from 1; 0 for the file's default, <see cref="NoTrack"/> for none.</param>
/// <param name="Language">The language of the sound, as <see cref="LanguageTag.Normalize"/> writes it; null when any will do.</param>
/// <param name="Start">Where what is played begins, in milliseconds of the title.</param>
/// <param name="End">Where it ends, in milliseconds of the title; null for the title's end.</param>
/// <param name="Loops">Whether it begins again when it is over.</param>
internal readonly record struct PlayQuery(int Video, int Audio, string? Language, long Start, long? End, bool Loops)
{
    /// <summary>No track of the kind.</summary>
    public const int NoTrack = -1;

    /// <summary>The largest number that a track of a kind can have: the limit of all tracks of a file.</summary>
    private const int MaxTrack = 64;

    /// <summary>Characters of a wrong value that are told.</summary>
    private const int MaxShown = 40;

    /// <summary>Reads the query of a <see cref="PlayName"/>; words that are not known here, such as tokens, are passed over.</summary>
    /// <param name="text">What stands behind the '?'.</param>
    /// <exception cref="TitleException">A word that is known has a value that is not.</exception>
    public static PlayQuery Parse(string text)
    {
        PlayQuery query = default;
        foreach (string part in text.Split('&'))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            (string word, string value) = equals < 0 ? (part, "") : (part[..equals], Uri.UnescapeDataString(part[(equals + 1)..]));
            query = word switch
            {
                "video" => query with { Video = TrackOf(word, value) },
                "audio" => query with { Audio = TrackOf(word, value) },
                "lang" => query with { Language = LanguageTag.Normalize(value) ?? throw Wrong(word, value, "a language such as de") },
                "start" => query with { Start = TimeOf(word, value) },
                "end" => query with { End = TimeOf(word, value) },
                "loop" => query with { Loops = value switch { "1" => true, "0" => false, _ => throw Wrong(word, value, "1 or 0") } },
                _ => query,
            };
        }

        return query;
    }

    /// <summary>Reads the tracks alone, of what has other times than a film.</summary>
    /// <param name="text">What stands behind the '?'.</param>
    /// <exception cref="TitleException">A track is none.</exception>
    public static (int Video, int Audio) ParseTracks(string text)
    {
        (int Video, int Audio) tracks = default;
        foreach (string part in text.Split('&'))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            switch (equals < 0 ? "" : part[..equals])
            {
                case "video":
                    tracks.Video = TrackOf("video", Uri.UnescapeDataString(part[(equals + 1)..]));
                    break;
                case "audio":
                    tracks.Audio = TrackOf("audio", Uri.UnescapeDataString(part[(equals + 1)..]));
                    break;
            }
        }

        return tracks;
    }

    private static int TrackOf(string word, string value)
    {
        if (value == "none")
        {
            return NoTrack;
        }

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= MaxTrack
            ? number
            : throw Wrong(word, value, $"a track's number from 1 to {MaxTrack}, or none");
    }

    private static long TimeOf(string word, string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
        && PlaylistFile.ToMilliseconds(seconds) is { } time
            ? time
            : throw Wrong(word, value, "seconds such as 12.5");

    private static TitleException Wrong(string word, string value, string what) => new(
        TitleError.NotPlayable,
        $"?{word}= takes {what}, not {TerminalText.Clean(value.Length <= MaxShown ? value : value[..MaxShown] + "...")}");
}
