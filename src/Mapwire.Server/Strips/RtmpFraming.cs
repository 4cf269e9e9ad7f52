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
    public long LengthOf(in StripEntry entry, in MessageTimes times)
    {
        int chunkStream = ChunkStreamOf(entry);
        uint timestamp = TimestampOf(times);
        int length = codecs.TagHeaderLength(in entry) + entry.Size;
        int chunks = Math.Max(1, (length + chunkSize - 1) / chunkSize);
        return ChunkHeader.Type0Length(chunkStream, timestamp) + length
            + ((long)(chunks - 1) * ChunkHeader.Type3Length(chunkStream, timestamp));
    }

    /// <inheritdoc/>
    public bool TryAdd(GatherList list, in StripEntry entry, in MessageTimes times, nint payload, long skip)
    {
        int tagHeaderLength = codecs.TagHeaderLength(in entry);
        int size = entry.Size;
        if (skip == 0 && tagHeaderLength + size <= chunkSize)
        {
            return TryAddWhole(list, in entry, in times, payload, tagHeaderLength + size);
        }

        int sent = 0; // payload bytes before the chunk at hand
        for (bool first = true; first || sent < size; first = false)
        {
            if (!list.TryReserve(MaxHeaderLength, out Span<byte> scratch))
            {
                return false;
            }

            int headerLength = first
                ? WriteFirstHeader(scratch, in entry, in times, tagHeaderLength + size)
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

    /// <summary>Adds a message that fits one chunk, as nearly all do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAddWhole(GatherList list, in StripEntry entry, in MessageTimes times, nint payload, int messageLength) =>
        list.TryReserve(MaxHeaderLength, out Span<byte> scratch)
        && list.TryAddReservedAndMapped(WriteFirstHeader(scratch, in entry, in times, messageLength), payload, entry.Size);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int WriteFirstHeader(Span<byte> scratch, in StripEntry entry, in MessageTimes times, int messageLength)
    {
        byte type = entry.IsVideo ? MessageType.Video : MessageType.Audio;
        int length = ChunkHeader.WriteType0(scratch, ChunkStreamOf(entry), TimestampOf(times), messageLength, type, streamId);
        return length + codecs.WriteTagHeader(scratch[length..], in entry, times.Composition, times.Nanoseconds);
    }

    private static int ChunkStreamOf(in StripEntry entry) => entry.IsVideo ? ChunkStreamIds.Video : ChunkStreamIds.Audio;

    /// <summary>It wraps at 32 bits on the wire.</summary>
    private static uint TimestampOf(in MessageTimes times) => unchecked((uint)times.Time.Milliseconds);
}
