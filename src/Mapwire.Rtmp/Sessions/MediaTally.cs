using System.Buffers.Binary;
using System.Numerics;
using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Sessions;

/// <summary>Counts and checks the media of one type that a player receives, whole messages or pieces alike.</summary>
public struct MediaTally
{
    /// <summary>Messages begun.</summary>
    public long Messages { get; private set; }

    /// <summary>Bytes of payload.</summary>
    public long Bytes { get; private set; }

    /// <summary>The time of the last message, in milliseconds.</summary>
    public long LastTimestamp { get; private set; }

    /// <summary>Messages whose time lay before that of the message before.</summary>
    public long Backwards { get; private set; }

    /// <summary>CRC-32C of all payload in order, however it was cut.</summary>
    public uint Checksum { get; private set; }

    /// <summary>Takes a message or piece.</summary>
    /// <param name="message">The message.</param>
    /// <param name="timestamp">Its time, unwrapped, in milliseconds.</param>
    public void Add(in RtmpMessage message, long timestamp)
    {
        if (message.IsFirst)
        {
            Backwards += Messages > 0 && timestamp < LastTimestamp ? 1 : 0;
            LastTimestamp = timestamp;
            Messages++;
        }

        ReadOnlySpan<byte> bytes = message.Payload;
        Bytes += bytes.Length;
        uint crc = Checksum;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (byte single in bytes)
        {
            crc = BitOperations.Crc32C(crc, single);
        }

        Checksum = crc;
    }
}
