namespace Mapwire.Media.Flv;

/// <summary>The header of a tag in an FLV file (FLV 10.1, E.4.1).</summary>
/// <param name="Type">8 audio, 9 video, 18 script data.</param>
/// <param name="IsEncrypted">Whether the body needs a key.</param>
/// <param name="DataLength">Bytes of the body.</param>
/// <param name="Timestamp">In milliseconds, a signed number of 32 bits.</param>
/// <param name="IsRegular">Whether the type is a defined one, reserved bits are 0 and so is the stream: the header of nearly every
/// tag.</param>
internal readonly record struct FlvTagHeader(int Type, bool IsEncrypted, int DataLength, uint Timestamp, bool IsRegular)
{
    internal const int Length = 11;

    /// <summary>Bytes after each tag that repeat its length.</summary>
    internal const int TrailerLength = 4;

    internal const int Audio = 8;

    internal const int Video = 9;

    internal const int Script = 18;

    /// <summary>Bytes of the whole tag, without its trailer.</summary>
    internal int TagLength => Length + DataLength;

    /// <param name="bytes">At least <see cref="Length"/>.</param>
    internal static FlvTagHeader Parse(ReadOnlySpan<byte> bytes)
    {
        // reserved(2) filter(1) type(5) | data size(24) | timestamp(24) | timestamp, upper bits(8) | stream(24)=0
        int type = bytes[0] & 0x1F;
        bool isRegular = (bytes[0] & 0xC0) == 0 && type is Audio or Video or Script && UInt24.Read(bytes[8..]) == 0;
        return new FlvTagHeader(type, (bytes[0] & 0x20) != 0, UInt24.Read(bytes[1..]), (uint)bytes[7] << 24 | (uint)UInt24.Read(bytes[4..]),
            isRegular);
    }
}
