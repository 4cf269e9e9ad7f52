using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Memory;

namespace Mapwire.Server.Files;

/// <summary>What a media file held at one moment.</summary>
/// <param name="Identity">Which file it was, and how long.</param>
/// <param name="Movie">What it said it holds, with exact times.</param>
/// <param name="MayGrow">Whether others were writing it, so that more is expected.</param>
internal sealed record FileContent(FileIdentity Identity, Movie Movie, bool MayGrow)
{
    /// <summary>
    /// How long nobody may have written a file that can grow before it counts as whole: the target duration of its playlist, twice over.
    /// </summary>
    public static TimeSpan RestTime { get; } = TimeSpan.FromSeconds(24);

    /// <summary>How long ago it was written.</summary>
    public TimeSpan Age => TimeSpan.FromTicks(DateTime.UtcNow.Ticks - Identity.LastWriteTicks);

    /// <summary>Whether more is expected at its end: it can grow, does not say that nothing follows, and was written lately.</summary>
    public bool IsBeingWritten => Movie is { MayGrow: true, IsComplete: false } && Age < RestTime;

    /// <summary>
    /// Whether it is told as a film that grows: it may, or it became whole a moment ago, of which who plays it has not heard yet.
    /// </summary>
    public bool IsOpenEnded => Movie.MayGrow || (MayGrow && Age < RestTime);

    /// <summary>How many samples there are.</summary>
    public long Samples => Movie.Tracks.Sum(static track => track.Samples.Count);

    /// <summary>Whether this is an earlier content and more: the same tracks, with all their samples as they were.</summary>
    public bool Continues(FileContent before)
    {
        if (Movie.Tracks.Length < before.Movie.Tracks.Length)
        {
            return false;
        }

        foreach (Track old in before.Movie.Tracks)
        {
            if (old.Samples.Count > 0
                && (Movie.Tracks.FirstOrDefault(track => track.Id == old.Id && track.Kind == old.Kind) is not { } track
                || !Continues(track, old)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Continues(Track track, Track old)
    {
        long last = old.Samples.Count - 1;
        return track.Timescale == old.Timescale && track.FirstDecodeTime == old.FirstDecodeTime
            && track.PresentationStart == old.PresentationStart
            && track.Samples.Count > last && track.Samples[0] == old.Samples[0] && track.Samples[last] == old.Samples[last]
            && track.Codecs.Length >= old.Codecs.Length
            && track.Codecs.Take(old.Codecs.Length).Zip(old.Codecs).All(static pair => IsSame(pair.First, pair.Second));
    }

    private static bool IsSame(CodecConfiguration one, CodecConfiguration other) =>
        one.FourCc == other.FourCc && one.Raw.AsSpan().SequenceEqual(other.Raw.AsSpan());
}
