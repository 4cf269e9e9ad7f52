using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Media;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Http;

/// <summary>A track of a film as addresses name it: <c>v1</c> and <c>a2</c> count those of their kind.</summary>
/// <param name="Name">Its name in addresses.</param>
/// <param name="Track">The track.</param>
internal sealed record WebTrack(string Name, Track Track);

/// <summary>Which tracks a film is sent with: a picture, and all its sounds, of any codec. A player takes those that it has.</summary>
internal static class WebTracks
{
    /// <summary>Chooses, with pictures first and the sound that is heard by default behind them.</summary>
    /// <exception cref="TitleException">There is nothing to send, or a track that was asked for cannot be.</exception>
    public static ImmutableArray<WebTrack> Choose(Movie movie, PlayQuery wishes)
    {
        WebTrack[] pictures = OfKind(movie, TrackKind.Video, "v");
        WebTrack[] sounds = OfKind(movie, TrackKind.Audio, "a");
        ImmutableArray<WebTrack>.Builder chosen = ImmutableArray.CreateBuilder<WebTrack>();
        if (wishes.Video >= 0 && Pick(movie, pictures, wishes.Video, TrackKind.Video) is { } picture)
        {
            chosen.Add(picture);
        }

        if (wishes.Audio >= 0 && Pick(movie, sounds, wishes.Audio, TrackKind.Audio) is { } sound)
        {
            WebTrack? spoken = wishes is { Audio: 0, Language: { } language }
                ? Array.Find(sounds, one => IsPlayable(one.Track) && LanguageTag.Normalize(one.Track.Language) == language)
                : null;
            chosen.Add(spoken ?? sound);
            if (wishes is { Audio: 0, Language: null })
            {
                chosen.AddRange(sounds.Where(one => one != sound && IsPlayable(one.Track)));
            }
        }

        return chosen.Count > 0 ? chosen.ToImmutable() : throw new TitleException(TitleError.NotPlayable, Nothing(movie));
    }

    private static WebTrack[] OfKind(Movie movie, TrackKind kind, string letter) =>
        [.. movie.Tracks.Where(track => track.Kind == kind)
            .Select((track, index) => new WebTrack(string.Create(CultureInfo.InvariantCulture, $"{letter}{index + 1}"), track))];

    private static WebTrack? Pick(Movie movie, WebTrack[] all, int number, TrackKind kind)
    {
        if (number == 0)
        {
            Track? usual = movie.Default(kind) ?? movie.Default(kind, static _ => true);
            return Array.Find(all, one => one.Track == usual && IsPlayable(one.Track)) ?? Array.Find(all, one => IsPlayable(one.Track));
        }

        string word = kind.ToString().ToLowerInvariant();
        if (number > all.Length)
        {
            throw new TitleException(TitleError.NotPlayable, $"{word} track {number} of {all.Length}");
        }

        WebTrack wanted = all[number - 1];
        return IsPlayable(wanted.Track)
            ? wanted
            : throw new TitleException(TitleError.NotPlayable, $"{word} track {number}: {wanted.Track.UnplayableReason ?? "no samples"}");
    }

    private static bool IsPlayable(Track track) => track.Codec is not null && track.Samples.Count > 0;

    private static string Nothing(Movie movie)
    {
        string[] faults = [.. movie.Tracks.Where(static track => track.UnplayableReason is not null)
            .Select(static track => $"track {track.Id}: {track.UnplayableReason}")];
        return faults.Length > 0 ? "no playable track: " + string.Join("; ", faults) : "no track of the kinds that are wanted";
    }
}
