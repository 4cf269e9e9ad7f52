using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Mapwire.Rtmp.Chunks;

/// <summary>Turns the bytes of a connection, cut anywhere, back into messages (RTMP 1.0, section 5.3).</summary>
/// <remarks>
/// Memory follows the bytes that arrived, never a length that a peer announced; between messages there is none but a few dozen
/// bytes a chunk stream. A message that lies whole in one chunk and one input is not copied at all. Set Chunk Size and Abort
/// are obeyed here, and returned as messages like all others.
/// </remarks>
public sealed class ChunkReader
{
    private readonly bool _streamMedia;
    private ChunkStreamTable _streams;
    private byte[]? _lent;
    private long _position;
    private int _current = -1;
    private int _chunkLeft;
    private int _pendingLength;
    private HeaderBytes _pending;

    /// <summary>Creates a reader at the start of a connection, after the handshake.</summary>
    /// <param name="limits">What the peer may make it hold; null is <see cref="ChunkReaderLimits.Server"/>.</param>
    /// <param name="streamMedia">Return audio and video in pieces as they arrive, instead of collecting whole messages.</param>
    public ChunkReader(ChunkReaderLimits? limits = null, bool streamMedia = false)
    {
        limits ??= ChunkReaderLimits.Server;
        limits.Validate();
        _streams = new ChunkStreamTable(limits);
        _streamMedia = streamMedia;
    }

    /// <summary>The peer's chunk size: 128 until it says otherwise.</summary>
    public int ChunkSize { get; private set; } = ChunkWriter.DefaultChunkSize;

    /// <summary>Bytes held now for incomplete messages.</summary>
    public int BufferedBytes => _streams.BufferedBytes;

    /// <summary>Bytes read so far; inside a header, those before it.</summary>
    public long Position => _position;

    /// <summary>Lets the peer make the reader hold more from the next chunk on; what is lower than now changes nothing.</summary>
    internal void RaiseLimits(ChunkReaderLimits limits) => _streams.Limits = _streams.Limits.RaisedTo(limits);

    /// <summary>Reads on until a message (or, streamed, a piece of one) is there.</summary>
    /// <param name="input">Bytes as they came; what was consumed is cut off its front.</param>
    /// <param name="message">The message, valid until the next call, and while the input's memory is.</param>
    /// <returns>False: the input is used up, more is needed.</returns>
    /// <exception cref="RtmpProtocolException">The peer broke the chunk stream; this reader must not be used again.</exception>
    public bool TryRead(ref ReadOnlySpan<byte> input, out RtmpMessage message)
    {
        if (_lent is not null)
        {
            ArrayPool<byte>.Shared.Return(_lent);
            _lent = null;
        }

        while (_current >= 0 || TryReadHeader(ref input))
        {
            if (TryReadPayload(ref input, out message))
            {
                return true;
            }

            if (_chunkLeft > 0)
            {
                return false;
            }

            _current = -1;
        }

        message = default;
        return false;
    }

    private bool TryReadHeader(ref ReadOnlySpan<byte> input)
    {
        int used;
        if (_pendingLength == 0)
        {
            used = ParseHeader(input);
            if (used == 0)
            {
                input.CopyTo(_pending);
                _pendingLength = input.Length;
                input = default;
                return false;
            }

            input = input[used..];
            _position += used;
            return true;
        }

        Span<byte> pending = _pending;
        int had = _pendingLength;
        int added = Math.Min(pending.Length - had, input.Length);
        input[..added].CopyTo(pending[had..]);
        used = ParseHeader(pending[..(had + added)]);
        if (used == 0)
        {
            _pendingLength = had + added;
            input = input[added..];
            return false;
        }

        _position += used;
        input = input[Math.Max(0, used - had)..];
        _pendingLength = Math.Max(0, had - used); // what looked like a repeated extended timestamp was payload
        pending[used..(used + _pendingLength)].CopyTo(pending);
        return true;
    }

    /// <summary>Bytes of the header at the front, after taking it in; 0 while it is incomplete.</summary>
    private int ParseHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return 0;
        }

        int format = bytes[0] >> 6;
        int id = bytes[0] & 0x3F;
        int at = id switch { 0 => 2, 1 => 3, _ => 1 };
        if (bytes.Length < at)
        {
            return 0;
        }

        id = id switch { 0 => 64 + bytes[1], 1 => 64 + bytes[1] + (bytes[2] << 8), _ => id };
        int index = _streams.Find(id);
        if (index < 0 && format >= 2)
        {
            // Type 1 is let through: librtmp opens chunk streams 2 and 8 with it, meaning message stream 0 and time 0.
            throw new RtmpProtocolException(RtmpError.ChunkWithoutContext, $"chunk type {format} opens chunk stream {id}", _position);
        }

        return format == 3 ? ParseType3(bytes, at, index) : ParseTypes0To2(bytes, at, id, index, format);
    }

    private int ParseTypes0To2(ReadOnlySpan<byte> bytes, int at, int id, int index, int format)
    {
        if (index >= 0 && _streams[index].Active)
        {
            throw new RtmpProtocolException(
                RtmpError.InterruptedMessage, $"chunk type {format} inside a message of chunk stream {id}", _position,
                _streams[index].TypeId);
        }

        int end = at + format switch { 0 => 11, 1 => 7, _ => 3 };
        if (bytes.Length < end)
        {
            return 0;
        }

        uint field = ReadUInt24(bytes[at..]);
        bool extended = field == ChunkHeader.ExtendedTimestamp;
        if (extended)
        {
            if (bytes.Length < end + 4)
            {
                return 0;
            }

            field = BinaryPrimitives.ReadUInt32BigEndian(bytes[end..]);
        }

        if (format < 2 && ReadUInt24(bytes[(at + 3)..]) is uint length && length > (uint)_streams.Limits.MaxMessageLength)
        {
            throw new RtmpProtocolException(
                RtmpError.MessageTooLong, $"a message of {length} bytes, of at most {_streams.Limits.MaxMessageLength}", _position,
                bytes[at + 6]);
        }

        if (index < 0)
        {
            index = _streams.Add(id, _position);
        }

        ref ChunkStream stream = ref _streams[index];
        if (format < 2)
        {
            stream.Length = (int)ReadUInt24(bytes[(at + 3)..]);
            stream.TypeId = bytes[at + 6];
        }

        if (format == 0)
        {
            stream.MessageStreamId = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + 7)..]);
            stream.Timestamp = 0;
        }

        stream.Timestamp += field;
        stream.Field = field;
        stream.Extended = extended;
        Start(index, ref stream);
        return extended ? end + 4 : end;
    }

    private int ParseType3(ReadOnlySpan<byte> bytes, int at, int index)
    {
        ref ChunkStream stream = ref _streams[index];
        if (stream.Extended)
        {
            // The specification repeats the extended timestamp here, some clients do not: it is taken for one when it is equal.
            ReadOnlySpan<byte> rest = bytes.Slice(at, Math.Min(4, bytes.Length - at));
            bool repeated = StartsWith(stream.Field, rest) || (!stream.Active && StartsWith(stream.Timestamp + stream.Field, rest));
            if (repeated && rest.Length < 4)
            {
                return 0;
            }

            at += repeated ? 4 : 0;
        }

        if (!stream.Active)
        {
            stream.Timestamp += stream.Field;
        }

        Start(index, ref stream);
        return at;
    }

    private static bool StartsWith(uint value, ReadOnlySpan<byte> front)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes.StartsWith(front);
    }

    private void Start(int index, ref ChunkStream stream)
    {
        stream.Active = true;
        _current = index;
        _chunkLeft = Math.Min(ChunkSize, stream.Length - stream.Received);
    }

    private bool TryReadPayload(ref ReadOnlySpan<byte> input, out RtmpMessage message)
    {
        ref ChunkStream stream = ref _streams[_current];
        ReadOnlySpan<byte> piece = TakePiece(ref input);
        int offset = stream.Received;
        stream.Received += piece.Length;
        bool last = stream.Received == stream.Length;
        if (_streamMedia && stream.TypeId is MessageType.Audio or MessageType.Video)
        {
            if (piece.IsEmpty && !last)
            {
                message = default;
                return false;
            }
        }
        else if (offset > 0 || !last)
        {
            _streams.Append(ref stream, piece, _position);
            if (!last)
            {
                message = default;
                return false;
            }

            piece = stream.Buffer.AsSpan(0, stream.Length);
            offset = 0;
        }

        message = new RtmpMessage(stream.Id, in stream, piece, offset);
        if (last)
        {
            _lent = _streams.Drop(ref stream);
            _current = -1;
            Obey(in message);
        }
        else if (_chunkLeft == 0)
        {
            _current = -1;
        }

        return true;
    }

    private ReadOnlySpan<byte> TakePiece(ref ReadOnlySpan<byte> input)
    {
        ReadOnlySpan<byte> piece;
        if (_pendingLength > 0)
        {
            Span<byte> pending = _pending;
            int count = Math.Min(_chunkLeft, _pendingLength);
            piece = pending[..count].ToArray();
            pending[count.._pendingLength].CopyTo(pending);
            _pendingLength -= count;
            if (_chunkLeft > count && !input.IsEmpty)
            {
                int more = Math.Min(_chunkLeft - count, input.Length);
                piece = (byte[])[.. piece, .. input[..more]];
                input = input[more..];
            }
        }
        else
        {
            piece = input[..Math.Min(_chunkLeft, input.Length)];
            input = input[piece.Length..];
        }

        _chunkLeft -= piece.Length;
        _position += piece.Length;
        return piece;
    }

    private void Obey(in RtmpMessage message)
    {
        if (message.TypeId is not (MessageType.SetChunkSize or MessageType.Abort))
        {
            return;
        }

        if (message.Length != 4)
        {
            throw new RtmpProtocolException(
                RtmpError.MalformedMessage, $"a body of {message.Length} bytes instead of 4", 0, message.TypeId);
        }

        uint value = BinaryPrimitives.ReadUInt32BigEndian(message.Payload);
        if (message.TypeId == MessageType.SetChunkSize)
        {
            if (value is 0 or > int.MaxValue)
            {
                throw new RtmpProtocolException(RtmpError.ChunkSize, $"a chunk size of {value}", 0, message.TypeId);
            }

            ChunkSize = (int)value;
        }
        else if (value <= ChunkHeader.MaxChunkStreamId && _streams.Find((int)value) is var index and >= 0)
        {
            byte[]? buffer = _streams.Drop(ref _streams[index]);
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private static uint ReadUInt24(ReadOnlySpan<byte> bytes) => (uint)(bytes[0] << 16 | bytes[1] << 8 | bytes[2]);

    [InlineArray(ChunkHeader.MaxLength)]
    private struct HeaderBytes
    {
        private byte _first;
    }
}
