using System.Numerics;
using System.Runtime.InteropServices;

namespace Mapwire.Server.Files;

/// <summary>The checksum CRC-32C (RFC 3720, B.4), eight bytes an instruction where the processor has one.</summary>
internal static class Crc32C
{
    /// <summary>The value before the first byte.</summary>
    public const uint Seed = uint.MaxValue;

    /// <summary>Goes on with more bytes. The checksum is the complement of the last value.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte b in bytes[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return crc;
    }

    /// <summary>The checksum of some bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => ~Append(Seed, bytes);
}
