namespace Mapwire.Media.Codecs;

/// <summary>MP3 has no configuration record; this is what the container says about the sound.</summary>
public sealed class Mp3Configuration : CodecConfiguration
{
    /// <summary>Describes an MP3 track.</summary>
    /// <param name="sampleRate">In Hz; 0 when not known.</param>
    /// <param name="channels">1 or 2; 0 when not known.</param>
    public Mp3Configuration(int sampleRate, int channels)
        : base(Mp3Codec.Instance, [])
    {
        SampleRate = sampleRate;
        Channels = channels;
    }

    /// <inheritdoc/>
    public override string Name => "MP3";

    /// <inheritdoc/>
    public override string Rfc6381 => "mp4a.6B";

    /// <inheritdoc/>
    /// <remarks>MPEG-1 has rates from 32 kHz on; those below have half as many.</remarks>
    public override int FrameSamples => SampleRate >= 32_000 ? 1152 : SampleRate > 0 ? 576 : 0;

    /// <summary>Rates that the header cannot name are given as the nearest one; decoders read the MP3 frames.</summary>
    public override byte? PlainSoundHeader
    {
        get
        {
            // SoundFormat(4) | SoundRate(2) | SoundSize(1)=1 | SoundType(1)
            int rate = SampleRate switch
            {
                0 or >= 32000 => 3,
                >= 16000 => 2,
                >= 11025 => 1,
                _ => 0,
            };
            byte number = SampleRate == 8000 ? Mp3Codec.NumberAt8 : Mp3Codec.Number;
            return (byte)(number << 4 | rate << 2 | 2 | (Channels != 1 ? 1 : 0));
        }
    }

    /// <summary>Reads the header of an MP3 frame (ISO/IEC 11172-3, 2.4.1.3; ISO/IEC 13818-3, 2.4.1).</summary>
    /// <param name="frame">At least its first four bytes.</param>
    /// <returns>Null when this is no such frame.</returns>
    public static Mp3Configuration? FromFrame(ReadOnlySpan<byte> frame)
    {
        // syncword(11) version(2) layer(2)=01 protection(1) | bitrate(4) sampling_frequency(2) padding(1) private(1) | mode(2) ...
        if (frame.Length < 4 || frame[0] != 0xFF || (frame[1] & 0xE6) != 0xE2)
        {
            return null;
        }

        int version = frame[1] >> 3 & 3;
        int index = frame[2] >> 2 & 3;
        if (version == 1 || index == 3)
        {
            return null;
        }

        int rate = index switch
        {
            0 => 44_100,
            1 => 48_000,
            _ => 32_000,
        };
        int divisor = version switch
        {
            3 => 1,
            2 => 2,
            _ => 4,
        };
        return new Mp3Configuration(rate / divisor, frame[3] >> 6 == 3 ? 1 : 2);
    }
    /// <inheritdoc/>
    internal override FourCc GetSampleEntry(FourCc source) => new("mp4a");
}

/// <summary>MP3 (ISO/IEC 11172-3, layer III).</summary>
internal sealed class Mp3Codec : Codec
{
    internal const byte Number = 2;
    internal const byte NumberAt8 = 14; // kHz

    private Mp3Codec()
        : base(TrackKind.Audio, ".mp3")
    {
    }

    internal static Mp3Codec Instance { get; } = new()
    {
        NeedsSequenceHeader = false,
        PlainNumbers = [Number, NumberAt8],
        HasPlainHeader = true,
        FrameHeaderLength = 4, // muxers write two channels whatever there are
        SampleEntries = [".mp3", "ms\0\u0055"],
        ObjectTypes = [0x6B, 0x69],
    };

    /// <inheritdoc/>
    public override CodecConfiguration ReadFrame(ReadOnlySpan<byte> frame, byte? plainHeader = null) =>
        Mp3Configuration.FromFrame(frame) ?? new Mp3Configuration(0, plainHeader is { } header ? (header & 1) + 1 : 0);

    /// <inheritdoc/>
    internal override CodecConfiguration ReadBox(ReadOnlySpan<byte> box, int rate, int channels, out string? reason)
    {
        reason = null;
        return new Mp3Configuration(rate, channels);
    }
}
