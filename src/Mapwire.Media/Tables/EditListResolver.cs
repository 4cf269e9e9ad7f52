namespace Mapwire.Media.Tables;

/// <summary>One entry of an edit list, its duration in ticks of the track.</summary>
/// <param name="MediaTime">Where in the media the edit begins, in ticks; meaningless when <see cref="IsEmpty"/>.</param>
/// <param name="Duration">How long it is presented, in ticks.</param>
/// <param name="IsEmpty">Whether nothing of the track is presented meanwhile.</param>
internal readonly record struct Edit(long MediaTime, long Duration, bool IsEmpty)
{
    /// <summary>Longer edits are cut to this: 2^61 ticks, so that sums of two times stay in 64 bits.</summary>
    internal const long Longest = 1L << 61;
}

/// <summary>
/// Turns an edit list into the samples to send and their times. The rules and their reasons: docs/adr/0003-edit-lists.md.
/// </summary>
internal sealed class EditListResolver
{
    private readonly MediaTables _tables;
    private readonly bool _isVideo;
    private readonly uint _timescale;
    private readonly List<Segment> _segments = [];
    private long _budget;
    private long _earliest = long.MaxValue;
    private bool _isAfterFirst;

    private EditListResolver(MediaTables tables, bool isVideo, uint timescale, MediaLimits limits)
    {
        _tables = tables;
        _isVideo = isVideo;
        _timescale = timescale;
        // Every edit walks the samples that it covers. Lists that cover everything many times over are attacks, not films.
        _budget = Math.Max(Math.Min(16L * tables.Count, 4L * limits.SamplesPerTrack), 1 << 20);
    }

    /// <summary>When the last picture or sound of the presentation ends, in ticks from its start.</summary>
    internal long End { get; private set; }

    /// <summary>When the first picture or sound of the presentation is presented: what is earlier is for decoders alone.</summary>
    internal long? Start { get; private set; }

    /// <summary>What no edit list says: everything, from the start of the media.</summary>
    internal static Segment[] All(MediaTables tables) =>
        tables.Count == 0 ? [] : [new Segment(0, tables.Count, -tables.DecodeShift)];

    /// <param name="tables">The media.</param>
    /// <param name="isVideo">Pictures, or else sound.</param>
    /// <param name="timescale">Ticks a second.</param>
    /// <param name="edits">The edit list.</param>
    /// <param name="limits">How many samples may come out.</param>
    /// <param name="start">When the first sample that is presented is, in ticks; null when none is.</param>
    /// <param name="end">When the presentation of the track ends, in ticks.</param>
    /// <param name="segments">The samples to send.</param>
    /// <returns>False when following the list takes more samples than <paramref name="limits"/> allows.</returns>
    internal static bool TryResolve(
        MediaTables tables, bool isVideo, uint timescale, Edit[] edits, MediaLimits limits, out long? start, out long end,
        out Segment[] segments)
    {
        EditListResolver resolver = new(tables, isVideo, timescale, limits);
        bool isWithinLimits = resolver.Resolve(edits) && resolver._segments.Sum(segment => (long)segment.Count) <= limits.SamplesPerTrack;
        (start, end) = (resolver.Start, resolver.End);
        segments = [.. resolver._segments];
        return isWithinLimits;
    }

    private bool Resolve(Edit[] edits)
    {
        long start = 0;
        long leadingPause = 0;
        foreach (Edit edit in edits)
        {
            if (edit.IsEmpty && !_isAfterFirst)
            {
                leadingPause = Math.Min(leadingPause + edit.Duration, Edit.Longest);
            }

            if (!edit.IsEmpty)
            {
                if (!(_isVideo ? AddPictures(edit, start) : AddSound(edit, start)))
                {
                    return false;
                }

                _isAfterFirst = true;
            }

            start = Math.Min(start + edit.Duration, Edit.Longest);
        }

        // The first picture is presented at 0, or after the leading pause, even where the list begins between two pictures.
        if (_isVideo && _earliest != long.MaxValue && _earliest - leadingPause > 0)
        {
            long excess = _earliest - leadingPause;
            for (int i = 0; i < _segments.Count; i++)
            {
                _segments[i] = _segments[i] with { Shift = _segments[i].Shift - excess };
            }
        }

        Start ??= _earliest == long.MaxValue ? null : Math.Min(_earliest, leadingPause);
        return true;
    }

    private bool AddPictures(Edit edit, long start)
    {
        if (!TryFindStart(edit.MediaTime, out TableCursor first))
        {
            return false;
        }

        long editEnd = edit.MediaTime + edit.Duration;
        TableCursor firstKept = default;
        int lastKept = -1;
        bool sawSyncAfterEnd = false;
        long earliest = long.MaxValue;
        for (TableCursor cursor = first; cursor.Index < _tables.Count; cursor.Advance(_tables))
        {
            if (--_budget < 0)
            {
                return false;
            }

            long time = cursor.Time + cursor.Composition;
            if (time >= edit.MediaTime && time < editEnd)
            {
                if (lastKept < 0)
                {
                    firstKept = cursor;
                }

                lastKept = cursor.Index;
                earliest = Math.Min(earliest, time);
                End = Math.Max(End, start + Math.Min(time + cursor.Duration, editEnd) - edit.MediaTime);
            }

            // Pictures that are presented before a sync sample can follow it, so where there are composition offsets one more group
            // of pictures is looked through.
            if (cursor.IsSync && time + cursor.Duration >= editEnd)
            {
                if (sawSyncAfterEnd || _tables.CompositionRuns.Length == 0)
                {
                    break;
                }

                sawSyncAfterEnd = true;
            }
        }

        if (lastKept < 0)
        {
            return true;
        }

        long shift = start - _tables.DecodeShift - firstKept.Time;
        _earliest = Math.Min(_earliest, earliest + shift + _tables.DecodeShift);
        _segments.Add(new Segment(first.Index, lastKept + 1 - first.Index, shift));
        return true;
    }

    private bool AddSound(Edit edit, long start)
    {
        // Where there are composition offsets (there never are in sound) the walk begins a second early, as it does in the reference
        // reader; without them it begins right there.
        long early = _tables.CompositionRuns.Length == 0 ? 0 : _timescale;
        if (!TryFindStart(Math.Max(0, edit.MediaTime - early), out TableCursor first))
        {
            return false;
        }

        long editEnd = edit.MediaTime + edit.Duration;
        int firstKept = -1;
        int lastKept = -1;
        long shift = 0;
        for (TableCursor cursor = first; cursor.Index < _tables.Count; cursor.Advance(_tables))
        {
            if (--_budget < 0)
            {
                return false;
            }

            long time = cursor.Time + cursor.Composition;
            bool isWhole = time >= edit.MediaTime && time < editEnd;
            // Sound that the edit begins in the middle of is sent, its first part early. Not in later edits: it would overlap.
            bool isPart = !_isAfterFirst && time < edit.MediaTime && time + cursor.Duration > edit.MediaTime;
            if (isWhole || isPart)
            {
                if (firstKept < 0)
                {
                    firstKept = cursor.Index;
                    shift = start - _tables.DecodeShift - cursor.Time - (isPart ? edit.MediaTime - time : 0);
                }

                lastKept = cursor.Index;
                End = Math.Max(End, start + Math.Min(time + cursor.Duration, editEnd) - edit.MediaTime);
            }

            if (time + cursor.Duration >= editEnd)
            {
                break;
            }
        }

        if (firstKept < 0)
        {
            return true;
        }

        Start ??= _tables.Seek(firstKept) is var kept ? kept.Time + kept.Composition + shift + _tables.DecodeShift : null;

        // Each access unit is decoded into what overlaps with the one before, so the first one needs the one before it.
        if (!_isAfterFirst && firstKept > 0)
        {
            firstKept--;
        }

        _segments.Add(new Segment(firstKept, lastKept + 1 - firstKept, shift));
        return true;
    }

    /// <summary>
    /// The last sync sample that is decoded and presented at or before a media time; the first sample when there is none.
    /// </summary>
    private bool TryFindStart(long mediaTime, out TableCursor found)
    {
        for (int block = _tables.BlockAt(mediaTime); block >= 0; block--)
        {
            bool isFound = false;
            found = default;
            TableCursor cursor = _tables.BlockStart(block);
            int end = Math.Min(_tables.Count, cursor.Index + MediaTables.CheckpointInterval);
            for (; cursor.Index < end && cursor.Time <= mediaTime; cursor.Advance(_tables))
            {
                if (--_budget < 0)
                {
                    return false;
                }

                if (cursor.IsSync && cursor.Time + cursor.Composition <= mediaTime)
                {
                    isFound = true;
                    found = cursor;
                }
            }

            if (isFound)
            {
                return true;
            }
        }

        found = _tables.Seek(0);
        return true;
    }
}
