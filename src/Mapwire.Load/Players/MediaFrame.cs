using Mapwire.Media.Flv;

namespace Mapwire.Load.Players;

/// <summary>What the first two bytes of an audio or video message say (FLV 10.1, E.4.2 and E.4.3; Enhanced RTMP's ExHeader).</summary>
/// <param name="IsCoded">A coded frame; else a codec's configuration or an end mark.</param>
/// <param name="IsKey">A video frame that decoding can start with.</param>
internal readonly record struct MediaFrame(bool IsCoded, bool IsKey)
{
    private const int ExtendedHeader = 0x80;
    private const int KeyFrame = 1;
    private const int ExtendedAudio = 9;
    private const int CodedFrames = 1;
    private const int CodedFramesWithoutTime = 3;

    /// <summary>Classifies a video message.</summary>
    /// <param name="first">Frame type and codec, or the extended header.</param>
    /// <param name="second">The packet type, where the codec is AVC or HEVC.</param>
    public static MediaFrame OfVideo(byte first, byte second)
    {
        bool isKey = ((first >> 4) & 7) == KeyFrame;
        bool isCoded = (first & ExtendedHeader) != 0
            ? (first & 0xF) is CodedFrames or CodedFramesWithoutTime
            : !VideoTagHeader.IsWithPacketType((VideoCodecId)(first & 0xF)) || second == 1;
        return new MediaFrame(isCoded, isCoded && isKey);
    }

    /// <summary>Classifies an audio message.</summary>
    /// <param name="first">Codec and form.</param>
    /// <param name="second">The AAC packet type, where the codec is AAC.</param>
    public static MediaFrame OfAudio(byte first, byte second) => new(
        first >> 4 == ExtendedAudio
            ? (first & 0xF) == CodedFrames
            : !AudioTagHeader.IsWithPacketType((AudioCodecId)(first >> 4)) || second == 1,
        IsKey: false);
}
