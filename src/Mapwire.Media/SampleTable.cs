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
    private readonly FileLocation? _editList;

    internal SampleTable(MediaTables tables, Segment[] segments, FileLocation? editList = null)
    {
        _editList = editList;
        _tables = tables;
        _segments = segments;
        _starts = new TableCursor[segments.Length];
        for (int i = 0; i < segments.Length; i++)
        {
            _starts[i] = tables.Seek(segments[i].First);
            Count += segments[i].Count;
        }
    }

    /// <summary>No samples.</summary>
    public static SampleTable Empty { get; } = new(MediaTables.Empty, []);

    /// <summary>How many samples there are.</summary>
    public long Count { get; }

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

        internal Enumerator(SampleTable table)
        {
            _table = table;
            _segment = -1;
            _decodeTime = long.MinValue;
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
                    _cursor.IsSync) { Description = _cursor.Description };
            }
        }

        readonly object IEnumerator.Current => Current;

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

            // Later edits begin with what a decoder needs before them, and that may go back in time.
            _decodeTime = Math.Max(_decodeTime, _cursor.Time + _table._segments[_segment].Shift);
            return true;
        }

        internal readonly FileLocation FindLocation(SampleField fact, out long number)
        {
            number = _cursor.Index + 1L;
            long own = fact == SampleField.Composition ? _cursor.Composition + _table._tables.DecodeShift : _cursor.Time;
            long changed = (fact == SampleField.Composition ? Current.CompositionOffset : _decodeTime) - own;
            return fact is SampleField.DecodeTime or SampleField.Composition && _table._editList is { } editList && Math.Abs(changed) > Math.Abs(own)
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
