using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// Renditions as one fragmented MP4 of known length: an init part and all segments one after another. Parts are made when they are sent,
/// so a long film takes no more memory than one of its segments. Immutable; any number of threads may use it.
/// </summary>
/// <example>
/// <code>
/// for (int part = file.IndexAt(from); part &lt; file.Count &amp;&amp; file.GetOffset(part) &lt; to; part++)
///     Send(file.CreatePart(part));
/// </code>
/// </example>
public sealed class FragmentedFile
{
    private readonly ImmutableArray<Rendition> _renditions;
    private readonly ReadOnlyMemory<byte> _init;
    private readonly long[] _offsets; // of each part and the end
    private readonly int[] _firsts; // of each rendition: its first segment among all
    private readonly long[][] _shifts; // of each rendition, of each track: added to its decode times

    /// <summary>Puts the segments of a rendition behind one init part. A piece of a film is one whose timeline has a start.</summary>
    /// <param name="rendition">Of any layout.</param>
    public FragmentedFile(Rendition rendition)
        : this([rendition])
    {
    }

    /// <summary>Puts the segments of renditions, each of another film, one film behind the other. The presentation of each begins where
    /// that of the one before ends, or as much later as its decoders need.</summary>
    /// <param name="renditions">At least one.</param>
    /// <exception cref="Mp4WritingException">
    /// They differ in tracks, timescales or sample descriptions, which one init part cannot say, or are too long together.
    /// </exception>
    public FragmentedFile(ImmutableArray<Rendition> renditions)
    {
        ArgumentOutOfRangeException.ThrowIfZero(renditions.Length, nameof(renditions));
        _renditions = renditions;
        _firsts = new int[renditions.Length + 1];
        _shifts = new long[renditions.Length][];
        TimeSpan duration = TimeSpan.Zero;
        for (int i = 0; i < renditions.Length; i++)
        {
            RequireSame(i);
            _shifts[i] = i == 0 ? new long[renditions[0].Tracks.Length] : FindShifts(i);
            _firsts[i + 1] = checked(_firsts[i] + renditions[i].Count);
            duration += renditions[i].Duration;
        }

        _init = renditions[0].CreateStreamInit(duration);
        _offsets = new long[_firsts[^1] + 2];
        _offsets[1] = _init.Length;
        int part = 1;
        foreach (Rendition rendition in renditions)
        {
            for (int i = 0; i < rendition.Count; i++, part++)
            {
                _offsets[part + 1] = _offsets[part] + rendition.GetStreamLength(i);
            }
        }
    }

    /// <summary>The bytes of the whole.</summary>
    public long Length => _offsets[^1];

    /// <summary>How many parts there are: the init part and the segments.</summary>
    public int Count => _offsets.Length - 1;

    /// <summary>Where a part begins, in bytes.</summary>
    /// <param name="part">Counted from 0; <see cref="Count"/> for the end.</param>
    public long GetOffset(int part) => _offsets[part];

    /// <summary>The part that a byte is in.</summary>
    /// <param name="offset">0 to <see cref="Length"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such byte.</exception>
    public int IndexAt(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, Length);
        int found = Array.BinarySearch(_offsets, offset);
        return found < 0 ? ~found - 1 : found;
    }

    /// <summary>The rendition whose file the ranges of a part are of, counted from 0.</summary>
    /// <param name="part">Counted from 0.</param>
    public int RenditionOf(int part)
    {
        int found = Array.BinarySearch(_firsts, part - 1);
        found = found < 0 ? ~found - 1 : found;
        return Math.Clamp(found, 0, _renditions.Length - 1);
    }

    /// <summary>A part's bytes.</summary>
    /// <param name="part">Counted from 0: the init part, then the segments.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such part.</exception>
    public PieceList CreatePart(int part)
    {
        if (part == 0)
        {
            return new PieceList.Builder().Add(_init).Build();
        }

        int rendition = RenditionOf(part);
        return _renditions[rendition].CreateStreamSegment(part - 1 - _firsts[rendition], (uint)part, _shifts[rendition]);
    }

    private void RequireSame(int index)
    {
        Rendition first = _renditions[0];
        Rendition other = _renditions[index];
        string? difference = first.Tracks.Length != other.Tracks.Length ? "has other tracks" : null;
        for (int i = 0; difference is null && i < first.Tracks.Length; i++)
        {
            (TimelineTrack one, TimelineTrack two) = (first.Tracks[i], other.Tracks[i]);
            string kind = one.Source.Kind.ToString().ToLowerInvariant();
            difference = one.Source.Kind != two.Source.Kind ? "has other tracks"
                : one.Timescale != two.Timescale ? string.Create(CultureInfo.InvariantCulture,
                    $"has {two.Timescale} ticks a second of {kind}, the first has {one.Timescale}")
                : !first.HasSameDescriptions(other, i) ? $"has another sample description of {kind}"
                : null;
        }

        if (difference is not null)
        {
            throw new Mp4WritingException(Mp4WritingError.DifferentFilms, string.Create(CultureInfo.InvariantCulture,
                $"film {index + 1} {difference}: one fragmented MP4 has one init segment"));
        }
    }

    /// <summary>
    /// How far a film's times are moved: its presentation begins where the one before ends, and no track is decoded before that track's
    /// samples of the film before.
    /// </summary>
    private long[] FindShifts(int index)
    {
        Rendition before = _renditions[index - 1];
        Rendition rendition = _renditions[index];
        uint scale = rendition.Plan.Timeline.Reference.Timescale;
        uint scaleBefore = before.Plan.Timeline.Reference.Timescale;
        long shiftBefore = _shifts[index - 1][0]; // of the first track, which is the reference where the rendition has all tracks
        Int128 end = ((Int128)before.Plan.GetStart(before.Count) * before.Tracks[0].Timescale / scaleBefore) + shiftBefore;
        Int128 start = (Int128)Math.Max(0, rendition.Plan.Timeline.Origin) * rendition.Tracks[0].Timescale / scale;
        Int128 shift = Int128.Max(0, end - start);
        uint first = rendition.Tracks[0].Timescale;
        for (int i = 0; i < rendition.Tracks.Length; i++)
        {
            (long decode, _) = rendition.GetDecodeTimes(i);
            (_, long decoded) = before.GetDecodeTimes(i);
            Int128 least = decoded + _shifts[index - 1][i] - decode; // in ticks of this track
            shift = Int128.Max(shift, Timeline.RoundUp(least * first, rendition.Tracks[i].Timescale));
        }

        if (shift > Timeline.MaxTime)
        {
            throw new Mp4WritingException(Mp4WritingError.TimeOutOfRange, "the films are longer than 2^61 ticks together");
        }

        return [.. rendition.Tracks.Select(track => Timeline.RoundUp(shift * track.Timescale, first))];
    }
}
