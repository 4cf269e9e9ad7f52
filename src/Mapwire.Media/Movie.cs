using System.Collections.Immutable;

namespace Mapwire.Media;

/// <summary>A recording, read and checked against its file once: immutable, shared by everyone who plays it.</summary>
public sealed class Movie
{
    internal Movie(ImmutableArray<Track> tracks, bool isFragmented = false, bool isCutOff = false)
    {
        Tracks = tracks;
        IsFragmented = isFragmented;
        IsCutOff = isCutOff;
        foreach (Track track in tracks)
        {
            if (track.NotPlayable is null && track.Duration > Duration)
                Duration = track.Duration;
        }
    }

    /// <summary>All tracks in the order of the file, those that cannot be played too.</summary>
    public ImmutableArray<Track> Tracks { get; }

    /// <summary>How long the longest playable track is presented, edit lists applied; zero when nothing is playable.</summary>
    public TimeSpan Duration { get; }

    /// <summary>Whether the file announces movie fragments (<c>mvex</c>).</summary>
    public bool IsFragmented { get; }

    /// <summary>Whether the file ends in the middle of its last fragment or tag, of which only what is whole is here.</summary>
    public bool IsCutOff { get; }

    /// <summary>The first enabled playable track of a kind, or the first playable one when none is enabled; null when there is none.</summary>
    /// <param name="kind">Video or audio.</param>
    public Track? Default(TrackKind kind)
    {
        Track? disabled = null;
        foreach (Track track in Tracks)
        {
            if (track.Kind != kind || track.NotPlayable is not null)
                continue;
            if (track.IsEnabled)
                return track;
            disabled ??= track;
        }

        return disabled;
    }
}
