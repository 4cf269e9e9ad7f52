using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Strips;

/// <summary>
/// One sample as an RTMP message on the wire: <c>type 0 header | codec header | payload</c>, with a type 3 header before each
/// further chunk. Only the headers are made here; the payload stays in the mapping.
/// </summary>
/// <remarks>
/// The same input gives the same bytes each time, so a message that a full socket cut anywhere goes on at that byte.
/// </remarks>
internal readonly ref struct StripMessage
{
    /// <summary>The most that a message needs of the scratch before its first payload byte, and for each further chunk.</summary>
    public const int MaxHeaderLength = ChunkHeader.MaxLength + SampleHeader.MaxLength;

    private readonly ref readonly StripEntry _entry;
    private readonly Title _title;
    private readonly uint _streamId;
    private readonly uint _timestamp;
    private readonly int _composition;
    private readonly int _nanoseconds;
    private readonly int _chunkSize;

    /// <param name="title">The title that the entry belongs to.</param>
    /// <param name="entry">The sample.</param>
    /// <param name="time">When it is due for this player, in milliseconds; wraps at 32 bits on the wire.</param>
    /// <param name="composition">Its composition offset for this player, in milliseconds.</param>
    /// <param name="nanoseconds">What its time is short of; only where the codec header has a place for it.</param>
    /// <param name="streamId">The message stream.</param>
    /// <param name="chunkSize">The chunk size the player was told.</param>
    public StripMessage(Title title, ref readonly StripEntry entry, long time, int composition, int nanoseconds, uint streamId,
        int chunkSize)
    {
        _entry = ref entry;
        _title = title;
        _streamId = streamId;
        _timestamp = unchecked((uint)time);
        _composition = composition;
        _nanoseconds = nanoseconds;
        _chunkSize = chunkSize;
        TagHeaderLength = title.Codecs.TagHeaderLength(in entry);
        MessageLength = TagHeaderLength + entry.Size;
        int chunks = Math.Max(1, (MessageLength + chunkSize - 1) / chunkSize);
        WireLength = ChunkHeader.Type0Length(ChunkStreamId, _timestamp)
            + MessageLength
            + ((long)(chunks - 1) * ChunkHeader.Type3Length(ChunkStreamId, _timestamp));
    }

    /// <summary>The bytes from the first chunk's header to the last chunk's end.</summary>
    public long WireLength { get; }

    private int MessageLength { get; }

    private int TagHeaderLength { get; }

    private int ChunkStreamId => _entry.IsVideo ? ChunkStreamIds.Video : ChunkStreamIds.Audio;

    /// <summary>Adds the message's bytes to a gather list, from a byte of it on.</summary>
    /// <param name="list">Takes as much as it has room for.</param>
    /// <param name="skip">How many bytes of the message are on the wire already.</param>
    /// <returns>True when the rest of the message is in the list whole.</returns>
    public bool AddTo(GatherList list, long skip)
    {
        int sent = 0; // payload bytes before the chunk at hand
        for (bool first = true; first || sent < _entry.Size; first = false)
        {
            if (!list.TryReserve(MaxHeaderLength, out Span<byte> scratch))
            {
                return false;
            }

            int headerLength = WriteChunkHeader(scratch, first);
            int part = Math.Min(_entry.Size - sent, first ? _chunkSize - TagHeaderLength : _chunkSize);
            if (skip < headerLength)
            {
                if (!list.TryAddReserved(headerLength, (int)skip))
                {
                    return false;
                }

                skip = 0;
            }
            else
            {
                skip -= headerLength;
            }

            if (skip < part)
            {
                if (!list.TryAddMapped(_title.AddressOf(in _entry) + (nint)(sent + skip), part - skip))
                {
                    return false;
                }

                skip = 0;
            }
            else
            {
                skip -= part;
            }

            sent += part;
        }

        return true;
    }

    private int WriteChunkHeader(Span<byte> scratch, bool first)
    {
        if (!first)
        {
            return ChunkHeader.WriteType3(scratch, ChunkStreamId, _timestamp);
        }

        byte type = _entry.IsVideo ? MessageType.Video : MessageType.Audio;
        int length = ChunkHeader.WriteType0(scratch, ChunkStreamId, _timestamp, MessageLength, type, _streamId);
        return length + _title.Codecs.WriteTagHeader(scratch[length..], in _entry, _composition, _nanoseconds);
    }
}
