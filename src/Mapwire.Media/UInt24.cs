namespace Mapwire.Media;

/// <summary>Big-endian numbers of 24 bits, as FLV, RTMP and MP4 have them.</summary>
internal static class UInt24
{
    /// <summary>Reads a number from 0 to 2^24 - 1.</summary>
    /// <param name="bytes">At least three.</param>
    internal static int Read(ReadOnlySpan<byte> bytes) => bytes[0] << 16 | bytes[1] << 8 | bytes[2];

    /// <summary>Reads a number of two's complement.</summary>
    /// <param name="bytes">At least three.</param>
    internal static int ReadSigned(ReadOnlySpan<byte> bytes) => (sbyte)bytes[0] << 16 | bytes[1] << 8 | bytes[2];

    /// <summary>Writes the lower 24 bits of a number.</summary>
    /// <param name="destination">At least three bytes.</param>
    /// <param name="value">The number.</param>
    internal static void Write(Span<byte> destination, int value)
    {
        destination[0] = (byte)(value >> 16);
        destination[1] = (byte)(value >> 8);
        destination[2] = (byte)value;
    }
}
