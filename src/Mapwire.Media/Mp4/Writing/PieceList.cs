using System.Collections;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// The body of an answer as pieces of known length, like a <c>ReadOnlySequence</c> of which most parts are still in a file. Immutable;
/// cutting it shares the bytes that were made.
/// </summary>
/// <example>
/// <code>
/// PieceList body = rendition.CreateSegment(3);
/// foreach (Piece piece in body.Slice(from, to)) // of a Range request
///     Send(piece);
/// </code>
/// </example>
public sealed class PieceList : IReadOnlyList<Piece>
{
    private readonly Piece[] _pieces; // of the whole that this is cut from
    private readonly long[] _ends; // of each of them in the whole
    private readonly int _first; // the first of them that has bytes of this
    private readonly long _start; // of this in the whole

    private PieceList(Piece[] pieces)
    {
        _pieces = pieces;
        _ends = new long[pieces.Length];
        Count = pieces.Length;
        for (int i = 0; i < pieces.Length; i++)
        {
            Length += pieces[i].Length;
            _ends[i] = Length;
        }
    }

    private PieceList(PieceList whole, int first, int count, long start, long length)
    {
        (_pieces, _ends) = (whole._pieces, whole._ends);
        (_first, Count, _start, Length) = (first, count, start, length);
    }

    /// <summary>No bytes.</summary>
    public static PieceList Empty { get; } = new([]);

    /// <summary>The bytes of all pieces together.</summary>
    public long Length { get; }

    /// <summary>How many pieces there are.</summary>
    public int Count { get; }

    /// <summary>A piece by its number, counted from 0 in the order of the body.</summary>
    public Piece this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
            Piece piece = _pieces[_first + index];
            long end = _ends[_first + index];
            long before = Math.Max(0, _start - (end - piece.Length)); // a cut may begin and end within a piece
            long behind = Math.Max(0, end - (_start + Length));
            return before == 0 && behind == 0 ? piece : piece.Slice(before, piece.Length - before - behind);
        }
    }

    /// <summary>The bytes from one to another, in O(log n): the pieces are shared.</summary>
    /// <param name="from">The first byte, 0 to <see cref="Length"/>.</param>
    /// <param name="to">The byte behind the last, <paramref name="from"/> to <see cref="Length"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The body has no such range.</exception>
    public PieceList Slice(long from, long to)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(to, Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, to);
        if (from == to)
        {
            return Empty;
        }

        if (from == 0 && to == Length)
        {
            return this;
        }

        int first = IndexOf(_start + from);
        return new PieceList(this, first, IndexOf(_start + to - 1) - first + 1, _start + from, to - from);
    }

    /// <summary>Goes through the pieces in the order of the body.</summary>
    public IEnumerator<Piece> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The piece that a byte of the whole is in.</summary>
    private int IndexOf(long position)
    {
        int found = Array.BinarySearch(_ends, position);
        return found < 0 ? ~found : found + 1; // an end is the next one's first byte; no piece is empty
    }

    /// <summary>Puts pieces together; neighbouring ranges of the file become one.</summary>
    /// <remarks>One thread at a time uses it.</remarks>
    public sealed class Builder
    {
        private readonly List<Piece> _pieces = [];

        /// <summary>The bytes added so far.</summary>
        public long Length { get; private set; }

        /// <summary>Adds bytes that were made, and that nobody changes any more; none are no piece.</summary>
        public Builder Add(ReadOnlyMemory<byte> bytes)
        {
            if (!bytes.IsEmpty)
            {
                _pieces.Add(new Piece(bytes));
                Length += bytes.Length;
            }

            return this;
        }

        /// <summary>Adds a range of the file; an empty one is no piece.</summary>
        /// <param name="offset">Of the first byte, in the file.</param>
        /// <param name="length">In bytes.</param>
        /// <exception cref="ArgumentOutOfRangeException">No file can have the range.</exception>
        public Builder Add(long offset, long length)
        {
            if (length == 0)
            {
                return this;
            }

            Piece piece = new(offset, length);
            Length += length;
            if (_pieces.Count > 0 && _pieces[^1] is { IsFileRange: true } last && last.Offset + last.Length == offset)
            {
                _pieces[^1] = new Piece(last.Offset, last.Length + length);
            }
            else
            {
                _pieces.Add(piece);
            }

            return this;
        }

        /// <summary>The body.</summary>
        public PieceList Build() => new([.. _pieces]);
    }
}
