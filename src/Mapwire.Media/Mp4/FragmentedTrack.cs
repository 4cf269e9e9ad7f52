using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4;

/// <summary>A track whose samples come fragment by fragment (ISO/IEC 14496-12, 8.8).</summary>
internal sealed class FragmentedTrack
{
    private readonly RunPlaces _places;
    private readonly TableBuilder _samples;

    /// <param name="draft">What the <c>moov</c> says; samples that it has come first.</param>
    internal FragmentedTrack(TrackDraft draft)
    {
        Draft = draft;
        MediaTables tables = draft.Tables;
        _places = new RunPlaces("box 'trun'", isDistance: false, tables.Places);
        _samples = new TableBuilder(_places);
        for (TableCursor cursor = TableCursor.Start(tables); cursor.Index < tables.Count; cursor.Advance(tables))
        {
            TryAdd(cursor.Duration, cursor.Composition, cursor.Offset, cursor.Size, cursor.IsSync, cursor.Description);
        }
    }

    internal TrackDraft Draft { get; }

    /// <summary>When the next sample is decoded, where its fragment does not say.</summary>
    internal long NextTime { get; set; }

    /// <summary>Whether a sample did not fit into the file: it was cut off, and there can be no more.</summary>
    internal bool IsTruncated { get; set; }

    internal int Count => _samples.Count;

    internal long Bytes => _samples.Bytes;

    /// <summary>The first decode time on the presentation's time line; null without samples.</summary>
    internal long? FirstDecodeTime => _samples.Count == 0 ? null : _samples.FirstTime - EditOffset - _samples.DecodeShift;

    /// <summary>
    /// What the edit list takes off all times: the first media time, less the pause before it. More cannot be done with it, since the
    /// list was written before the samples were.
    /// </summary>
    private long EditOffset
    {
        get
        {
            long offset = 0;
            foreach (Edit edit in Draft.Edits)
            {
                if (!edit.IsEmpty)
                {
                    return offset + edit.MediaTime;
                }

                offset -= edit.Duration;
            }

            return 0;
        }
    }

    /// <summary>The samples that are added next are those of another <c>trun</c>.</summary>
    /// <param name="offset">Of the box's body in the file.</param>
    internal void BeginRun(long offset) => _places.Add(_samples.Count, offset);

    /// <summary>Adds the next sample.</summary>
    /// <returns>False when its time is too far before the last one's.</returns>
    internal bool TryAdd(long duration, long composition, long offset, uint size, bool isSync, int description)
    {
        if (!_samples.TryAdd(NextTime, duration, composition, offset, size, isSync, description))
        {
            return false;
        }

        NextTime += duration;
        return true;
    }

    /// <param name="origin">Taken off all times, in ticks.</param>
    /// <param name="fileLength">All samples are in it.</param>
    internal Track ToTrack(long origin, long fileLength)
    {
        if (_samples.Count == 0)
        {
            return Draft.ToListed(TrackDraft.NoSamples);
        }

        MediaTables tables = _samples.Build(fileLength, _samples.DecodeShift);
        long shift = _samples.FirstTime - EditOffset - _samples.DecodeShift - origin;
        // of times that it made, not tfdt
        FileLocation? editList = Math.Abs(EditOffset) > Math.Abs(_samples.FirstTime) ? Draft.EditList : null;
        return Draft.ToTrack(
            new SampleTable(tables, [new Segment(0, tables.Count, shift)], editList), _samples.End - EditOffset - origin);
    }
}
