using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;

namespace Mapwire.Load.Reading;

/// <summary>What the first bytes of an audio or video tag say (FLV 10.1, E.4.2 and E.4.3; Enhanced RTMP's ExHeader).</summary>
/// <param name="IsCoded">A coded frame; else a codec's configuration, an end mark or a hint.</param>
/// <param name="IsConfiguration">A codec's configuration.</param>
/// <param name="NeedsConfiguration">Whether its codec has one, without which no decoder starts.</param>
/// <param name="IsKey">A video frame that decoding can start with.</param>
internal readonly record struct FlvFrame(bool IsCoded, bool IsConfiguration, bool NeedsConfiguration, bool IsKey)
{
    private const int KeyFrame = 1;
    private const int Command = 5;
    private const int ExtendedAudio = 9;
    private const int SequenceStart = 0;
    private const int CodedFrames = 1;
    private const int CodedFramesWithoutTime = 3;
    private const int SequenceStartOfTransportStream = 5;

    /// <summary>Classifies a video tag.</summary>
    /// <param name="body">Its first bytes, up to five.</param>
    public static FlvFrame OfVideo(ReadOnlySpan<byte> body)
    {
        int kind = (body[0] >> 4) & 7;
        int low = body[0] & 0xF;
        if ((body[0] & 0x80) != 0)
        {
            bool isFrame = low is CodedFrames or CodedFramesWithoutTime && kind != Command;
            return new FlvFrame(isFrame, low is SequenceStart or SequenceStartOfTransportStream,
                isFrame && (CodecOf(body)?.NeedsSequenceHeader ?? true), isFrame && kind == KeyFrame);
        }

        bool hasPacketType = VideoTagHeader.IsWithPacketType((VideoCodecId)low);
        byte packet = body.Length > 1 ? body[1] : (byte)0xFF;
        bool isCoded = kind != Command && (!hasPacketType || packet == 1);
        return new FlvFrame(isCoded, hasPacketType && packet == 0, hasPacketType, isCoded && kind == KeyFrame);
    }

    /// <summary>Classifies an audio tag.</summary>
    /// <param name="body">Its first bytes, up to five.</param>
    public static FlvFrame OfAudio(ReadOnlySpan<byte> body)
    {
        byte packet = body.Length > 1 ? body[1] : (byte)0xFF;
        int codec = body[0] >> 4;
        if (codec == ExtendedAudio)
        {
            return new FlvFrame((body[0] & 0xF) == CodedFrames, (body[0] & 0xF) == SequenceStart,
                NeedsConfiguration: CodecOf(body)?.NeedsSequenceHeader ?? false, IsKey: false);
        }

        return AudioTagHeader.IsWithPacketType((AudioCodecId)codec)
            ? new FlvFrame(packet == 1, packet == 0, NeedsConfiguration: true, IsKey: false)
            : new FlvFrame(IsCoded: true, IsConfiguration: false, NeedsConfiguration: false, IsKey: false);
    }

    /// <summary>The codec of an extended header; null when it is not known, or the bytes are too few.</summary>
    private static Codec? CodecOf(ReadOnlySpan<byte> body) => body.Length >= 5 ? CodecList.Find(FourCc.Read(body[1..])) : null;
}
