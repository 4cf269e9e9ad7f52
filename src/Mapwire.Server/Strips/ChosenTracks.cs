using Mapwire.Media;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Strips;

/// <summary>What of a file is to be played. The default is what players of plain RTMP get who wish for nothing.</summary>
/// <param name="Abilities">What the player can be sent.</param>
/// <param name="Video">The track among those of its kind, from 1; 0 for the file's default, <see cref="PlayQuery.NoTrack"/> for none.
/// </param>
/// <param name="Audio">The track among those of its kind, from 1; 0 for the file's default, <see cref="PlayQuery.NoTrack"/> for none.
/// </param>
/// <param name="Language">The language of the sound where the file has it, as <see cref="LanguageTag.Normalize"/> writes it; null when any
/// will do.</param>
internal readonly record struct TrackChoice(PlayerAbilities Abilities, int Video = 0, int Audio = 0, string? Language = null)
{
    /// <summary>The choice that a query wishes for.</summary>
    public static TrackChoice Of(PlayQuery query, PlayerAbilities abilities) =>
        new(abilities.ForFilm(), query.Video, query.Audio, query.Language);
}

/// <summary>The tracks of a movie that are played, by a player's abilities and wishes.</summary>
/// <param name="Video">Null when there is none.</param>
/// <param name="Audio">The first is the one that everybody is sent; the others go to players that take several.</param>
internal sealed record ChosenTracks(Track? Video, IReadOnlyList<Track> Audio)
{
    /// <summary>Chooses.</summary>
    /// <exception cref="TitleException">Nothing is left to play, or a track that was asked for cannot be; the message names the
    /// codec.</exception>
    public static ChosenTracks Of(Movie movie, TrackChoice choice)
    {
        Track? video = One(movie, TrackKind.Video, choice.Video, choice.Abilities);
        List<Track> audio = Sounds(movie, choice);
        return video is null && audio.Count == 0 ? throw new TitleException(TitleError.NotPlayable, NothingPlayable(movie, choice))
            : video is not null && audio.Count > 0 ? new ChosenTracks(video, audio)
            : new ChosenTracks(video, audio) { Missing = [.. MissingOf(movie, choice, video is null, audio.Count == 0)] };
    }

    /// <summary>Why there is no picture, or no sound, though the film has one and it was not declined; a line each, for the player.
    /// </summary>
    public IReadOnlyList<string> Missing { get; private init; } = [];

    /// <summary>How long the longest of them is presented.</summary>
    public TimeSpan Duration { get; } = Audio.Append(Video).Max(static track => track?.Duration ?? TimeSpan.Zero);

    /// <summary>Whether a track is played.</summary>
    public bool Contains(Track track) => track == Video || Audio.Contains(track);

    /// <summary>What of a movie is left out of play, tracks and what is cut off or damaged, a line each.</summary>
    /// <param name="movie">Of which they were chosen.</param>
    /// <param name="choice">By which they were chosen.</param>
    public IEnumerable<string> LeftOut(Movie movie, TrackChoice choice) =>
    [
        .. movie.Tracks.Where(track => !Contains(track)).Select(
            track => $"{NameOf(track)}: {WhyLeftOut(track, choice)}"),
        .. movie.Warnings.Select(static warning => $"some of it: {warning}"),
    ];

    private static string WhyLeftOut(Track track, TrackChoice choice)
    {
        if (!IsPlayable(track, choice.Abilities))
        {
            return WhyNot(track, choice.Abilities)!;
        }

        string kind = WordFor(track.Kind);
        int wish = track.Kind == TrackKind.Video ? choice.Video : choice.Audio;
        if (wish != 0)
        {
            return wish < 0 ? $"the player asked for no {kind}" : $"the player asked for another {kind} track";
        }

        string reason = $"another {kind} track is played";
        return track.Kind == TrackKind.Video ? reason
            : !choice.Abilities.Has(PlayerAbilities.ManyTracks)
            ? $"{reason}; several at once take a player that offers Multitrack (Enhanced RTMP)"
            : track.Codecs.FirstOrDefault(codec => !choice.Abilities.TakesExtended(codec)) is { } codec
            ? $"{reason}; {codec.Name} beside it takes a player that offers {codec.FourCc} (Enhanced RTMP)"
            : $"{StripEntry.MaxTracks - 1} others are played, as many as are sent at once";
    }

    private static IEnumerable<string> MissingOf(Movie movie, TrackChoice choice, bool hasNoPicture, bool hasNoSound)
    {
        foreach ((TrackKind kind, string word, bool isMissing) in
            ((TrackKind, string, bool)[])[
                (TrackKind.Video, "picture", hasNoPicture && choice.Video == 0),
                (TrackKind.Audio, "sound", hasNoSound && choice.Audio == 0)])
        {
            if (isMissing && movie.Tracks.FirstOrDefault(track => track.Kind == kind) is { } track
                && WhyNot(track, choice.Abilities) is { } reason)
            {
                yield return $"There is no {word}: {(track.SampleEntry == default ? reason : $"{track.SampleEntry}: {reason}")}.";
            }
        }
    }

    private static List<Track> Sounds(Movie movie, TrackChoice choice)
    {
        Track? first = One(movie, TrackKind.Audio, choice.Audio, choice.Abilities);
        if (first is null)
        {
            return [];
        }

        if (choice.Audio != 0 || (choice.Language is null && !choice.Abilities.Has(PlayerAbilities.ManyTracks)))
        {
            return [first];
        }

        Track[] others = [.. movie.Tracks.Where(track => track.Kind == TrackKind.Audio && IsPlayable(track, choice.Abilities))];
        if (choice.Language is { } language)
        {
            first = Array.Find(others, track => LanguageTag.Normalize(track.Language) == language) ?? first;
        }

        return choice.Abilities.Has(PlayerAbilities.ManyTracks)
            ? [first,
            .. others.Where(track => track != first && track.Codecs.All(codec => choice.Abilities.TakesExtended(codec)))
                .Take(StripEntry.MaxTracks - 2)]
            : [first];
    }

    private static Track? One(Movie movie, TrackKind kind, int number, PlayerAbilities abilities)
    {
        if (number <= 0)
        {
            return number < 0 ? null : movie.Default(kind, codec => abilities.Takes(codec));
        }

        string word = WordFor(kind);
        Track[] all = [.. movie.Tracks.Where(track => track.Kind == kind)];
        if (number > all.Length)
        {
            throw new TitleException(TitleError.NotPlayable, $"{word} track {number} of {all.Length} ({movie.Place})");
        }

        Track track = all[number - 1];
        return IsPlayable(track, abilities)
            ? track
            : throw new TitleException(TitleError.NotPlayable,
            $"{word} {NameOf(track, number)}: {WhyNot(track, abilities)} ({track.Place})");
    }

    /// <summary>A track in words: with its sample entry, which a codec that FLV only has a number for does not have.</summary>
    private static string NameOf(Track track, long? number = null) =>
        track.SampleEntry == default ? $"track {number ?? track.Id}" : $"track {number ?? track.Id} ({track.SampleEntry})";

    private static string WordFor(TrackKind kind) => kind.ToString().ToLowerInvariant();

    private static bool IsPlayable(Track track, PlayerAbilities abilities) =>
        track.Codec is not null && track.Codecs.All(codec => abilities.Takes(codec));

    private static string? WhyNot(Track track, PlayerAbilities abilities) =>
        track.Codec is not null && track.Codecs.FirstOrDefault(codec => !abilities.Takes(codec)) is { } codec
        ? $"{codec.Name}, which takes a player that offers {codec.FourCc} (Enhanced RTMP)"
        : track.UnplayableReason;

    private static string NothingPlayable(Movie movie, TrackChoice choice)
    {
        if (movie.Tracks.IsEmpty)
        {
            return $"the movie has no track ({movie.Place})";
        }

        string[] faults =
        [
            .. movie.Tracks.Where(track => !IsPlayable(track, choice.Abilities)).Select(
                track => $"{NameOf(track)}: {WhyNot(track, choice.Abilities)} ({track.Place})"),
        ];
        return faults.Length > 0
            ? "no playable track: " + string.Join("; ", faults)
            : $"the movie has no track of the kinds that are wanted ({movie.Place})";
    }
}
