using Mapwire.Server.Strips;

namespace Mapwire.Server.Flv;

/// <summary>
/// Which byte of an FLV stream each message begins at, behind the head: what makes a seek by byte position land. Some positions are kept,
/// and those between are counted from them.
/// </summary>
internal sealed class FlvLayout
{
    /// <summary>Entries from one kept position to the next: few enough to be counted on a loop's thread.</summary>
    private const int Interval = 256;

    private readonly int _first;
    private readonly int _end;
    private readonly long[] _positions;

    /// <summary>Counts all messages of a cursor.</summary>
    /// <param name="cursor">Where the stream begins; nothing of it was sent.</param>
    public FlvLayout(StripCursor cursor)
    {
        _first = cursor.Place;
        _end = cursor.End;
        _positions = new long[((_end - _first) / Interval) + 1];
        for (int i = 1; i < _positions.Length; i++)
        {
            int from = _first + ((i - 1) * Interval);
            _positions[i] = _positions[i - 1] + cursor.LengthBetween(from, from + Interval);
        }

        Length = PositionOf(cursor, _end);
    }

    /// <summary>What the kept positions take in memory, in bytes.</summary>
    public long ByteSize => sizeof(long) * (long)_positions.Length;

    /// <summary>The bytes of all messages.</summary>
    public long Length { get; }

    /// <summary>The bytes of the messages before an entry.</summary>
    /// <param name="cursor">One like that which was counted.</param>
    /// <param name="index">From where the stream begins to where it ends.</param>
    public long PositionOf(StripCursor cursor, int index)
    {
        int kept = (index - _first) / Interval;
        return _positions[kept] + cursor.LengthBetween(_first + (kept * Interval), index);
    }

    /// <summary>Puts a cursor on a byte.</summary>
    /// <param name="cursor">One like that which was counted, of which nothing was sent.</param>
    /// <param name="position">Less than <see cref="Length"/>.</param>
    public void MoveTo(StripCursor cursor, long position)
    {
        int kept = Array.BinarySearch(_positions, position);
        kept = kept < 0 ? ~kept - 1 : kept;
        int index = _first + (kept * Interval);
        long skip = position - _positions[kept];
        for (; index < _end; index++)
        {
            long length = cursor.LengthBetween(index, index + 1);
            if (skip < length)
            {
                break;
            }

            skip -= length;
        }

        cursor.MoveTo(index, skip);
    }
}
