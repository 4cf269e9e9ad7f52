using System.Runtime.CompilerServices;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Strips;

/// <summary>
/// One sample as an RTMP message on the wire: <c>type 0 header | codec header | payload</c>, with a type 3 header before each
/// further chunk. Only the headers are made here; the payload stays in the mapping.
/// </summary>
/// <param name="codecs">The codec headers of the title.</param>
/// <param name="streamId">The message stream.</param>
/// <param name="chunkSize">The chunk size that the player was told.</param>
internal readonly struct RtmpFraming(TitleCodecs codecs, uint streamId, int chunkSize) : IFraming
{
    /// <summary>The most that a message needs of the scratch before its first payload byte, and for each further chunk.</summary>
    public const int MaxHeaderLength = ChunkHeader.MaxLength + SampleHeader.MaxLength;

    /// <inheritdoc/>
    public long LengthOf(StripEntry entry, MessageTimes times)
    {
        int chunkStream = ChunkStreamOf(entry);
        uint timestamp = TimestampOf(times);
        int length = codecs.TagHeaderLength(entry) + entry.Size;
        int chunks = Math.Max(1, (length + chunkSize - 1) / chunkSize);
        return ChunkHeader.Type0Length(chunkStream, timestamp) + length
            + ((long)(chunks - 1) * ChunkHeader.Type3Length(chunkStream, timestamp));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryAdd(GatherList list, StripEntry entry, MessageTimes times, nint payload, long skip)
    {
        if (skip > 0 || entry.IsChange)
        {
            return TryAddChunks(list, entry, times, payload, skip);
        }

        ref readonly SampleHeader tag = ref codecs.HeaderOf(entry);
        int length = tag.Length + entry.Size;
        if (length > chunkSize)
        {
            return TryAddChunks(list, entry, times, payload, skip);
        }

        // A sample that fits one chunk, as nearly all do.
        if (!list.TryReserve(MaxHeaderLength, out Span<byte> scratch))
        {
            return false;
        }

        int written = WriteType0(scratch, entry, times, length);
        tag.WriteTo(scratch[written..], entry.SyncBit, times.Composition, times.Nanoseconds);
        return list.TryAddReservedAndMapped(written + tag.Length, payload, entry.Size);
    }

    private bool TryAddChunks(GatherList list, StripEntry entry, MessageTimes times, nint payload, long skip)
    {
        int tagHeaderLength = codecs.TagHeaderLength(entry);
        int size = entry.Size;
        int sent = 0; // payload bytes before the chunk at hand
        for (bool first = true; first || sent < size; first = false)
        {
            if (!list.TryReserve(MaxHeaderLength, out Span<byte> scratch))
            {
                return false;
            }

            int headerLength = first
                ? WriteFirstHeader(scratch, entry, times, tagHeaderLength + size)
                : ChunkHeader.WriteType3(scratch, ChunkStreamOf(entry), TimestampOf(times));
            int part = Math.Min(size - sent, first ? chunkSize - tagHeaderLength : chunkSize);
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
                if (!list.TryAddMapped(payload + (nint)(sent + skip), part - skip))
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

    private int WriteFirstHeader(Span<byte> scratch, StripEntry entry, MessageTimes times, int messageLength)
    {
        int length = WriteType0(scratch, entry, times, messageLength);
        if (entry.IsChange)
        {
            return length;
        }

        ref readonly SampleHeader tag = ref codecs.HeaderOf(entry);
        tag.WriteTo(scratch[length..], entry.SyncBit, times.Composition, times.Nanoseconds);
        return length + tag.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int WriteType0(Span<byte> scratch, StripEntry entry, MessageTimes times, int messageLength) =>
        ChunkHeader.WriteType0(scratch, ChunkStreamOf(entry), TimestampOf(times), messageLength, TypeOf(entry), streamId);

    private static int ChunkStreamOf(StripEntry entry) =>
        ChunkStreamIds.Audio + (entry.VideoBit * (ChunkStreamIds.Video - ChunkStreamIds.Audio));

    private static byte TypeOf(StripEntry entry) => (byte)(MessageType.Audio + (entry.VideoBit * (MessageType.Video - MessageType.Audio)));

    /// <summary>It wraps at 32 bits on the wire.</summary>
    private static uint TimestampOf(MessageTimes times) => unchecked((uint)times.Time.Milliseconds);
}
