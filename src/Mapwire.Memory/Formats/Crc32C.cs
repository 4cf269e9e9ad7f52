using System.Buffers.Binary;
using System.Numerics;

namespace Mapwire.Memory.Formats;

/// <summary>CRC-32C (Castagnoli), which processors compute by themselves: finds damage and torn writes, not forgery.</summary>
internal static class Crc32C
{
    /// <summary>Computes the checksum of some bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="seed">The checksum of the bytes before them; 0 if these are the first.</param>
    public static uint Compute(ReadOnlySpan<byte> bytes, uint seed = 0)
    {
        uint crc = ~seed;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }
}
