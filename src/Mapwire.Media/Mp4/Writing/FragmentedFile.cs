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
    private readonly Int128[] _shifts; // of each rendition: added to its times, in ticks of its first track

    /// <summary>Puts the segments of a rendition behind one init part. A piece of a film is one whose timeline has a start.</summary>
    /// <param name="rendition">Of any layout.</param>
    public FragmentedFile(Rendition rendition)
        : this([rendition])
    {
    }

    /// <summary>Puts the segments of renditions, each of another film, one film behind the other. The presentation of each begins where
    /// that of the one before ends, or as much later as its decoders need.</summary>
    /// <remarks>
    /// All tracks of a film are moved together, by what the longest of them needs: a sound decoder's run-up at its beginning (an AAC packet
    /// of some 20 ms that is mostly there) is decoded behind the last packet of the film before, and takes the time that its table says.
    /// Laid over that packet instead, as timestamps alone would let it, sound would come later than its pictures by that much more at each
    /// joint, since players play all that a decoder gives. The last picture before a joint is shown, and told, until the first one behind
    /// it: no hole is in the track, at which players that buffer by times would wait.
    /// </remarks>
    /// <param name="renditions">At least one.</param>
    /// <exception cref="Mp4WritingException">
    /// They differ in tracks, timescales or sample descriptions, which one init part cannot say, or are too long together.
    /// </exception>
    public FragmentedFile(ImmutableArray<Rendition> renditions)
    {
        ArgumentOutOfRangeException.ThrowIfZero(renditions.Length, nameof(renditions));
        _renditions = renditions;
        _firsts = new int[renditions.Length + 1];
        _shifts = new Int128[renditions.Length];
        TimeSpan duration = TimeSpan.Zero;
        for (int i = 0; i < renditions.Length; i++)
        {
            RequireSame(i);
            _shifts[i] = i == 0 ? 0 : FindShift(i - 1, i);
            RequireTime(_shifts[i]);
            _firsts[i + 1] = checked(_firsts[i] + renditions[i].Count);
            duration += renditions[i].Duration;
        }

        _init = renditions[0].CreateStreamInit(duration);
        _offsets = new long[_firsts[^1] + 2];
        _offsets[1] = _init.Length;
        int part = 1;
        for (int number = 0; number < renditions.Length; number++)
        {
            long[] tails = FindTails(number, _shifts[number], null);
            for (int i = 0; i < renditions[number].Count; i++, part++)
            {
                _offsets[part + 1] = _offsets[part] + renditions[number].GetStreamLength(i, tails);
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
        found = Math.Clamp(found < 0 ? ~found - 1 : found, 0, _renditions.Length - 1);
        while (found < _renditions.Length - 1 && _firsts[found + 1] < part)
        {
            found++; // one that has no segment begins where the next one does
        }

        return found;
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

        return CreateSegment(part, (uint)part, begin: 0, round: null);
    }

    /// <summary>How long it is presented until it can begin again: where it ends, or as much later as its decoders need.</summary>
    public TimeSpan LoopDuration => TimeSpan.FromTicks((long)Int128.Min(
        LoopShift * TimeSpan.TicksPerSecond / _renditions[0].Tracks[0].Timescale, TimeSpan.MaxValue.Ticks));

    /// <summary>
    /// All parts again and again, with times and numbers that go on, behind one init part that tells no duration. It ends where times
    /// have no room any more, which is after years, and at once where there are no segments.
    /// </summary>
    /// <returns>For each part when its presentation begins, from the beginning of the first one, and of which rendition's file its ranges
    /// are. Each is made when it is asked for.</returns>
    public IEnumerable<(TimeSpan Time, int Rendition, PieceList Pieces)> Loop()
    {
        yield return (TimeSpan.Zero, 0, new PieceList.Builder().Add(_renditions[0].CreateStreamInit(null)).Build());
        Int128 round = LoopShift;
        uint sequence = 0;
        for (Int128 begin = 0; Count > 1 && round > 0 && begin <= Timeline.MaxTime - _shifts[^1]; begin += round)
        {
            for (int part = 1; part < Count; part++)
            {
                int rendition = RenditionOf(part);
                Int128 shift = begin + _shifts[rendition];
                Int128 start = shift + _renditions[rendition].GetStart(part - 1 - _firsts[rendition]) - _renditions[0].GetStart(0);
                yield return (
                    TimeSpan.FromTicks((long)(start * TimeSpan.TicksPerSecond / _renditions[rendition].Tracks[0].Timescale)),
                    rendition, CreateSegment(part, unchecked(++sequence), begin, round));
            }
        }
    }

    private Int128 LoopShift => FindShift(_renditions.Length - 1, 0);

    /// <param name="part">Counted from 0; not the init part.</param>
    /// <param name="sequence">The fragment's number.</param>
    /// <param name="begin">Where the round begins, in ticks of the first track.</param>
    /// <param name="round">How long a round takes; null where there is but one.</param>
    private PieceList CreateSegment(int part, uint sequence, Int128 begin, Int128? round)
    {
        int number = RenditionOf(part);
        Rendition rendition = _renditions[number];
        Int128 shift = begin + _shifts[number];
        long[] shifts = [.. Enumerable.Range(0, rendition.Tracks.Length).Select(track => ShiftOf(track, shift))];
        return rendition.CreateStreamSegment(
            part - 1 - _firsts[number], sequence, shifts, FindTails(number, shift, round is { } length ? begin + length : null));
    }

    /// <summary>How far a track is moved, in its ticks: each time anew from one shift for all tracks, so what is rounded up does not add
    /// up.</summary>
    /// <param name="track">Which.</param>
    /// <param name="shift">In ticks of the first track.</param>
    private long ShiftOf(int track, Int128 shift) =>
        Timeline.RoundUp(shift * _renditions[0].Tracks[track].Timescale, _renditions[0].Tracks[0].Timescale);

    /// <summary>How much longer than its table says the last picture of a film is shown, until the next film's first one; 0 for sound.
    /// </summary>
    /// <param name="number">The film.</param>
    /// <param name="shift">How far its times are moved, in ticks of the first track.</param>
    /// <param name="nextRound">Where the next round begins; null where nothing follows the last film.</param>
    /// <returns>Of each track, in its ticks.</returns>
    private long[] FindTails(int number, Int128 shift, Int128? nextRound)
    {
        long[] tails = new long[_renditions[0].Tracks.Length];
        Int128? round = shift - _shifts[number];
        int next = number + 1;
        while (next < _renditions.Length && _renditions[next].Count == 0)
        {
            next++;
        }

        if (next == _renditions.Length)
        {
            (next, round) = (_firsts.AsSpan().IndexOfAnyExcept(0) - 1, nextRound);
        }

        for (int track = 0; track < tails.Length && next >= 0 && round is { } begin; track++)
        {
            if (_renditions[0].Tracks[track].Source.Kind == TrackKind.Video)
            {
                (_, long end) = _renditions[number].GetDecodeTimes(track);
                (long first, _) = _renditions[next].GetDecodeTimes(track);
                tails[track] = Math.Max(0, ShiftOf(track, begin + _shifts[next]) + first - ShiftOf(track, shift) - end);
            }
        }

        return tails;
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
    /// How far a film's times are moved, in ticks of its first track: its presentation begins where the one before ends, and no track is
    /// decoded before that track's samples of the film before.
    /// </summary>
    /// <param name="previous">The film before.</param>
    /// <param name="index">The film; the first for where all begins again.</param>
    private Int128 FindShift(int previous, int index)
    {
        Rendition before = _renditions[previous];
        Rendition rendition = _renditions[index];
        uint scale = rendition.Plan.Timeline.Reference.Timescale;
        uint scaleBefore = before.Plan.Timeline.Reference.Timescale;
        uint first = rendition.Tracks[0].Timescale; // that of all films
        Int128 end = ((Int128)before.Plan.GetStart(before.Count) * first / scaleBefore) + _shifts[previous];
        Int128 start = (Int128)Math.Max(0, rendition.Plan.Timeline.Origin) * first / scale;
        Int128 shift = Int128.Max(0, end - start);
        for (int i = 0; i < rendition.Tracks.Length; i++)
        {
            (long decode, _) = rendition.GetDecodeTimes(i);
            (_, long decoded) = before.GetDecodeTimes(i);
            Int128 least = decoded + Timeline.RoundUp(_shifts[previous] * before.Tracks[i].Timescale, first) - decode;
            shift = Int128.Max(shift, Timeline.RoundUp(least * first, rendition.Tracks[i].Timescale));
        }

        return shift;
    }

    private static void RequireTime(Int128 shift)
    {
        if (shift > Timeline.MaxTime)
        {
            throw new Mp4WritingException(Mp4WritingError.TimeOutOfRange, "the films are longer than 2^61 ticks together");
        }
    }
}
