using System.Buffers.Binary;

namespace Mapwire.Media.Flv;

/// <summary>The header of a tag in an FLV file (FLV 10.1, E.4.1).</summary>
/// <param name="Type">8 audio, 9 video, 18 script data.</param>
/// <param name="IsEncrypted">Whether the body needs a key.</param>
/// <param name="DataLength">Bytes of the body.</param>
/// <param name="Timestamp">In milliseconds, a signed number of 32 bits.</param>
/// <param name="IsRegular">Whether the type is a defined one, reserved bits are 0 and so is the stream: the header of nearly every
/// tag.</param>
public readonly record struct FlvTagHeader(int Type, bool IsEncrypted, int DataLength, uint Timestamp, bool IsRegular)
{
    /// <summary>Bytes of a header.</summary>
    public const int Length = 11;

    /// <summary>Bytes after each tag that repeat its length (FLV 10.1, E.3).</summary>
    public const int TrailerLength = 4;

    /// <summary>The type of a tag of sound.</summary>
    public const int Audio = 8;

    /// <summary>The type of a tag of pictures.</summary>
    public const int Video = 9;

    /// <summary>The type of a tag of script data, such as onMetaData.</summary>
    public const int Script = 18;

    /// <summary>Bytes of the whole tag, without its trailer.</summary>
    public int TagLength => Length + DataLength;

    /// <summary>Reads the header of a tag.</summary>
    /// <param name="bytes">At least <see cref="Length"/>.</param>
    public static FlvTagHeader Parse(ReadOnlySpan<byte> bytes)
    {
        // reserved(2) filter(1) type(5) | data size(24) | timestamp(24) | timestamp, upper bits(8) | stream(24)=0
        int type = bytes[0] & 0x1F;
        bool isRegular = (bytes[0] & 0xC0) == 0 && type is Audio or Video or Script && UInt24.Read(bytes[8..]) == 0;
        return new FlvTagHeader(type, (bytes[0] & 0x20) != 0, UInt24.Read(bytes[1..]), (uint)bytes[7] << 24 | (uint)UInt24.Read(bytes[4..]),
            isRegular);
    }

    /// <summary>Writes the header of a tag.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <param name="type">8 audio, 9 video, 18 script data.</param>
    /// <param name="dataLength">Bytes of the body, below 2^24.</param>
    /// <param name="timestamp">In milliseconds; it wraps at 32 bits.</param>
    public static void Write(Span<byte> destination, int type, int dataLength, uint timestamp)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, ((uint)type << 24) | (uint)dataLength);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], (timestamp << 8) | (timestamp >> 24));
        UInt24.Write(destination[8..], 0);
    }

    /// <summary>Writes what comes behind a tag: how long it was.</summary>
    /// <param name="destination">At least <see cref="TrailerLength"/> bytes.</param>
    /// <param name="dataLength">Bytes of the tag's body.</param>
    public static void WriteTrailer(Span<byte> destination, int dataLength) =>
        BinaryPrimitives.WriteInt32BigEndian(destination, Length + dataLength);
}
