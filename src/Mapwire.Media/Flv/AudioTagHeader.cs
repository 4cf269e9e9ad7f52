using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>The codec header at the start of an audio message or tag (FLV 10.1, E.4.2.1).</summary>
/// <param name="Codec">The codec; AAC has a longer header.</param>
/// <param name="Rate">0 is 5.5 kHz, 1 is 11 kHz, 2 is 22 kHz, 3 is 44 kHz; always 3 with AAC, whatever its rate is.</param>
/// <param name="Is16Bit">Of a sound sample; true with everything compressed.</param>
/// <param name="IsStereo">Always true with AAC, whatever its channels are.</param>
/// <param name="PacketType">What the body is; only with AAC.</param>
public readonly record struct AudioTagHeader(AudioCodecId Codec, byte Rate, bool Is16Bit, bool IsStereo, AacPacketType PacketType)
{
    /// <summary>The most bytes that the header has.</summary>
    public const int MaxLength = 2;

    /// <summary>Bytes that the header has: 2 with AAC, else 1.</summary>
    public int Length => HasPacketType ? MaxLength : 1;

    /// <summary>Whether the header has a packet type: with AAC.</summary>
    public bool HasPacketType => IsWithPacketType(Codec);

    /// <summary>Whether headers of a codec have a packet type.</summary>
    public static bool IsWithPacketType(AudioCodecId codec) => codec == AudioCodecId.Aac;

    /// <summary>The header of a codec's sound.</summary>
    /// <param name="configuration">Any.</param>
    /// <returns>Null for pictures, and for a codec that only Enhanced RTMP names.</returns>
    public static AudioTagHeader? ForSound(CodecConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration.PlainSoundHeader is not { } first)
        {
            return null;
        }

        AudioTagHeader header = OfFirstByte(first);
        return header.HasPacketType ? header with { PacketType = AacPacketType.Raw } : header;
    }

    // SoundFormat(4) | SoundRate(2) | SoundSize(1) | SoundType(1) | AACPacketType(8), with AAC only

    /// <summary>Parses the header at the start of a body.</summary>
    /// <returns>False when the bytes are too few.</returns>
    /// <exception cref="FlvFormatException">It is a header of Enhanced RTMP, or has a packet type that is not defined.</exception>
    public static bool TryParse(ReadOnlySpan<byte> body, out AudioTagHeader header)
    {
        header = default;
        if (body.IsEmpty)
        {
            return false;
        }

        header = OfFirstByte(body[0]);
        if (header.Codec == AudioCodecId.Extended)
        {
            throw new FlvFormatException(FlvError.BadTagHeader, 0, "an extended audio header stands where a plain one should");
        }

        if (header.HasPacketType)
        {
            if (body.Length < MaxLength)
            {
                header = default;
                return false;
            }

            if (body[1] > (byte)AacPacketType.Raw)
            {
                throw new FlvFormatException(FlvError.BadTagHeader, 1, $"AAC packet type {body[1]} is not defined");
            }

            header = header with { PacketType = (AacPacketType)body[1] };
        }

        return true;
    }

    /// <summary>Writes the header.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">They are too few.</exception>
    public int WriteTo(Span<byte> destination)
    {
        if (destination.Length < Length)
        {
            throw new ArgumentException($"An audio header takes {Length} bytes.", nameof(destination));
        }

        destination[0] = FirstByte;
        if (Length == 1)
        {
            return 1;
        }

        destination[1] = (byte)PacketType;
        return MaxLength;
    }

    /// <summary>All of the header but its packet type.</summary>
    internal byte FirstByte => (byte)((byte)Codec << 4 | (Rate & 3) << 2 | (Is16Bit ? 2 : 0) | (IsStereo ? 1 : 0));

    private static AudioTagHeader OfFirstByte(byte first) =>
        new((AudioCodecId)(first >> 4), (byte)(first >> 2 & 3), (first & 2) != 0, (first & 1) != 0, default);
}

/// <summary>The codec of an audio tag (FLV 10.1, E.4.2.1).</summary>
public enum AudioCodecId : byte
{
    /// <summary>Linear PCM in the writer's byte order.</summary>
    PcmNative = 0,

    /// <summary>ADPCM.</summary>
    Adpcm = 1,

    /// <summary>MP3.</summary>
    Mp3 = 2,

    /// <summary>Linear PCM, little endian.</summary>
    PcmLittleEndian = 3,

    /// <summary>Nellymoser at 16 kHz, mono.</summary>
    Nellymoser16 = 4,

    /// <summary>Nellymoser at 8 kHz, mono.</summary>
    Nellymoser8 = 5,

    /// <summary>Nellymoser.</summary>
    Nellymoser = 6,

    /// <summary>G.711 A-law.</summary>
    ALaw = 7,

    /// <summary>G.711 mu-law.</summary>
    MuLaw = 8,

    /// <summary>Not a codec: the tag has a header of Enhanced RTMP.</summary>
    Extended = 9,

    /// <summary>AAC.</summary>
    Aac = 10,

    /// <summary>Speex.</summary>
    Speex = 11,

    /// <summary>MP3 at 8 kHz.</summary>
    Mp3At8 = 14,

    /// <summary>Device-specific sound.</summary>
    Device = 15,
}

/// <summary>What the body of an AAC audio tag is (FLV 10.1, E.4.2.2).</summary>
public enum AacPacketType : byte
{
    /// <summary>An AudioSpecificConfig.</summary>
    SequenceHeader = 0,

    /// <summary>One raw access unit.</summary>
    Raw = 1,
}
