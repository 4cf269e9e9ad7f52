namespace Mapwire.Media.Codecs;

/// <summary>MP3 has no configuration record; this is what the container says about the sound.</summary>
public sealed class Mp3Configuration : CodecConfiguration
{
    /// <summary>Describes an MP3 track.</summary>
    /// <param name="sampleRate">In Hz; 0 when not known.</param>
    /// <param name="channels">1 or 2; 0 when not known.</param>
    public Mp3Configuration(int sampleRate, int channels)
        : base([])
    {
        SampleRate = sampleRate;
        Channels = channels;
    }

    /// <inheritdoc/>
    public override bool HasPlainHeader => true;

    /// <inheritdoc/>
    public override FourCc FourCc => new(".mp3");

    /// <inheritdoc/>
    public override string Name => "MP3";

    /// <inheritdoc/>
    public override string Rfc6381 => "mp4a.6B";

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
}
