using System.Collections.Immutable;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// The times of a title's tracks on one line that begins at 0, as fragments need it: no edit list, no negative time, nothing presented
/// before it is decoded. All tracks are moved by one constant, as RTMP moves them (docs/adr/0005-times-on-the-wire.md), so sound and
/// picture stay exactly as far apart as the file's edit lists put them. Immutable; any number of threads may use it.
/// </summary>
/// <remarks>
/// What an edit list hides, and a decoder needs, is presented for a tick a picture before the first that is shown: players of fragments
/// ignore edit lists. With usual timescales that is some milliseconds.
/// </remarks>
public sealed class Timeline
{
    /// <summary>Times stay below this, so that two of them can be added.</summary>
    internal const long MaxTime = 1L << 61;

    private Timeline(ImmutableArray<TimelineTrack> tracks, long origin) => (Tracks, Origin) = (tracks, origin);

    /// <summary>The tracks with samples on the line, pictures first.</summary>
    public ImmutableArray<TimelineTrack> Tracks { get; }

    /// <summary>The track by whose samples segments are cut: the pictures, or else the first sound.</summary>
    public TimelineTrack Reference => Tracks[0];

    /// <summary>
    /// Where the start of the presentation, or of the piece, lies on the line, in ticks of <see cref="Reference"/>: mostly the delay of
    /// reordered pictures. A DASH manifest says it as <c>presentationTimeOffset</c>. Negative where all tracks begin with a pause: it is
    /// left out, as it is over RTMP.
    /// </summary>
    public long Origin { get; }

    /// <summary><see cref="Origin"/> as a time; 0 where it is negative.</summary>
    public TimeSpan OriginTime => Ticks.ToTimeSpan(Math.Max(0, Origin), Reference.Timescale);

    /// <summary>Puts tracks on a line.</summary>
    /// <param name="tracks">Tracks of one movie that have a <see cref="Track.Codec"/>, at most one of them pictures.</param>
    /// <param name="start">Where the piece begins on the line of the whole; null for all from the start. Its pictures begin with the sync
    /// sample at or before it; what is before it is hidden.</param>
    /// <param name="end">Where the piece ends; null for the end.</param>
    /// <param name="limits">What is refused; null for <see cref="WritingLimits.Default"/>.</param>
    /// <param name="leastOrigin">
    /// Where the presentation lies at the earliest, so that it lies there in several qualities; null for where its tracks put it.
    /// </param>
    /// <exception cref="ArgumentException">There is no track, one has no codec, or there are several of pictures.</exception>
    /// <exception cref="Mp4WritingException">Nothing is left in the piece, or the times cannot be told without an edit list.</exception>
    public static Timeline Create(IEnumerable<Track> tracks, TimeSpan? start = null, TimeSpan? end = null, WritingLimits? limits = null,
        TimeSpan? leastOrigin = null)
    {
        limits ??= WritingLimits.Default;
        TimelineTrack[] placed = PlaceWhole(tracks, limits, out Int128 zero, out uint scale);
        TimelineTrack reference = placed[0];
        long begin = ToTicks(start, reference.Timescale, Round(zero * reference.Timescale, scale)) ?? 0;
        if (start is not null || end is not null)
        {
            foreach (TimelineTrack track in placed)
            {
                long shift = Round(zero * track.Timescale, scale);
                track.Cut(ToTicks(start, track.Timescale, shift), ToTicks(end, track.Timescale, shift));
            }

            placed = [.. placed.Where(static track => track.Count > 0)];
            if (placed.Length == 0)
            {
                throw new Mp4WritingException(Mp4WritingError.NoSamples, "no sample is between start and end");
            }

            (zero, scale) = FindZero(placed);
        }

        // The pictures may have no sample in the piece; then its start counts in the ticks of another track.
        begin = placed[0] == reference ? begin : Round((Int128)begin * placed[0].Timescale, reference.Timescale);
        Int128 origin = (Int128)begin - Round(zero * placed[0].Timescale, scale);
        Int128 later = ToTicks(leastOrigin, placed[0].Timescale, 0) is { } least ? Int128.Max(0, least - origin) : 0;
        origin += later;
        foreach (TimelineTrack track in placed)
        {
            track.Place(Round(later * track.Timescale, placed[0].Timescale) - Round(zero * track.Timescale, scale));
        }

        return new Timeline([.. placed], (long)Int128.Clamp(origin, -MaxTime, MaxTime));
    }

    /// <summary>The tracks with all their samples, and the earliest decode time of all of them.</summary>
    internal static TimelineTrack[] PlaceWhole(IEnumerable<Track> tracks, WritingLimits limits, out Int128 zero, out uint scale)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        Track[] chosen = [.. tracks.OrderBy(static track => track.Kind == TrackKind.Video ? 0 : 1)];
        if (chosen.Length == 0 || Array.Exists(chosen, static track => track.Codec is null || track.Samples.Count == 0))
        {
            throw new ArgumentException("There must be tracks, each with samples that can be played.", nameof(tracks));
        }

        if (chosen.Count(static track => track.Kind == TrackKind.Video) > 1)
        {
            throw new ArgumentException("At most one track may be of pictures.", nameof(tracks));
        }

        TimelineTrack[] placed = [.. chosen.Select((track, index) => new TimelineTrack(track, (uint)index + 1, limits))];
        (zero, scale) = FindZero(placed);
        return placed;
    }

    /// <summary>A time on the line of the whole in ticks of a track, further by a shift; null stays null.</summary>
    internal static long? ToTicks(TimeSpan? time, uint timescale, long shift) => time is { } given
        ? (long)Int128.Clamp(
            (Int128)Round((Int128)Math.Max(0, given.Ticks) * timescale, (uint)TimeSpan.TicksPerSecond) + shift, -MaxTime, MaxTime)
        : null;

    /// <summary>The nearest whole number; half goes up.</summary>
    internal static long Round(Int128 value, uint divisor)
    {
        (Int128 quotient, Int128 rest) = Int128.DivRem((value * 2) + divisor, (Int128)divisor * 2);
        return (long)Int128.Clamp(rest < 0 ? quotient - 1 : quotient, long.MinValue, long.MaxValue);
    }

    /// <summary>The smallest whole number that is not less.</summary>
    internal static long RoundUp(Int128 value, uint divisor)
    {
        (Int128 quotient, Int128 rest) = Int128.DivRem(value, divisor);
        return (long)Int128.Clamp(rest > 0 ? quotient + 1 : quotient, long.MinValue, long.MaxValue);
    }

    private static (Int128 Zero, uint Scale) FindZero(TimelineTrack[] tracks)
    {
        (Int128 zero, uint scale) = (tracks[0].Earliest, tracks[0].Timescale);
        foreach (TimelineTrack track in tracks)
        {
            if ((Int128)track.Earliest * scale < zero * track.Timescale)
            {
                (zero, scale) = (track.Earliest, track.Timescale);
            }
        }

        return (zero, scale);
    }
}
