using System.Collections.Immutable;

namespace Mapwire.Load.Measuring;

/// <summary>
/// What was sent of one stream, and when: the frames of a film over and over, counted for each track. On the loop on which both the
/// publisher and the viewers of the stream live.
/// </summary>
/// <remarks>
/// Frames are told apart by what they are and by their order, not by a mark in them: that is right for each codec, alters nothing, and
/// finds what is missing or altered as well.
/// </remarks>
internal sealed class SentFrames(FilmFrames film)
{
    /// <summary>Pictures.</summary>
    public SentTrack Video { get; } = new(film.Video, film.Period);

    /// <summary>Sound.</summary>
    public SentTrack Audio { get; } = new(film.Audio, film.Period);
}

/// <summary>What was sent of one track of a stream.</summary>
/// <param name="frames">Of the film.</param>
/// <param name="period">From one showing of the film to the next, in milliseconds.</param>
internal sealed class SentTrack(ImmutableArray<FilmFrame> frames, long period)
{
    /// <summary>Frames whose time of sending is kept: some 20 s of sound.</summary>
    public const int KeptTimes = 1024;

    private readonly long[] _times = new long[frames.IsEmpty ? 0 : KeptTimes];

    /// <summary>Whether the film has the track.</summary>
    public bool IsEmpty => frames.IsEmpty;

    /// <summary>How many frames were sent.</summary>
    public long Count { get; private set; }

    /// <summary>The next frame is being sent.</summary>
    public void Add(long now) => _times[Count++ % KeptTimes] = now;

    /// <summary>Whether a frame is the one of a number.</summary>
    /// <param name="number">Of the frames that were sent, from 0.</param>
    /// <param name="frame">What came.</param>
    public bool Is(long number, FilmFrame frame) => frames[(int)(number % frames.Length)].IsSameAs(frame);

    /// <summary>The publisher's time of a frame, in milliseconds.</summary>
    public long TimeOf(long number) => frames[(int)(number % frames.Length)].Time + (number / frames.Length * period);

    /// <summary>When a frame was sent; of one long ago, when the oldest was of which that is known: it was sent before that.</summary>
    public long SentAt(long number) => _times[Math.Max(number, Count - KeptTimes) % KeptTimes];
}
