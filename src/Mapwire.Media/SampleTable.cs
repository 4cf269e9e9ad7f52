using System.Collections;
using Mapwire.Media.Tables;

namespace Mapwire.Media;

/// <summary>The samples of a track in decoding order, edit list applied. Immutable and compact: a few bytes a sample.</summary>
/// <remarks><c>foreach</c> over it allocates nothing and costs a few nanoseconds a sample.</remarks>
public sealed class SampleTable : IEnumerable<Sample>
{
    private readonly MediaTables _tables;
    private readonly Segment[] _segments;
    private readonly TableCursor[] _starts;
    private readonly long[] _floors; // the latest decode time before each segment
    private readonly long[] _firstIndices; // of each segment
    private readonly FileLocation? _editList;
    private readonly bool _isFirstSync;

    internal SampleTable(MediaTables tables, Segment[] segments, FileLocation? editList = null, bool isFirstSync = false)
    {
        _editList = editList;
        _isFirstSync = isFirstSync;
        _tables = tables;
        _segments = segments;
        _starts = new TableCursor[segments.Length];
        _floors = new long[segments.Length];
        _firstIndices = new long[segments.Length];
        long floor = long.MinValue;
        for (int i = 0; i < segments.Length; i++)
        {
            _starts[i] = tables.Seek(segments[i].First);
            _firstIndices[i] = Count;
            Count += segments[i].Count;
            _floors[i] = floor;
            floor = Math.Max(floor, tables.Seek(segments[i].First + segments[i].Count - 1).Time + segments[i].Shift);
        }
    }

    /// <summary>No samples.</summary>
    public static SampleTable Empty { get; } = new(MediaTables.Empty, []);

    /// <summary>How many samples there are.</summary>
    public long Count { get; }

    /// <summary>The decode time of the last sample, in ticks; 0 when there is none.</summary>
    internal long LastDecodeTime => Count == 0 ? 0 : this[Count - 1].DecodeTime;

    /// <summary>How long the last sample lasts by its media, in ticks; 0 when there is none.</summary>
    internal long LastDuration => _segments.Length == 0 ? 0 : _tables.Seek(_segments[^1].First + _segments[^1].Count - 1).Duration;

    /// <summary>Whether all samples are of one edit, so that decode times never wait.</summary>
    internal bool IsOneEdit => _segments.Length <= 1;

    /// <summary>A sample by its index, found in a bounded number of steps whatever the length of the table is.</summary>
    /// <param name="index">Counted from 0 in the order of this table.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sample.</exception>
    public Sample this[long index]
    {
        get
        {
            Enumerator samples = From(index);
            samples.MoveNext();
            return samples.Current;
        }
    }

    /// <summary>Goes through the samples from one on.</summary>
    /// <param name="index">The first that <see cref="Enumerator.MoveNext"/> goes to, counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sample.</exception>
    public Enumerator From(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int segment = Array.BinarySearch(_firstIndices, index);
        return new Enumerator(this, segment < 0 ? ~segment - 1 : segment, index);
    }

    /// <summary>The first sample that is decoded at or after a time, in O(log n); <see cref="Count"/> when there is none.</summary>
    /// <param name="decodeTime">In ticks of the track's timescale.</param>
    public long IndexAt(long decodeTime)
    {
        long low = 0;
        long high = Count;
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            if (this[middle].DecodeTime < decodeTime)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>The last sample at or before another that decoding can start with, in O(log n); -1 when there is none.</summary>
    /// <param name="index">Counted from 0 in the order of this table.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sample.</exception>
    public long SyncAtOrBefore(long index)
    {
        Enumerator at = From(index);
        at.MoveNext();
        for (int segment = at.Segment; segment >= 0; segment--)
        {
            Segment part = _segments[segment];
            int last = part.First + (segment == at.Segment ? (int)(index - _firstIndices[segment]) : part.Count - 1);
            int sync = _tables.SyncAtOrBefore(last);
            if (sync >= part.First)
            {
                return _firstIndices[segment] + sync - part.First;
            }
        }

        return _isFirstSync ? 0 : -1;
    }

    /// <summary>The same samples, the first of which decoding can start with.</summary>
    internal SampleTable WithFirstSync() => new(_tables, _segments, _editList, isFirstSync: true);

    /// <summary>Where the file says something of a sample. A walk from the first sample: for messages.</summary>
    /// <param name="index">Counted from 0 in the order of this table.</param>
    /// <param name="fact">What it says.</param>
    /// <param name="number">The sample's number in its track, counted from 1 as the file has them, whatever an edit list does.</param>
    /// <returns>The table, fragment or tag that says it; the edit list where that changes more of a time than the rest of it is.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sample.</exception>
    public FileLocation FindLocation(long index, SampleField fact, out long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        Enumerator samples = GetEnumerator();
        for (long i = 0; i <= index; i++)
        {
            samples.MoveNext();
        }

        return samples.FindLocation(fact, out number);
    }

    /// <summary>Goes through the samples from the first.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<Sample> IEnumerable<Sample>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Goes through the samples of a table.</summary>
    public struct Enumerator : IEnumerator<Sample>
    {
        private readonly SampleTable _table;
        private TableCursor _cursor;
        private int _segment;
        private int _left;
        private long _decodeTime;
        private long _index;

        internal Enumerator(SampleTable table)
        {
            _table = table;
            _index = -1;
            _segment = -1;
            _decodeTime = long.MinValue;
        }

        internal Enumerator(SampleTable table, int segment, long index)
            : this(table)
        {
            // Just before the sample: at the one before it in the segment, or at the end of the segment before.
            Segment part = table._segments[segment];
            int before = (int)(index - table._firstIndices[segment]) - 1;
            _index = index - 1;
            _segment = before < 0 ? segment - 1 : segment;
            _decodeTime = table._floors[segment];
            if (before >= 0)
            {
                _cursor = table._tables.Seek(part.First + before);
                _left = part.Count - 1 - before;
                _decodeTime = Math.Max(_decodeTime, _cursor.Time + part.Shift);
            }
        }

        /// <summary>The sample that <see cref="MoveNext"/> went to.</summary>
        public readonly Sample Current
        {
            get
            {
                long presentation = _cursor.Time + _table._segments[_segment].Shift + _cursor.Composition + _table._tables.DecodeShift;
                return new Sample(
                    _decodeTime,
                    presentation - _decodeTime,
                    _cursor.Offset,
                    _cursor.Size,
                    _cursor.IsSync || (_index == 0 && _table._isFirstSync))
                { Description = _cursor.Description };
            }
        }

        readonly object IEnumerator.Current => Current;

        /// <summary>The edit that the sample is of.</summary>
        internal readonly int Segment => _segment;

        /// <summary>Goes to the next sample.</summary>
        /// <returns>False after the last one.</returns>
        public bool MoveNext()
        {
            if (_left > 0)
            {
                _left--;
                _cursor.Advance(_table._tables);
            }
            else
            {
                if (_segment + 1 >= _table._segments.Length)
                {
                    return false;
                }

                _cursor = _table._starts[++_segment];
                _left = _table._segments[_segment].Count - 1;
            }

            _index++;

            // Later edits begin with what a decoder needs before them, and that may go back in time.
            _decodeTime = Math.Max(_decodeTime, _cursor.Time + _table._segments[_segment].Shift);
            return true;
        }

        internal readonly FileLocation FindLocation(SampleField fact, out long number)
        {
            number = _cursor.Index + 1L;
            long own = fact == SampleField.Composition ? _cursor.Composition + _table._tables.DecodeShift : _cursor.Time;
            long changed = (fact == SampleField.Composition ? Current.CompositionOffset : _decodeTime) - own;
            return fact is SampleField.DecodeTime or SampleField.Composition && _table._editList is { } editList
                && Math.Abs(changed) > Math.Abs(own)
                ? editList
                : _table._tables.Places!.Of(_cursor, fact);
        }

        /// <summary>Goes back before the first sample.</summary>
        public void Reset() => this = new Enumerator(_table);

        /// <summary>Does nothing.</summary>
        public readonly void Dispose()
        {
        }
    }
}
