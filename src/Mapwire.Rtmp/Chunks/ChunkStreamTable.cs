using System.Buffers;

namespace Mapwire.Rtmp.Chunks;

/// <summary>The chunk streams of one connection, a handful: an array that grows as they come, and what their messages hold.</summary>
/// <param name="limits">The limits at first.</param>
internal struct ChunkStreamTable(ChunkReaderLimits limits)
{
    private const int FirstBuffer = 256;

    private ChunkStream[] _streams = [];
    private int _count;

    /// <summary>How many chunk streams there may be, and how much their messages may hold.</summary>
    public ChunkReaderLimits Limits { get; set; } = limits;

    /// <summary>Bytes of all incomplete messages.</summary>
    public int BufferedBytes { get; private set; }

    public readonly ref ChunkStream this[int index] => ref _streams[index];

    /// <summary>The index of a chunk stream; -1 when it was never seen.</summary>
    public readonly int Find(int id)
    {
        ReadOnlySpan<ChunkStream> streams = _streams.AsSpan(0, _count);
        for (int i = 0; i < streams.Length; i++)
        {
            if (streams[i].Id == id)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Adds a chunk stream; references to others are invalid then.</summary>
    public int Add(int id, long position)
    {
        if (_count == Limits.MaxChunkStreams)
        {
            throw new RtmpProtocolException(
                RtmpError.TooManyChunkStreams, $"more than {Limits.MaxChunkStreams} chunk streams", position);
        }

        if (_count == _streams.Length)
        {
            Array.Resize(ref _streams, Math.Min(Limits.MaxChunkStreams, Math.Max(2, _count * 2)));
        }

        _streams[_count].Id = id;
        return _count++;
    }

    /// <summary>Keeps a piece of a message. Memory at most doubles what arrived.</summary>
    public void Append(ref ChunkStream stream, ReadOnlySpan<byte> piece, long position)
    {
        if (piece.IsEmpty)
        {
            return;
        }

        int needed = stream.Buffered + piece.Length;
        BufferedBytes += piece.Length;
        if (BufferedBytes > Limits.MaxBufferedBytes)
        {
            throw new RtmpProtocolException(
                RtmpError.TooMuchBuffered, $"incomplete messages of more than {Limits.MaxBufferedBytes} bytes", position, stream.TypeId);
        }

        if (stream.Buffer is null || stream.Buffer.Length < needed)
        {
            int grown = Math.Min(stream.Length, Math.Max(FirstBuffer, stream.Buffered * 2));
            byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(needed, grown));
            if (stream.Buffer is not null)
            {
                stream.Buffer.AsSpan(0, stream.Buffered).CopyTo(buffer);
                ArrayPool<byte>.Shared.Return(stream.Buffer);
            }

            stream.Buffer = buffer;
        }

        piece.CopyTo(stream.Buffer.AsSpan(stream.Buffered));
        stream.Buffered = needed;
    }

    /// <summary>Ends the message under way; its buffer, if it has one, is the caller's.</summary>
    public byte[]? Drop(ref ChunkStream stream)
    {
        byte[]? buffer = stream.Buffer;
        BufferedBytes -= stream.Buffered;
        stream.Buffer = null;
        stream.Buffered = 0;
        stream.Received = 0;
        stream.Active = false;
        return buffer;
    }
}
