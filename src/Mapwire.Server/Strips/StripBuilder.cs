using System.Collections.Immutable;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Server.Files;

namespace Mapwire.Server.Strips;

/// <summary>
/// Merges the chosen tracks of a movie into a strip, and goes on where it was when the file has grown. An entry is settled, and shared by
/// all strips from then on, when every track has come to its time: none can come before it any more.
/// </summary>
/// <remarks>One thread at a time builds.</remarks>
internal sealed class StripBuilder
{
    /// <summary>Far past what a message's time can be, and still two of them can be added.</summary>
    private const long Never = 1L << 61;

    /// <summary>
    /// How long an entry waits for the other tracks of a growing file, in milliseconds of media: one that ended may never have more.
    /// </summary>
    private const long LongestWait = 10_000;

    /// <summary>Samples of a track that are converted before the others have their turn: a whole film would lie in memory twice.</summary>
    private const int ConvertedAtOnce = 256;

    /// <summary>What comes next is not to be shown (FLV 10.1, E.4.3.1: start of client-side seeking).</summary>
    private const byte StartSeek = 0;

    /// <summary>What comes next is.</summary>
    private const byte EndSeek = 1;

    private readonly ImmutableArray<TitleLane?> _lanes;
    private readonly PlayerAbilities _abilities;
    private readonly bool _tellsNanoseconds;
    private readonly bool _hidesPictures;
    private readonly int _leading;
    private readonly TitleTime _zero; // what the tracks call 0
    private readonly List<LaneSamples> _samples = [];
    private readonly List<byte> _changes = [];
    private TitleTime _settledTime;

    /// <param name="chosen">The tracks.</param>
    /// <param name="lanes">How each is headed: video first, then the audio tracks.</param>
    /// <param name="abilities">The player's, which say how a configuration that changes is told.</param>
    public StripBuilder(ChosenTracks chosen, ImmutableArray<TitleLane?> lanes, PlayerAbilities abilities)
    {
        _lanes = lanes;
        _abilities = abilities;
        _tellsNanoseconds = lanes.Any(static lane => lane?.Header.HasNanoseconds == true);
        _zero = ZeroOf(chosen);
        _leading = chosen.Video is null ? StripEntry.AudioLane : StripEntry.VideoLane;
        _hidesPictures = chosen.Video is { } shown && HidesPictures(shown);
        if (chosen.Video is { } video)
        {
            _samples.Add(new LaneSamples(StripEntry.VideoLane, video.Codec!) { IsInRunUp = _hidesPictures });
        }

        _samples.AddRange(chosen.Audio.Select(static (track, i) => new LaneSamples(StripEntry.AudioLane + i, track.Codec!)));
    }

    /// <summary>The messages that tell configurations which change in the middle, as far as was built.</summary>
    public byte[] Changes => [.. _changes];

    /// <summary>What all strips that are built share.</summary>
    public StripBlocks Settled { get; } = new();

    /// <summary>Builds the strip of what there is of the tracks.</summary>
    /// <param name="chosen">The tracks, the same as before but for the samples that have come since.</param>
    /// <param name="mayGrow">Whether more is expected soon: then the last entries wait for the other tracks.</param>
    /// <exception cref="TitleException">No sample can be started from, or one is beyond what RTMP can carry.</exception>
    public Strip Build(ChosenTracks chosen, bool mayGrow = false)
    {
        _samples.ForEach(static lane => lane.IsRead = false); // the tables may be longer than they were
        if (mayGrow)
        {
            _samples.ForEach(lane => Convert(TrackOf(lane, chosen), lane, int.MaxValue)); // what waits is judged by the latest of all
        }

        TitleTime latest = new(_samples.Max(static lane => lane.Before.Milliseconds));
        while (true)
        {
            foreach (LaneSamples lane in _samples)
            {
                if (lane.Waiting.Count == 0)
                {
                    Convert(TrackOf(lane, chosen), lane, ConvertedAtOnce);
                }
            }

            if (Earliest() is not { } next
                || (mayGrow && _samples.Exists(static lane => lane.Waiting.Count == 0)
                && next.Waiting.Peek().Entry.Time >= latest - LongestWait))
            {
                break;
            }

            Take(next, out StripEntry entry, out int nanoseconds, out bool isSyncPoint);
            _settledTime = entry.Time;
            Settled.Add(entry, _tellsNanoseconds ? nanoseconds : null, isSyncPoint);
        }

        Settled.Publish(isFinished: !mayGrow);
        _samples.ForEach(static lane => lane.Waiting.TrimExcess());
        StripTail tail = MergeTail();
        if (Settled.SyncPoints.Count + tail.SyncPoints.Length == 0)
        {
            Track track = chosen.Video ?? chosen.Audio[0];
            FileLocation place = track.Samples.FindLocation(0, SampleField.Sync, out _);
            throw new TitleException(TitleError.NotPlayable, $"track {track.Id}: no sync sample to start from ({place})");
        }

        TitleTime last = tail.Entries.Length > 0 ? tail.Entries[^1].Time : _settledTime;
        TitleTime end = TitleTime.Max(_zero + (long)Math.Round(chosen.Duration.TotalMilliseconds), last);
        TitleTime start = TitleTime.Min(TitleTime.Max(_zero, TitleTime.Zero), end);
        return new Strip(Settled, tail, new StripTimes(start, end, _hidesPictures));
    }

    /// <summary>What is not settled, in the order in which it is sent if nothing more comes.</summary>
    private StripTail MergeTail()
    {
        Queue<(StripEntry Entry, int Nanoseconds)>[] waiting = [.. _samples.Select(static lane => lane.Waiting)];
        _samples.ForEach(static lane => lane.Waiting = new(lane.Waiting));
        TitleTime settled = _settledTime;
        List<StripEntry> entries = [];
        List<int> nanoseconds = [];
        List<int> syncPoints = [];
        List<int> changes = [];
        while (Earliest() is { } next)
        {
            Take(next, out StripEntry entry, out int told, out bool isSyncPoint);
            int index = Settled.Entries.Count + entries.Count;
            if (isSyncPoint)
            {
                syncPoints.Add(index);
            }
            else if (entry is { IsChange: true, IsCommand: false })
            {
                changes.Add(index);
            }

            entries.Add(entry);
            nanoseconds.Add(told);
            _settledTime = entry.Time;
        }

        _settledTime = settled;
        for (int i = 0; i < waiting.Length; i++)
        {
            _samples[i].Waiting = waiting[i];
        }

        return new StripTail([.. entries], _tellsNanoseconds ? [.. nanoseconds] : [], [.. syncPoints], [.. changes]);
    }

    private void Take(LaneSamples lane, out StripEntry entry, out int nanoseconds, out bool isSyncPoint)
    {
        (entry, nanoseconds) = lane.Waiting.Dequeue();
        if (entry.Time < _settledTime)
        {
            entry = entry.At(_settledTime); // it came after it was no longer waited for
        }

        isSyncPoint = entry is { IsSync: true, IsChange: false } && lane.Lane == _leading;
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
    /// What the title calls the tracks' time 0, so that the earliest decode time is 0: RTMP has no negative time, and moving the tracks
    /// together keeps them in sync.
    /// </summary>
    private TitleTime ZeroOf(ChosenTracks chosen)
    {
        long earliest = chosen.Audio.Append(chosen.Video).Min(track => track is null ? long.MaxValue : Earliest(track));
        return earliest == long.MaxValue ? TitleTime.Zero : TitleTime.Zero - earliest;
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
    /// The track whose next entry is due first, of two at the same time the one with the lower lane; null when all are empty.
    /// </summary>
    private LaneSamples? Earliest()
    {
        LaneSamples? earliest = null;
        foreach (LaneSamples lane in _samples)
        {
            if (lane.Waiting.Count > 0
                && (earliest is null || lane.Waiting.Peek().Entry.Time < earliest.Waiting.Peek().Entry.Time))
            {
                earliest = lane;
            }
        }

        return earliest;
    }

    private static Track TrackOf(LaneSamples lane, ChosenTracks chosen) =>
        lane.Lane == StripEntry.VideoLane ? chosen.Video! : chosen.Audio[lane.Lane - StripEntry.AudioLane];

    /// <summary>Converts the next samples of a track.</summary>
    /// <param name="track">As long as it is now.</param>
    /// <param name="converted">What was converted of it before.</param>
    /// <param name="most">How many.</param>
    private void Convert(Track track, LaneSamples converted, int most)
    {
        if (track.Samples.Count == converted.Converted)
        {
            return;
        }

        int lane = converted.Lane;
        SampleHeader header = _lanes[lane]!.Header;
        bool isShownWhenSent = lane == StripEntry.VideoLane && !header.HasComposition;
        if (converted is { IsInRunUp: true, Converted: 0 })
        {
            AddCommand(converted, track.Codec!, TitleTime.Zero, StartSeek);
        }

        if (!converted.IsRead)
        {
            converted.IsRead = true;
            converted.Samples = track.Samples.From(converted.Converted);
        }

        ref SampleTable.Enumerator samples = ref converted.Samples;
        while (most-- > 0 && samples.MoveNext())
        {
            Sample sample = samples.Current;
            long index = converted.Converted++;
            (long ofTrack, long composition, int nanoseconds) = TimesOf(sample, track.Timescale, header, isShownWhenSent);
            (TitleTime time, nanoseconds) =
                Later((_zero + ofTrack, nanoseconds),
                (converted.Before, isShownWhenSent || lane >= StripEntry.AudioLane ? converted.NanosecondsBefore : 0));
            (converted.Before, converted.NanosecondsBefore) = (time, nanoseconds);
            if (Unfit(sample, time, composition) is { } fact)
            {
                throw Refuse(track, index, fact, WhyUnfit(fact, sample, time, composition));
            }

            if (converted.IsInRunUp && time >= _zero)
            {
                AddCommand(converted, track.Codec!, time, EndSeek);
                converted.IsInRunUp = false;
            }

            CodecConfiguration codec = track.Codecs[sample.Description];
            if (!IsSame(codec, converted.Told))
            {
                if (codec.FourCc != converted.Told.FourCc)
                {
                    throw Refuse(track, index, SampleField.Description, $"is {codec.Name} in a track of {converted.Told.Name}");
                }

                AddChange(converted, codec, lane, time);
                converted.Told = codec;
            }

            converted.Add(new StripEntry(time, (int)composition, sample.Offset, (int)sample.Size, lane, sample.IsSync), nanoseconds);
        }
    }

    /// <summary>
    /// A sample's times in milliseconds of the track. Codecs without a place for a composition time are shown in the order in which they
    /// are sent, so the message's time is when.
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
    private static (TitleTime Time, int Nanoseconds) Later(
        (TitleTime Time, int Nanoseconds) own, (TitleTime Time, int Nanoseconds) before) =>
        own.Time > before.Time || (own.Time == before.Time && own.Nanoseconds >= before.Nanoseconds) ? own : before;

    /// <summary>To the nearest millisecond; down where the rest is told, for all tracks alike.</summary>
    private long Round(long ticks, uint timescale) =>
        Math.Clamp(_tellsNanoseconds ? Ticks.Split(ticks, timescale).Milliseconds : Ticks.ToMilliseconds(ticks, timescale), -Never, Never);

    /// <summary>
    /// A command frame of FLV (frame type 5), which tells players not to show what comes between the two. Extended headers are left
    /// without: players that know them do not know their command frames.
    /// </summary>
    private void AddCommand(LaneSamples converted, CodecConfiguration codec, TitleTime time, byte command)
    {
        if (!_lanes[StripEntry.VideoLane]!.IsExtended)
        {
            byte id = codec.PlainNumber ?? 0;
            converted.Add(new StripEntry(time, 0, _changes.Count, 2, StripEntry.VideoLane, isSync: true, isChange: true), 0);
            _changes.AddRange([(byte)(((int)VideoFrameType.Command << 4) | id), command]);
        }
    }

    private void AddChange(LaneSamples converted, CodecConfiguration codec, int lane, TitleTime time)
    {
        if (TitleLane.Configuration(codec, _abilities, Math.Max(0, lane - StripEntry.AudioLane)) is { } body)
        {
            converted.Add(new StripEntry(time, 0, _changes.Count, body.Length, lane, isSync: false, isChange: true), 0);
            _changes.AddRange(body);
        }
    }

    /// <summary>Whether two configurations say the same, be they read of the file at different moments.</summary>
    private static bool IsSame(CodecConfiguration one, CodecConfiguration other) =>
        ReferenceEquals(one, other) || (one.FourCc == other.FourCc && one.Raw.AsSpan().SequenceEqual(other.Raw.AsSpan()));

    /// <summary>What RTMP or an entry cannot carry of a sample; null when there is nothing.</summary>
    private static SampleField? Unfit(in Sample sample, TitleTime time, long composition) =>
        sample.Size > StripEntry.MaxSize ? SampleField.Size
        : sample.Offset > StripEntry.MaxOffset ? SampleField.Offset
        : time.Milliseconds is < 0 or > StripEntry.MaxTime ? SampleField.DecodeTime
        : Math.Abs(composition) > StripEntry.MaxComposition ? SampleField.Composition
        : null;

    private static string WhyUnfit(SampleField fact, in Sample sample, TitleTime time, long composition) => fact switch
    {
        SampleField.Size => $"has {sample.Size} bytes; an RTMP message carries {StripEntry.MaxSize}",
        SampleField.Offset => $"lies at {sample.Offset}, past 16 TiB",
        SampleField.DecodeTime => $"is due at {time.Milliseconds} ms; the last time that can be told is {StripEntry.MaxTime}",
        _ => $"is shown {composition} ms after it is decoded; {StripEntry.MaxComposition} can be told",
    };

    private static TitleException Refuse(Track track, long index, SampleField fact, string reason)
    {
        FileLocation place = track.Samples.FindLocation(index, fact, out long number);
        return new TitleException(TitleError.NotPlayable, $"track {track.Id}: sample {number} {reason} ({place})");
    }

    /// <summary>The samples of one track, as far as they were converted.</summary>
    private sealed class LaneSamples(int lane, CodecConfiguration codec)
    {
        public int Lane { get; } = lane;

        /// <summary>Goes through the track's table; where <see cref="IsRead"/> it is at the last sample that was converted.</summary>
        public SampleTable.Enumerator Samples;

        /// <summary>Whether reading the table has begun, in the building at hand.</summary>
        public bool IsRead { get; set; }

        /// <summary>Samples of the track that were converted.</summary>
        public long Converted { get; set; }

        /// <summary>What was converted and is not settled.</summary>
        public Queue<(StripEntry Entry, int Nanoseconds)> Waiting { get; set; } = new();

        /// <summary>The time of the last one.</summary>
        public TitleTime Before { get; set; }

        public int NanosecondsBefore { get; set; }

        /// <summary>The configuration that counts.</summary>
        public CodecConfiguration Told { get; set; } = codec;

        /// <summary>Whether pictures that nobody is to see are being sent.</summary>
        public bool IsInRunUp { get; set; }

        public void Add(StripEntry entry, int nanoseconds) => Waiting.Enqueue((entry, nanoseconds));
    }
}
