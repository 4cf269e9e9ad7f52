using System.Text;

namespace Mapwire.Conformance.Reading;

/// <summary>
/// The header of an extended message, read by the tables ExVideoTagHeader and ExAudioTagHeader of Enhanced RTMP v2 and not by the code
/// under test.
/// </summary>
/// <param name="Kind"><c>video</c> or <c>audio</c>, and a colon and the number for a track other than the first.</param>
/// <param name="Type">The packet type, behind what modifies it.</param>
/// <param name="FourCc">Of the codec.</param>
/// <param name="IsKey">Of a picture; always of sound.</param>
/// <param name="Composition">In milliseconds.</param>
/// <param name="Nanoseconds">Of ModEx.</param>
/// <param name="HeaderLength">What the payload lies behind.</param>
internal sealed record ExtendedPacket(string Kind, int Type, string FourCc, bool IsKey, int Composition, int Nanoseconds, int HeaderLength)
{
    public const int SequenceStart = 0;
    public const int SequenceEnd = 2;
    public const int Metadata = 4;

    private const int CodedFrames = 1;
    private const int CodedFramesX = 3;
    private const int ModEx = 7;

    /// <summary>Whether the payload is a picture or sound.</summary>
    public bool IsCoded => Type is CodedFrames or CodedFramesX;

    /// <summary>Null when the message has a plain header.</summary>
    public static ExtendedPacket? Parse(FlvTag tag)
    {
        ReadOnlySpan<byte> body = tag.Body.Span;
        bool isVideo = tag.Type == FlvFile.VideoTag;
        if (body.IsEmpty || tag.Type is not (FlvFile.VideoTag or FlvFile.AudioTag) || (isVideo ? body[0] < 0x80 : body[0] >> 4 != 9))
        {
            return null;
        }

        int at = 1;
        int type = body[0] & 15;
        int nanoseconds = 0;
        while (type == ModEx)
        {
            int size = body[at++] + 1;
            Assert.Equal(3, size); // the only modifier that there is
            nanoseconds = UInt24(body[at..]);
            Assert.InRange(nanoseconds, 0, 999_999);
            at += size;
            Assert.Equal(0, body[at] >> 4);
            type = body[at++] & 15;
        }

        bool isMultitrack = type == (isVideo ? 6 : 5);
        if (isMultitrack)
        {
            Assert.Equal(0, body[at] >> 4); // one track a message
            type = body[at++] & 15;
        }

        string fourCc = Encoding.Latin1.GetString(body.Slice(at, 4));
        at += 4;
        string kind = isVideo ? "video" : "audio";
        kind = isMultitrack ? $"{kind}:{body[at++]}" : kind;
        int composition = 0;
        if (isVideo && type == CodedFrames && fourCc is "avc1" or "hvc1")
        {
            composition = UInt24(body[at..]) << 8 >> 8;
            at += 3;
        }

        return new ExtendedPacket(kind, type, fourCc, !isVideo || (body[0] >> 4 & 7) == 1, composition, nanoseconds, at);
    }

    private static int UInt24(ReadOnlySpan<byte> bytes) => bytes[0] << 16 | bytes[1] << 8 | bytes[2];
}
