using System.Buffers.Binary;

namespace Mapwire.Media.Flv;

/// <summary>What an FLV file begins with (FLV 10.1, E.2): a header, and the size of the tag before the first, which there is none of.
/// </summary>
public static class FlvFileHeader
{
    /// <summary>Bytes up to the first tag.</summary>
    public const int Length = HeaderLength + FlvTagHeader.TrailerLength;

    private const int HeaderLength = 9;

    /// <summary>Writes the header and the size behind it.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <param name="hasAudio">Whether there are tags of sound.</param>
    /// <param name="hasVideo">Whether there are tags of pictures.</param>
    public static void Write(Span<byte> destination, bool hasAudio, bool hasVideo)
    {
        // "FLV" | version(8)=1 | reserved(5) audio(1) reserved(1) video(1) | header length(32)=9 | previous tag size(32)=0
        "FLV\x01"u8.CopyTo(destination);
        destination[4] = (byte)((hasAudio ? 4 : 0) | (hasVideo ? 1 : 0));
        BinaryPrimitives.WriteInt32BigEndian(destination[5..], HeaderLength);
        BinaryPrimitives.WriteInt32BigEndian(destination[HeaderLength..], 0);
    }
}
