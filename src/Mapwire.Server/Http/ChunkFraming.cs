using System.Globalization;
using System.Text;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Http;

/// <summary>
/// Frames what is gathered as chunks (RFC 9112, section 7.1), one a gather: so that who reads a body of unknown length can tell its end
/// from a cut.
/// </summary>
internal sealed class ChunkFraming
{
    private readonly byte[] _head = new byte[MaxHeadLength];
    private int _headLength;
    private int _headSent;
    private long _size; // of the chunk that was gathered last
    private long _left; // of one that was begun
    private bool _isBegun; // what its head says has to follow
    private bool _hasChunks;
    private int _endSent;

    /// <summary>The line end behind the chunk before, eight digits and a line end.</summary>
    private const int MaxHeadLength = 20;

    /// <summary>Whether the last chunk is to be sent: nothing is gathered any more.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>Whether all was sent.</summary>
    public bool IsOver => IsEnding && _endSent == End.Length;

    private ReadOnlySpan<byte> End => _hasChunks ? "\r\n0\r\n\r\n"u8 : "0\r\n\r\n"u8;

    /// <summary>Nothing comes any more.</summary>
    /// <exception cref="InvalidOperationException">The chunk at hand is not whole: what ends so is cut.</exception>
    public void BeginEnd() => IsEnding = _isBegun ? throw new InvalidOperationException("A chunk that was begun has no end yet.") : true;

    /// <summary>Makes a chunk of what was gathered, or the rest of the one that was begun.</summary>
    /// <param name="list">What is behind the segments that were there before is the chunk's.</param>
    /// <param name="segments">How many there were before.</param>
    /// <param name="length">What their length was.</param>
    public void Frame(GatherList list, int segments, long length)
    {
        if (_isBegun)
        {
            list.Truncate(length + _left);
        }

        list.MakeRoom();
        if (!_isBegun)
        {
            _size = list.Length - length;
            if (_size == 0)
            {
                return;
            }

            _headSent = 0;
            _headLength = Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{(_hasChunks ? "\r\n" : "")}{_size:x}\r\n"), _head);
        }

        list.Insert(segments, _head.AsSpan(_headSent, _headLength - _headSent));
    }

    /// <summary>Takes note of how much of the chunk was sent.</summary>
    /// <returns>How much of that is what was gathered.</returns>
    public long Advance(long sent)
    {
        if (sent == 0)
        {
            return 0;
        }

        _left = _isBegun ? _left : _size;
        _isBegun = true;
        int ofHead = (int)Math.Min(sent, _headLength - _headSent);
        _headSent += ofHead;
        _left -= sent - ofHead;
        if (_left == 0 && _headSent == _headLength)
        {
            _isBegun = false;
            _hasChunks = true;
        }

        return sent - ofHead;
    }

    /// <summary>Adds what is left of the last chunk.</summary>
    public void AddEnd(GatherList list)
    {
        ReadOnlySpan<byte> rest = End[_endSent..];
        if (!rest.IsEmpty && list.TryReserve(rest.Length, out Span<byte> room))
        {
            rest.CopyTo(room);
            list.TryAddReserved(rest.Length);
        }
    }

    /// <summary>Takes note of how much of the last chunk was sent.</summary>
    public void AdvanceEnd(long sent) => _endSent += (int)sent;
}

/// <summary>A body of unknown length, in chunks.</summary>
/// <param name="body">Its own from now on.</param>
internal sealed class ChunkedBody(IBody body) : IBody
{
    private readonly ChunkFraming _chunks = new();

    /// <inheritdoc/>
    public bool IsOver => _chunks.IsOver;

    /// <inheritdoc/>
    public string? LostReason => body.LostReason;

    /// <inheritdoc/>
    public string? FindLost() => body.FindLost();

    /// <inheritdoc/>
    public void Gather(GatherList list, long most, long now)
    {
        int segments = list.SegmentCount;
        long length = list.Length;
        if (!body.IsOver)
        {
            body.Gather(list, most, now);
        }

        if (list.Length == length && body.IsOver && body.LostReason is null)
        {
            if (!_chunks.IsEnding)
            {
                _chunks.BeginEnd();
            }

            _chunks.AddEnd(list);
            return;
        }

        _chunks.Frame(list, segments, length);
    }

    /// <inheritdoc/>
    public void Advance(long sent)
    {
        if (_chunks.IsEnding)
        {
            _chunks.AdvanceEnd(sent);
        }
        else
        {
            body.Advance(_chunks.Advance(sent));
        }
    }

    /// <inheritdoc/>
    public long NextTurn(long now) => body.NextTurn(now);

    /// <inheritdoc/>
    public void Release() => body.Release();
}
