using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>The codec configuration in a sequence header of Enhanced RTMP, by its four-character code.</summary>
public static class ExtendedConfiguration
{
    private const uint Avc1 = 'a' << 24 | 'v' << 16 | 'c' << 8 | '1';
    private const uint Hvc1 = 'h' << 24 | 'v' << 16 | 'c' << 8 | '1';
    private const uint Av01 = 'a' << 24 | 'v' << 16 | '0' << 8 | '1';
    private const uint Vp08 = 'v' << 24 | 'p' << 16 | '0' << 8 | '8';
    private const uint Vp09 = 'v' << 24 | 'p' << 16 | '0' << 8 | '9';
    private const uint Mp4a = 'm' << 24 | 'p' << 16 | '4' << 8 | 'a';
    private const uint DotMp3 = '.' << 24 | 'm' << 16 | 'p' << 8 | '3';
    private const uint Opus = 'O' << 24 | 'p' << 16 | 'u' << 8 | 's';
    private const uint Flac = 'f' << 24 | 'L' << 16 | 'a' << 8 | 'C';
    private const uint Ac3 = 'a' << 24 | 'c' << 16 | '-' << 8 | '3';
    private const uint Eac3 = 'e' << 24 | 'c' << 16 | '-' << 8 | '3';

    /// <summary>Parses the body of a sequence header.</summary>
    /// <param name="codec">From the message's header.</param>
    /// <param name="record">What follows the header.</param>
    /// <returns>Null for a code that is not known, or that has no configuration.</returns>
    /// <exception cref="CodecFormatException">The record is malformed.</exception>
    public static CodecConfiguration? Parse(FourCc codec, ReadOnlySpan<byte> record) => codec.Value switch
    {
        Avc1 => AvcConfiguration.Parse(record),
        Hvc1 => HevcConfiguration.Parse(record),
        Av01 => Av1Configuration.Parse(record),
        Vp08 => VpConfiguration.Parse(record, isVp9: false),
        Vp09 => VpConfiguration.Parse(record, isVp9: true),
        Mp4a => AacConfiguration.Parse(record),
        // An empty one means mono or stereo.
        Opus => OpusConfiguration.Parse(record.IsEmpty ? StereoOpus : record),
        Flac => FlacConfiguration.Parse(record),
        _ => null,
    };

    /// <summary>What a frame says of itself, for codecs that have no sequence header.</summary>
    /// <param name="codec">From the message's header.</param>
    /// <param name="frame">The start of what follows the header.</param>
    /// <returns>Null for other codecs, and when this is no such frame.</returns>
    public static CodecConfiguration? FromFrame(FourCc codec, ReadOnlySpan<byte> frame) => codec.Value switch
    {
        DotMp3 => Mp3Configuration.FromFrame(frame) ?? new Mp3Configuration(0, 0),
        Ac3 => DolbyConfiguration.FromFrame(frame, isEnhanced: false),
        Eac3 => DolbyConfiguration.FromFrame(frame, isEnhanced: true),
        _ => null,
    };

    /// <summary>OpusHead: version 1, 2 channels, no pre-skip, 48 kHz, no gain, family 0.</summary>
    private static ReadOnlySpan<byte> StereoOpus =>
        [(byte)'O', (byte)'p', (byte)'u', (byte)'s', (byte)'H', (byte)'e', (byte)'a', (byte)'d', 1, 2, 0, 0, 0x80, 0xBB, 0, 0, 0, 0, 0];
}
