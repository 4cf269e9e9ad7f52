namespace Mapwire.Media.Flv;

/// <summary>The codec header at the start of a video message or tag (FLV 10.1, E.4.3.1).</summary>
/// <param name="FrameType">The kind of picture.</param>
/// <param name="Codec">The codec; AVC and HEVC have a longer header.</param>
/// <param name="PacketType">What the body is; only with AVC and HEVC.</param>
/// <param name="CompositionTime">Presentation time minus decode time in milliseconds, 24 bits signed; only with AVC and HEVC.</param>
public readonly record struct VideoTagHeader(VideoFrameType FrameType, VideoCodecId Codec, AvcPacketType PacketType, int CompositionTime)
{
    /// <summary>The most bytes that the header has.</summary>
    public const int MaxLength = 5;

    /// <summary>The largest <see cref="CompositionTime"/>; its negative minus one is the smallest.</summary>
    public const int MaxCompositionTime = 0x7F_FFFF;

    /// <summary>Bytes that the header has: 5 with AVC and HEVC, else 1.</summary>
    public int Length => HasPacketType ? MaxLength : 1;

    /// <summary>Whether the header has a packet type: with AVC and HEVC.</summary>
    public bool HasPacketType => IsWithPacketType(Codec);

    /// <summary>The whole body of the message that ends an AVC sequence.</summary>
    public static VideoTagHeader AvcEndOfSequence => new(VideoFrameType.Key, VideoCodecId.Avc, AvcPacketType.EndOfSequence, 0);

    /// <summary>Whether a video body has a header of Enhanced RTMP instead: its first bit is set.</summary>
    /// <param name="firstByte">Of the body.</param>
    public static bool IsExtended(byte firstByte) => (firstByte & 0x80) != 0;

    // FrameType(4) | CodecID(4) | AVCPacketType(8) | CompositionTime(24, signed); the last two with AVC only

    /// <summary>Parses the header at the start of a body.</summary>
    /// <returns>False when the bytes are too few.</returns>
    /// <exception cref="FlvFormatException">It is a header of Enhanced RTMP, or has a packet type that is not defined.</exception>
    public static bool TryParse(ReadOnlySpan<byte> body, out VideoTagHeader header)
    {
        header = default;
        if (body.IsEmpty)
        {
            return false;
        }

        if (IsExtended(body[0]))
        {
            throw new FlvFormatException(FlvError.BadTagHeader, 0, "an extended video header stands where a plain one should");
        }

        VideoFrameType frameType = (VideoFrameType)(body[0] >> 4);
        VideoCodecId codec = (VideoCodecId)(body[0] & 15);
        if (!IsWithPacketType(codec) || frameType == VideoFrameType.Command)
        {
            header = new VideoTagHeader(frameType, codec, default, 0);
            return true;
        }

        if (body.Length < MaxLength)
        {
            return false;
        }

        if (body[1] > (byte)AvcPacketType.EndOfSequence)
        {
            throw new FlvFormatException(FlvError.BadTagHeader, 1, $"AVC packet type {body[1]} is not defined");
        }

        int composition = UInt24.ReadSigned(body[2..]);
        header = new VideoTagHeader(frameType, codec, (AvcPacketType)body[1], composition);
        return true;
    }

    /// <summary>Writes the header.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">They are too few, or <see cref="CompositionTime"/> does not fit into 24 bits.</exception>
    public int WriteTo(Span<byte> destination)
    {
        if (destination.Length < Length)
        {
            throw new ArgumentException($"A video header takes {Length} bytes.", nameof(destination));
        }

        if (CompositionTime is > MaxCompositionTime or < -MaxCompositionTime - 1)
        {
            throw new ArgumentException("A composition time has 24 bits.", nameof(destination));
        }

        destination[0] = (byte)((byte)FrameType << 4 | (byte)Codec & 15);
        if (Length == 1)
        {
            return 1;
        }

        destination[1] = (byte)PacketType;
        UInt24.Write(destination[2..], CompositionTime);
        return MaxLength;
    }

    /// <summary>Whether headers of a codec have a packet type and a composition time.</summary>
    public static bool IsWithPacketType(VideoCodecId codec) => codec is VideoCodecId.Avc or VideoCodecId.Hevc;
}

/// <summary>The kind of picture in a video tag (FLV 10.1, E.4.3.1).</summary>
public enum VideoFrameType : byte
{
    /// <summary>Decoding can start here.</summary>
    Key = 1,

    /// <summary>Needs pictures before it.</summary>
    Inter = 2,

    /// <summary>Needs pictures before it, and none needs it (H.263 only).</summary>
    DisposableInter = 3,

    /// <summary>A key picture that a server made.</summary>
    GeneratedKey = 4,

    /// <summary>No picture: information for the client, or a command.</summary>
    Command = 5,
}

/// <summary>The codec of a video tag (FLV 10.1, E.4.3.1). Newer codecs have four-character codes instead.</summary>
public enum VideoCodecId : byte
{
    /// <summary>Sorenson H.263.</summary>
    SorensonH263 = 2,

    /// <summary>Screen video.</summary>
    Screen = 3,

    /// <summary>On2 VP6.</summary>
    Vp6 = 4,

    /// <summary>On2 VP6 with an alpha channel.</summary>
    Vp6Alpha = 5,

    /// <summary>Screen video, version 2.</summary>
    Screen2 = 6,

    /// <summary>AVC, H.264.</summary>
    Avc = 7,

    /// <summary>HEVC: never in the specification, but what several players and encoders agreed on before Enhanced RTMP.</summary>
    Hevc = 12,
}

/// <summary>What the body of an AVC video tag is (FLV 10.1, E.4.3.2).</summary>
public enum AvcPacketType : byte
{
    /// <summary>A decoder configuration record.</summary>
    SequenceHeader = 0,

    /// <summary>NAL units, each with its length.</summary>
    NalUnits = 1,

    /// <summary>Nothing: the stream ends.</summary>
    EndOfSequence = 2,
}
