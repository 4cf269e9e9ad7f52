using System.Globalization;
using System.Text;
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

    /// <summary>
    /// What tells a film that grows from what was, or will be, in the same file: which file it is, and the first sample in it with its
    /// codec. It stays while the film grows, since that changes neither (<see cref="Continues(FileContent)"/>), and when the file is opened
    /// anew.
    /// </summary>
    public string Beginning
    {
        get
        {
            uint crc = Crc32C.Append(Crc32C.Seed, Encoding.ASCII.GetBytes($"{Identity.FileId}"));
            if (Movie.Tracks.Where(static track => track.Samples.Count > 0).MinBy(static track => track.Samples[0].Offset) is { } first)
            {
                Sample sample = first.Samples[0];
                string facts = string.Create(CultureInfo.InvariantCulture,
                    $" {first.Id} {first.Timescale} {first.FirstDecodeTime} {sample.DecodeTime} {sample.Offset} {sample.Size} ");
                crc = Crc32C.Append(crc, Encoding.ASCII.GetBytes(facts + first.Codecs[0].FourCc));
                crc = Crc32C.Append(crc, first.Codecs[0].Raw.AsSpan());
            }

            return string.Create(CultureInfo.InvariantCulture, $"{~crc:x8}");
        }
    }

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
