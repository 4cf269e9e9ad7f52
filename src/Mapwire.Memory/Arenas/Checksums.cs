using System.Buffers.Binary;
using System.Numerics;

namespace Mapwire.Memory.Arenas;

/// <summary>CRC-32C, which processors compute by themselves: against damage and torn writes, not against forgery.</summary>
internal static class Checksums
{
    /// <param name="bytes">What it is of.</param>
    /// <param name="before">The checksum of what goes before it.</param>
    public static uint Of(ReadOnlySpan<byte> bytes, uint before = 0)
    {
        uint crc = ~before;
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
