using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mapwire.Conformance.Reading;

/// <summary>The tags of an FLV file such as rtmpdump writes (Adobe FLV 10.1, annex E). Not the reader under test.</summary>
internal static class FlvFile
{
    public const byte AudioTag = 8;
    public const byte VideoTag = 9;
    public const byte ScriptTag = 18;

    /// <summary>Every tag in order.</summary>
    /// <exception cref="InvalidDataException">It is no FLV file, or ends within a tag.</exception>
    public static IEnumerable<FlvTag> Tags(byte[] file)
    {
        if (file.Length < 13 || !file.AsSpan(0, 3).SequenceEqual("FLV"u8))
        {
            throw new InvalidDataException($"no FLV file ({file.Length} bytes)");
        }

        int at = (int)BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(5)) + 4;
        while (at + 11 <= file.Length)
        {
            int size = UInt24(file, at + 1);
            uint time = (uint)UInt24(file, at + 4) | ((uint)file[at + 7] << 24);
            if (at + 11 + size > file.Length)
            {
                throw new InvalidDataException($"the tag at {at} ends past the file");
            }

            yield return new FlvTag(file[at], time, file.AsMemory(at + 11, size));
            at += 11 + size + 4;
        }
    }

    /// <summary>Writes a tag and the length behind it.</summary>
    public static void Write(Stream file, FlvTag tag)
    {
        int size = tag.Body.Length;
        file.Write(
            [tag.Type, (byte)(size >> 16), (byte)(size >> 8), (byte)size, (byte)(tag.Time >> 16), (byte)(tag.Time >> 8), (byte)tag.Time,
            (byte)(tag.Time >> 24), 0, 0, 0]);
        file.Write(tag.Body.Span);
        size += 11;
        file.Write([0, (byte)(size >> 16), (byte)(size >> 8), (byte)size]);
    }

    /// <summary>The media packets of an FLV file, codec headers left out.</summary>
    public static Recording Read(string path) => new([.. Tags(File.ReadAllBytes(path)).Select(PacketOf).OfType<Packet>()], [], null);

    /// <summary>The packet that a tag (or an RTMP message, which is the same) carries; null for headers and metadata.</summary>
    public static Packet? PacketOf(FlvTag tag)
    {
        ReadOnlySpan<byte> body = tag.Body.Span;
        if (ExtendedPacket.Parse(tag) is { } extended)
        {
            return extended.IsCoded ? Make(extended, tag.Time, body) : null;
        }

        if (tag.Type == VideoTag && body.Length >= 5 && (body[0] & 0x0F) == 7 && body[1] == 1)
        {
            int offset = (sbyte)body[2] << 16 | body[3] << 8 | body[4];
            return Make("video", tag.Time, offset, body[5..], body[0] >> 4 == 1);
        }

        if (tag.Type == AudioTag && body.Length >= 2)
        {
            int format = body[0] >> 4;
            return format == 10
                ? body[1] == 1 ? Make("audio", tag.Time, 0, body[2..], true) : null
                : Make("audio", tag.Time, 0, body[1..], true);
        }

        return null;
    }

    private static Packet Make(ExtendedPacket extended, uint time, ReadOnlySpan<byte> body)
    {
        Packet packet = Make(extended.Kind, time, extended.Composition, body[extended.HeaderLength..], extended.IsKey);
        return packet with { Pts = packet.Pts + (extended.Nanoseconds / 1e9) };
    }

    private static Packet Make(string kind, uint time, int offset, ReadOnlySpan<byte> payload, bool key) =>
        new(kind, ((long)time + offset) / 1000.0, time / 1000.0, payload.Length, Convert.ToHexStringLower(SHA256.HashData(payload)), key,
        false);

    private static int UInt24(byte[] bytes, int at) => bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
}
