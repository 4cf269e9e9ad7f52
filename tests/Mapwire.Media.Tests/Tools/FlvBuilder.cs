namespace Mapwire.Media.Tests.Tools;

/// <summary>An FLV file made by hand, tag by tag.</summary>
internal sealed class FlvBuilder
{
    private readonly List<byte> _file = [.. "FLV"u8, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0];

    /// <summary>Where the next tag will begin.</summary>
    public int Length => _file.Count;

    /// <param name="type">8 audio, 9 video, 18 script data.</param>
    /// <param name="timestamp">In milliseconds.</param>
    /// <param name="body">Its codec header and payload, in hexadecimal; spaces are allowed.</param>
    public FlvBuilder Tag(int type, uint timestamp, string body) =>
        Tag(type, timestamp, Convert.FromHexString(body.Replace(" ", "", StringComparison.Ordinal)));

    public FlvBuilder Tag(int type, uint timestamp, byte[] body)
    {
        int length = body.Length;
        _file.AddRange(
        [
            (byte)type, (byte)(length >> 16), (byte)(length >> 8), (byte)length, (byte)(timestamp >> 16), (byte)(timestamp >> 8),
            (byte)timestamp,
            (byte)(timestamp >> 24), 0, 0, 0, .. body,
        ]);
        length += 11;
        _file.AddRange([(byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
        return this;
    }

    /// <summary>The sequence header of a small picture.</summary>
    public FlvBuilder Avc() => Tag(9, 0, [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord]);

    /// <summary>The sequence header of AAC LC, 44.1 kHz.</summary>
    public FlvBuilder Aac() => Tag(8, 0, "AF 00 1210");

    /// <param name="time">In milliseconds, negative too.</param>
    /// <param name="isKey">Whether it is a key frame.</param>
    public FlvBuilder Picture(int time, bool isKey = false) =>
        Tag(9, unchecked((uint)time), [(byte)(isKey ? 0x17 : 0x27), 1, 0, 0, 0, .. Payload(60)]);

    /// <param name="time">In milliseconds, negative too.</param>
    public FlvBuilder Sound(int time) => Tag(8, unchecked((uint)time), [0xAF, 1, .. Payload(30)]);

    public byte[] Build() => [.. _file];

    /// <summary>Bytes that no two samples share.</summary>
    private byte[] Payload(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)(0x40 + ((i + _file.Count * 7) % 0x80));
        }

        return bytes;
    }
}
