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
    private const int Avc = 7;
    private const int Hevc = 12; // never in the specification
    private const int Aac = 10;
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
                isFrame && !CodecOf(body).SequenceEqual("vp08"u8), isFrame && kind == KeyFrame);
        }

        bool hasPacketType = low is Avc or Hevc;
        byte packet = body.Length > 1 ? body[1] : (byte)0xFF;
        bool isCoded = kind != Command && (!hasPacketType || packet == 1);
        return new FlvFrame(isCoded, hasPacketType && packet == 0, hasPacketType, isCoded && kind == KeyFrame);
    }

    /// <summary>Classifies an audio tag.</summary>
    /// <param name="body">Its first bytes, up to five.</param>
    public static FlvFrame OfAudio(ReadOnlySpan<byte> body)
    {
        byte packet = body.Length > 1 ? body[1] : (byte)0xFF;
        return (body[0] >> 4) switch
        {
            Aac => new FlvFrame(packet == 1, packet == 0, NeedsConfiguration: true, IsKey: false),
            ExtendedAudio => new FlvFrame((body[0] & 0xF) == CodedFrames, (body[0] & 0xF) == SequenceStart,
                NeedsConfiguration: HasConfiguration(CodecOf(body)), IsKey: false),
            _ => new FlvFrame(IsCoded: true, IsConfiguration: false, NeedsConfiguration: false, IsKey: false),
        };
    }

    private static bool HasConfiguration(ReadOnlySpan<byte> audioCodec) =>
        audioCodec.SequenceEqual("mp4a"u8) || audioCodec.SequenceEqual("Opus"u8) || audioCodec.SequenceEqual("fLaC"u8);

    private static ReadOnlySpan<byte> CodecOf(ReadOnlySpan<byte> body) => body.Length >= 5 ? body[1..5] : [];
}
