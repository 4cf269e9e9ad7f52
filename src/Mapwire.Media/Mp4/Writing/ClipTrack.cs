namespace Mapwire.Media.Mp4.Writing;

/// <summary>A track's samples in a clip, and what of them is shown. Times are those of the presentation, in ticks of the track.</summary>
internal sealed class ClipTrack
{
    private ClipTrack(TimelineTrack track) => Track = track;

    /// <summary>The track with the number that it has in the clip.</summary>
    internal TimelineTrack Track { get; }

    /// <summary>The decode time of the first sample.</summary>
    internal long FirstDecodeTime { get; private init; }

    /// <summary>Where the clip begins.</summary>
    internal long Start { get; set; }

    /// <summary>When the first sample that is shown is, or the clip begins while it is shown.</summary>
    internal long ShownFrom { get; private init; }

    /// <summary>When the last one ends, or the clip does; after <see cref="ShownFrom"/>.</summary>
    internal long ShownUntil { get; private init; }

    /// <summary>When the last sample ends, from the first one's decode time.</summary>
    internal long Duration { get; private init; }

    /// <summary>Takes the samples that are presented between two times, and those that a decoder needs for them.</summary>
    /// <param name="source">The track.</param>
    /// <param name="id">Its number in the clip.</param>
    /// <param name="start">In ticks of the presentation; null for its start.</param>
    /// <param name="end">In ticks of the presentation; null for its end.</param>
    /// <param name="limits">What is refused.</param>
    /// <returns>Null when there are none.</returns>
    internal static ClipTrack? Cut(Track source, uint id, long? start, long? end, WritingLimits limits)
    {
        TimelineTrack track = new(source, id, limits, hasEditList: true);
        track.Cut(start, end);
        if (track.Count == 0)
        {
            return null;
        }

        long from = Math.Max(start ?? long.MinValue, source.PresentationStart);
        (long shownFrom, long shownUntil) = (long.MaxValue, long.MinValue);
        (long first, long last) = (track.Earliest, 0);
        TimelineTrack.Enumerator samples = track.From(0);
        while (samples.MoveNext())
        {
            TimedSample sample = samples.Current;
            long until = sample.PresentationTime + sample.Duration;
            shownFrom = until > from || sample.PresentationTime >= from ? Math.Min(shownFrom, sample.PresentationTime) : shownFrom;
            shownUntil = Math.Max(shownUntil, until);
            last = sample.DecodeTime + sample.Duration;
        }

        shownFrom = Math.Max(shownFrom, from);
        shownUntil = Math.Min(shownUntil, end ?? long.MaxValue);
        return shownFrom >= shownUntil ? null : new ClipTrack(track)
        {
            FirstDecodeTime = first,
            Start = start ?? from,
            ShownFrom = shownFrom,
            ShownUntil = shownUntil,
            Duration = last - first,
        };
    }
}
