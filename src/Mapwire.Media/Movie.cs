using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Media.Codecs;

namespace Mapwire.Media;

/// <summary>A recording, read and checked against its file once: immutable, shared by everyone who plays it.</summary>
public sealed class Movie
{
    internal Movie(ImmutableArray<Track> tracks, FileLocation place, bool isFragmented = false, bool isTruncated = false,
        bool mayGrow = false)
    {
        Place = place;
        Tracks = tracks;
        IsFragmented = isFragmented;
        IsTruncated = isTruncated;
        MayGrow = mayGrow || isFragmented || isTruncated;
        foreach (Track track in tracks)
        {
            if (track.Codec is not null && track.Duration > Duration)
            {
                Duration = track.Duration;
            }
        }
    }

    /// <summary>Where the file says what tracks it has: its <c>moov</c>, or the header of an FLV file.</summary>
    public FileLocation Place { get; }

    /// <summary>All tracks in the order of the file, those that cannot be played too.</summary>
    public ImmutableArray<Track> Tracks { get; }

    /// <summary>How long the longest track that anyone can play is presented, edit lists applied; zero when there is none.</summary>
    public TimeSpan Duration { get; }

    /// <summary>Whether the file announces movie fragments (<c>mvex</c>).</summary>
    public bool IsFragmented { get; }

    /// <summary>
    /// Whether the file ends before all that it announces, or in the middle of a fragment or tag: only what is whole is here.
    /// </summary>
    public bool IsTruncated { get; }

    /// <summary>What was passed over since it is damaged, the first 64 places; what is around it is played.</summary>
    public ImmutableArray<FileDamage> Damage { get; internal init; } = [];

    /// <summary>
    /// What somebody who put the file there wants to know though it plays, a line each: that it is truncated and how much is missing, and
    /// what is damaged. Tracks that cannot be played say so themselves (<see cref="Track.UnplayableReason"/>).
    /// </summary>
    public IReadOnlyList<string> Warnings
    {
        get
        {
            List<string> warnings = [];
            if (IsTruncated)
            {
                IEnumerable<string> missing = Tracks.Where(static track => track.MissingSamples > 0).Select(static track => string.Create(
                    CultureInfo.InvariantCulture,
                    $"; track {track.Id}: {track.DeclaredSamples - track.MissingSamples} of {track.DeclaredSamples} samples are there"));
                warnings.Add("the file is cut off" + string.Concat(missing));
            }

            warnings.AddRange(Damage.Select(static damage => damage.ToString()));
            return warnings;
        }
    }

    /// <summary>
    /// Whether the file says that nothing follows: a fragmented one by the index at its very end (<c>mfra</c>), which is written last, an
    /// FLV by the end of its pictures' sequence behind all samples.
    /// </summary>
    public bool IsComplete { get; internal init; }

    /// <summary>Whether bytes that come behind the file's end leave what was read as it is: more fragments, more tags.</summary>
    public bool MayGrow { get; }

    /// <summary>
    /// The first enabled track of a kind that every client can play, or the first such one when none is enabled; null when there is none.
    /// </summary>
    /// <param name="kind">Video or audio.</param>
    public Track? Default(TrackKind kind) => Default(kind, static codec => codec.HasPlainHeader);

    /// <summary>
    /// The first enabled track of a kind that a client can play, or the first such one when none is enabled; null when there is none.
    /// </summary>
    /// <param name="kind">Video or audio.</param>
    /// <param name="accepts">Whether the client can play a codec; it is asked for each of a track's.</param>
    public Track? Default(TrackKind kind, Func<CodecConfiguration, bool> accepts)
    {
        ArgumentNullException.ThrowIfNull(accepts);
        Track? disabled = null;
        foreach (Track track in Tracks)
        {
            if (track.Kind != kind || track.Codec is null || !track.Codecs.All(accepts))
            {
                continue;
            }

            if (track.IsEnabled)
            {
                return track;
            }

            disabled ??= track;
        }

        return disabled;
    }
}
