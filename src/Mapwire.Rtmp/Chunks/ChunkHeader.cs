using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Mapwire.Rtmp.Chunks;

/// <summary>Writes chunk headers (RTMP 1.0, section 5.3.1) into the caller's memory, without allocation.</summary>
/// <remarks>
/// basic header: fmt(2) csid(6) | fmt(2) 0 csid-64(8) | fmt(2) 1 (csid-64)(16, little endian)
/// type 0: timestamp(24) length(24) type(8) message stream id(32, little endian); type 1 without the id; type 2 without length
/// and type too; type 3 nothing. A timestamp field of 0xFFFFFF means that 32 bits of it follow, on type 3 chunks too.
/// </remarks>
public static class ChunkHeader
{
    /// <summary>Bytes of the longest header: 3 + 11 + 4.</summary>
    public const int MaxLength = 18;

    /// <summary>The smallest timestamp (or delta) that does not fit the 24-bit field.</summary>
    public const uint ExtendedTimestamp = 0xFFFFFF;

    /// <summary>The smallest chunk stream id; 0 and 1 are escapes of the basic header.</summary>
    public const int MinChunkStreamId = 2;

    /// <summary>The largest chunk stream id.</summary>
    public const int MaxChunkStreamId = 65599;

    /// <summary>The longest message that 24 bits can announce.</summary>
    public const int MaxMessageLength = 0xFFFFFF;

    /// <summary>Writes a type 0 header: everything, with an absolute timestamp.</summary>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes, or exactly what this header needs.</param>
    /// <param name="chunkStreamId">2-65599.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="length">Bytes of the message, at most 0xFFFFFF.</param>
    /// <param name="typeId">The message type id.</param>
    /// <param name="streamId">The message stream id.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The chunk stream id or the length is out of range, or the destination too
    /// short.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WriteType0(Span<byte> destination, int chunkStreamId, uint timestamp, int length, byte typeId, uint streamId)
    {
        bool isPlain = chunkStreamId is >= MinChunkStreamId and < 64 && timestamp < ExtendedTimestamp && (uint)length <= MaxMessageLength;
        if (isPlain && destination.Length >= 12)
        {
            // Nearly every header of media, in two stores: 0 csid(6) | timestamp(24) | length(24) | type(8), then the stream id.
            BinaryPrimitives.WriteUInt64BigEndian(
                destination, (ulong)chunkStreamId << 56 | (ulong)timestamp << 32 | (ulong)length << 8 | typeId);
            BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], streamId);
            return 12;
        }

        return WriteLongType0(destination, chunkStreamId, timestamp, length, typeId, streamId);
    }

    private static int WriteLongType0(Span<byte> destination, int chunkStreamId, uint timestamp, int length, byte typeId, uint streamId)
    {
        int at = WriteBasic(destination, 0, chunkStreamId);
        at += WriteFields(destination[at..], timestamp, length, typeId);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[at..], streamId);
        at += 4;
        return at + WriteExtended(destination[at..], timestamp);
    }

    /// <summary>
    /// Writes a type 1 header: milliseconds since the message before on this chunk stream, and a length and type of its own.
    /// Returns the bytes written.
    /// </summary>
    public static int WriteType1(Span<byte> destination, int chunkStreamId, uint delta, int length, byte typeId)
    {
        int at = WriteBasic(destination, 1, chunkStreamId);
        at += WriteFields(destination[at..], delta, length, typeId);
        return at + WriteExtended(destination[at..], delta);
    }

    /// <summary>
    /// Writes a type 2 header: milliseconds since the message before, which had the same length and type. Returns the bytes written.
    /// </summary>
    public static int WriteType2(Span<byte> destination, int chunkStreamId, uint delta)
    {
        int at = WriteBasic(destination, 2, chunkStreamId);
        WriteUInt24(destination[at..], Math.Min(delta, ExtendedTimestamp));
        at += 3;
        return at + WriteExtended(destination[at..], delta);
    }

    /// <summary>Writes a type 3 header: the next piece of the same message (or a message with the same header).</summary>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes, or exactly what this header needs.</param>
    /// <param name="chunkStreamId">2-65599.</param>
    /// <param name="timestamp">The timestamp (or delta) that the message's own header carried: repeated when it was extended.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteType3(Span<byte> destination, int chunkStreamId, uint timestamp)
    {
        int at = WriteBasic(destination, 3, chunkStreamId);
        return at + WriteExtended(destination[at..], timestamp);
    }

    /// <summary>Bytes of a type 0 header.</summary>
    public static int Type0Length(int chunkStreamId, uint timestamp) => BasicLength(chunkStreamId) + 11 + ExtendedLength(timestamp);

    /// <summary>Bytes of a type 3 header.</summary>
    public static int Type3Length(int chunkStreamId, uint timestamp) => BasicLength(chunkStreamId) + ExtendedLength(timestamp);

    private static int BasicLength(int chunkStreamId) => chunkStreamId < 64 ? 1 : chunkStreamId < 320 ? 2 : 3;

    private static int ExtendedLength(uint timestamp) => timestamp >= ExtendedTimestamp ? 4 : 0;

    private static int WriteBasic(Span<byte> destination, int format, int chunkStreamId)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkStreamId, MinChunkStreamId);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunkStreamId, MaxChunkStreamId);
        if (chunkStreamId < 64)
        {
            destination[0] = (byte)(format << 6 | chunkStreamId);
            return 1;
        }

        int rest = chunkStreamId - 64;
        if (rest < 256)
        {
            destination[1] = (byte)rest;
            destination[0] = (byte)(format << 6);
            return 2;
        }

        destination[2] = (byte)(rest >> 8);
        destination[1] = (byte)rest;
        destination[0] = (byte)(format << 6 | 1);
        return 3;
    }

    private static int WriteFields(Span<byte> destination, uint timestamp, int length, byte typeId)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)MaxMessageLength, nameof(length));
        destination[6] = typeId;
        WriteUInt24(destination, Math.Min(timestamp, ExtendedTimestamp));
        WriteUInt24(destination[3..], (uint)length);
        return 7;
    }

    private static int WriteExtended(Span<byte> destination, uint timestamp)
    {
        if (timestamp < ExtendedTimestamp)
        {
            return 0;
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination, timestamp);
        return 4;
    }

    private static void WriteUInt24(Span<byte> destination, uint value)
    {
        destination[2] = (byte)value;
        destination[1] = (byte)(value >> 8);
        destination[0] = (byte)(value >> 16);
    }
}
