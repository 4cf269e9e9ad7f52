namespace Mapwire.Media.Flv;

/// <summary>The header of a tag in an FLV file (FLV 10.1, E.4.1).</summary>
/// <param name="Type">8 audio, 9 video, 18 script data.</param>
/// <param name="IsEncrypted">Whether the body needs a key.</param>
/// <param name="DataLength">Bytes of the body.</param>
/// <param name="Timestamp">In milliseconds, of 32 bits.</param>
internal readonly record struct FlvTagHeader(int Type, bool IsEncrypted, int DataLength, uint Timestamp)
{
    internal const int Length = 11;

    /// <summary>Bytes after each tag that repeat its length.</summary>
    internal const int TrailerLength = 4;

    internal const int Audio = 8;

    internal const int Video = 9;

    /// <param name="bytes">At least <see cref="Length"/>.</param>
    internal static FlvTagHeader Parse(ReadOnlySpan<byte> bytes)
    {
        // reserved(2) filter(1) type(5) | data size(24) | timestamp(24) | timestamp, upper bits(8) | stream(24)
        uint lower = (uint)(bytes[4] << 16 | bytes[5] << 8 | bytes[6]);
        return new FlvTagHeader(
            bytes[0] & 0x1F,
            (bytes[0] & 0x20) != 0,
            bytes[1] << 16 | bytes[2] << 8 | bytes[3],
            (uint)bytes[7] << 24 | lower);
    }
}
