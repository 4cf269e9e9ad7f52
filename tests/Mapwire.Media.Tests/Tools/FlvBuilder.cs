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
            (byte)type, (byte)(length >> 16), (byte)(length >> 8), (byte)length, (byte)(timestamp >> 16), (byte)(timestamp >> 8), (byte)timestamp,
            (byte)(timestamp >> 24), 0, 0, 0, .. body,
        ]);
        length += 11;
        _file.AddRange([(byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
        return this;
    }

    public byte[] Build() => [.. _file];
}
