using System.Collections.Immutable;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Server.Files;

namespace Mapwire.Server.Strips;

/// <summary>Merges the chosen tracks of a movie into one strip.</summary>
internal sealed class StripBuilder
{
    /// <summary>Far past what a message's time can be, and still two of them can be added.</summary>
    private const long Never = 1L << 61;

    /// <summary>What comes next is not to be shown (FLV 10.1, E.4.3.1: start of client-side seeking).</summary>
    private const byte StartSeek = 0;

    /// <summary>What comes next is.</summary>
    private const byte EndSeek = 1;

    private readonly ChosenTracks _chosen;
    private readonly ImmutableArray<TitleLane?> _lanes;
    private readonly PlayerAbilities _abilities;
    private readonly bool _tellsNanoseconds;
    private readonly long _shift;
    private readonly List<byte> _changes = [];

    /// <param name="chosen">The tracks.</param>
    /// <param name="lanes">How each is headed: video first, then the audio tracks.</param>
    /// <param name="abilities">The player's, which say how a configuration that changes is told.</param>
    public StripBuilder(ChosenTracks chosen, ImmutableArray<TitleLane?> lanes, PlayerAbilities abilities)
    {
        _chosen = chosen;
        _lanes = lanes;
        _abilities = abilities;
        _tellsNanoseconds = lanes.Any(static lane => lane?.Header.HasNanoseconds == true);
        _shift = Shift();
    }

    /// <summary>The messages that tell configurations which change in the middle, as <see cref="Build"/> found them.</summary>
    public byte[] Changes => [.. _changes];

    /// <summary>Builds the strip.</summary>
    /// <exception cref="TitleException">No sample can be started from, or one is beyond what RTMP can carry.</exception>
    public Strip Build()
    {
        List<LaneSamples> tracks = [];
        if (_chosen.Video is { } video)
        {
            tracks.Add(Convert(video, StripEntry.VideoLane));
        }

        for (int i = 0; i < _chosen.Audio.Count; i++)
        {
            tracks.Add(Convert(_chosen.Audio[i], StripEntry.AudioLane + i));
        }

        StripEntry[] merged = new StripEntry[tracks.Sum(static track => track.Entries.Count)];
        int[] nanoseconds = new int[_tellsNanoseconds ? merged.Length : 0];
        List<int> syncPoints = [];
        int leading = _chosen.Video is null ? StripEntry.AudioLane : StripEntry.VideoLane;
        for (int i = 0; i < merged.Length; i++)
        {
            LaneSamples next = Earliest(tracks);
            merged[i] = next.Entries[next.Taken];
            if (_tellsNanoseconds)
            {
                nanoseconds[i] = next.Nanoseconds[next.Taken];
            }

            next.Taken++;
            if (merged[i] is { IsSync: true, IsChange: false } && merged[i].Lane == leading)
            {
                syncPoints.Add(i);
            }
        }

        if (syncPoints.Count == 0)
        {
            Track track = _chosen.Video ?? _chosen.Audio[0];
            FileLocation place = track.Samples.FindLocation(0, SampleField.Sync, out _);
            throw new TitleException(TitleError.NotPlayable, $"track {track.Id}: no sync sample to start from ({place})");
        }

        long end = Math.Max((long)Math.Round(_chosen.Duration.TotalMilliseconds) + _shift, merged[^1].Time);
        return new Strip(merged, [.. syncPoints], nanoseconds, Math.Clamp(_shift, 0, end), end,
            _chosen.Video is { } shown && HidesPictures(shown));
    }

    /// <summary>Whether an edit list begins behind pictures that its first one needs: they come before the presentation begins.</summary>
    private static bool HidesPictures(Track video)
    {
        foreach (Sample sample in video.Samples)
        {
            if (sample.PresentationTime < 0)
            {
                return true;
            }

            if (sample.DecodeTime >= 0)
            {
                break;
            }
        }

        return false;
    }

    /// <summary>
    /// What all tracks are moved by, so that the earliest decode time is 0: RTMP has no negative time, and moving the tracks
    /// together keeps them in sync. In milliseconds.
    /// </summary>
    private long Shift()
    {
        long earliest = _chosen.Audio.Append(_chosen.Video).Min(track => track is null ? long.MaxValue : Earliest(track));
        return earliest == long.MaxValue ? 0 : -earliest;
    }

    private long Earliest(Track track)
    {
        foreach (Sample sample in track.Samples)
        {
            return Round(sample.DecodeTime, track.Timescale); // decode times ascend
        }

        return long.MaxValue;
    }

    /// <summary>
    /// The track whose next entry is due first; of two at the same time the one with the lower lane. At least one has entries left.
    /// </summary>
    private static LaneSamples Earliest(List<LaneSamples> tracks)
    {
        LaneSamples? earliest = null;
        foreach (LaneSamples track in tracks)
        {
            if (track.Taken < track.Entries.Count
                && (earliest is null || track.Entries[track.Taken].Time < earliest.Entries[earliest.Taken].Time))
            {
                earliest = track;
            }
        }

        return earliest!;
    }

    private LaneSamples Convert(Track track, int lane)
    {
        SampleHeader header = _lanes[lane]!.Header;
        LaneSamples converted = new(checked((int)track.Samples.Count), _tellsNanoseconds);
        bool isShownWhenSent = lane == StripEntry.VideoLane && !header.HasComposition;
        CodecConfiguration told = track.Codec!;
        long before = 0;
        int nanosecondsBefore = 0;
        long index = -1;
        bool isInRunUp = lane == StripEntry.VideoLane && HidesPictures(track);
        if (isInRunUp)
        {
            AddCommand(converted, track.Codec!, 0, StartSeek);
        }

        foreach (Sample sample in track.Samples)
        {
            index++;
            (long time, long composition, int nanoseconds) = TimesOf(sample, track.Timescale, header, isShownWhenSent);
            (time, nanoseconds) =
                Later((time + _shift, nanoseconds), (before, isShownWhenSent || lane >= StripEntry.AudioLane ? nanosecondsBefore : 0));
            (before, nanosecondsBefore) = (time, nanoseconds);
            if (Unfit(sample, time, composition) is { } fact)
            {
                throw Refuse(track, index, fact, WhyUnfit(fact, sample, time, composition));
            }

            if (isInRunUp && time >= _shift)
            {
                AddCommand(converted, track.Codec!, time, EndSeek);
                isInRunUp = false;
            }

            CodecConfiguration codec = track.Codecs[sample.Description];
            if (codec != told)
            {
                if (codec.FourCc != told.FourCc)
                {
                    throw Refuse(track, index, SampleField.Description, $"is {codec.Name} in a track of {told.Name}");
                }

                AddChange(converted, codec, lane, time);
                told = codec;
            }

            converted.Add(new StripEntry(time, (int)composition, sample.Offset, (int)sample.Size, lane, sample.IsSync), nanoseconds);
        }

        return converted;
    }

    /// <summary>
    /// A sample's times in milliseconds. Codecs without a place for a composition time are shown in the order in which they are sent, so
    /// the message's time is when.
    /// </summary>
    private (long Time, long Composition, int Nanoseconds) TimesOf(Sample sample, uint timescale, SampleHeader header, bool isShownWhenSent)
    {
        long time = Round(isShownWhenSent ? sample.PresentationTime : sample.DecodeTime, timescale);
        if (!header.HasNanoseconds)
        {
            return (time, isShownWhenSent ? 0 : Round(sample.PresentationTime, timescale) - time, 0);
        }

        (long shown, int nanoseconds) = Ticks.Split(sample.PresentationTime, timescale); // they belong to when it is shown
        shown = Math.Clamp(shown, -Never, Never);
        return header.HasComposition ? (time, shown - time, nanoseconds) : (shown, 0, nanoseconds);
    }

    /// <summary>
    /// A sample that has to wait is sent with the one before, to the nanosecond: a sum that runs back would be no time line.
    /// </summary>
    private static (long Time, int Nanoseconds) Later((long Time, int Nanoseconds) own, (long Time, int Nanoseconds) before) =>
        own.Time > before.Time || (own.Time == before.Time && own.Nanoseconds >= before.Nanoseconds) ? own : before;

    /// <summary>To the nearest millisecond; down where the rest is told, for all tracks alike.</summary>
    private long Round(long ticks, uint timescale) =>
        Math.Clamp(_tellsNanoseconds ? Ticks.Split(ticks, timescale).Milliseconds : Ticks.ToMilliseconds(ticks, timescale), -Never, Never);

    /// <summary>
    /// A command frame of FLV (frame type 5), which tells players not to show what comes between the two. Extended headers are left
    /// without: players that know them do not know their command frames.
    /// </summary>
    private void AddCommand(LaneSamples converted, CodecConfiguration codec, long time, byte command)
    {
        if (!_lanes[StripEntry.VideoLane]!.IsExtended)
        {
            byte id = (byte)(codec is HevcConfiguration ? VideoCodecId.Hevc : VideoCodecId.Avc);
            converted.Add(new StripEntry(time, 0, _changes.Count, 2, StripEntry.VideoLane, isSync: true, isChange: true), 0);
            _changes.AddRange([(byte)(((int)VideoFrameType.Command << 4) | id), command]);
        }
    }

    private void AddChange(LaneSamples converted, CodecConfiguration codec, int lane, long time)
    {
        if (TitleLane.Configuration(codec, _abilities, Math.Max(0, lane - StripEntry.AudioLane)) is { } body)
        {
            converted.Add(new StripEntry(time, 0, _changes.Count, body.Length, lane, isSync: false, isChange: true), 0);
            _changes.AddRange(body);
        }
    }

    /// <summary>What RTMP or an entry cannot carry of a sample; null when there is nothing.</summary>
    private static SampleField? Unfit(in Sample sample, long time, long composition) =>
        sample.Size > StripEntry.MaxSize ? SampleField.Size
        : sample.Offset > StripEntry.MaxOffset ? SampleField.Offset
        : time is < 0 or > StripEntry.MaxTime ? SampleField.DecodeTime
        : Math.Abs(composition) > StripEntry.MaxComposition ? SampleField.Composition
        : null;

    private static string WhyUnfit(SampleField fact, in Sample sample, long time, long composition) => fact switch
    {
        SampleField.Size => $"has {sample.Size} bytes; an RTMP message carries {StripEntry.MaxSize}",
        SampleField.Offset => $"lies at {sample.Offset}, past 16 TiB",
        SampleField.DecodeTime => $"is due at {time} ms; the last time that can be told is {StripEntry.MaxTime}",
        _ => $"is shown {composition} ms after it is decoded; {StripEntry.MaxComposition} can be told",
    };

    private static TitleException Refuse(Track track, long index, SampleField fact, string reason)
    {
        FileLocation place = track.Samples.FindLocation(index, fact, out long number);
        return new TitleException(TitleError.NotPlayable, $"track {track.Id}: sample {number} {reason} ({place})");
    }

    /// <summary>The entries of one track, and how many of them are merged.</summary>
    private sealed class LaneSamples(int capacity, bool tellsNanoseconds)
    {
        public List<StripEntry> Entries { get; } = new(capacity);

        /// <summary>One an entry where a header tells them; else none.</summary>
        public List<int> Nanoseconds { get; } = [];

        public int Taken { get; set; }

        public void Add(StripEntry entry, int nanoseconds)
        {
            Entries.Add(entry);
            if (tellsNanoseconds)
            {
                Nanoseconds.Add(nanoseconds);
            }
        }
    }
}
