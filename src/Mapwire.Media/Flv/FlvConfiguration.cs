using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>
/// A codec that only the plain headers of FLV and RTMP name: Sorenson H.263, Screen video and VP6; Speex, Nellymoser, G.711, PCM and ADPCM.
/// It has no configuration record, and no other container is read for it.
/// </summary>
public sealed class FlvConfiguration : CodecConfiguration
{
    private FlvConfiguration(string name, string fourCc)
        : base([]) => (Name, FourCc) = (name, new FourCc(fourCc));

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string? Rfc6381 => null;

    /// <inheritdoc/>
    public override FourCc FourCc { get; }

    /// <inheritdoc/>
    public override bool HasPlainHeader => true;

    /// <summary>The number in the header of every picture; null for sound.</summary>
    public VideoCodecId? VideoCodec { get; private init; }

    /// <summary>The header of all sound messages, which also tells rate and channels; null for pictures.</summary>
    public AudioTagHeader? AudioHeader { get; private init; }

    /// <summary>The configuration of a video codec.</summary>
    /// <param name="codec">As the first tag names it.</param>
    /// <returns>Null for one that has a configuration record, or that no player knows.</returns>
    public static FlvConfiguration? Create(VideoCodecId codec) => codec switch
    {
        VideoCodecId.SorensonH263 => new("Sorenson H.263", "FLV1") { VideoCodec = codec },
        VideoCodecId.Screen => new("Screen video", "FSV1") { VideoCodec = codec },
        VideoCodecId.Vp6 => new("VP6", "VP6F") { VideoCodec = codec },
        VideoCodecId.Vp6Alpha => new("VP6 with alpha", "VP6A") { VideoCodec = codec },
        VideoCodecId.Screen2 => new("Screen video 2", "FSV2") { VideoCodec = codec },
        _ => null,
    };

    /// <summary>The configuration of an audio codec.</summary>
    /// <param name="header">Of the first tag.</param>
    /// <returns>Null for one that is described elsewhere (AAC, MP3), or that no player knows.</returns>
    public static FlvConfiguration? Create(AudioTagHeader header)
    {
        (string Name, string FourCc)? codec = header.Codec switch
        {
            AudioCodecId.PcmNative => ("PCM", "PCM "),
            AudioCodecId.Adpcm => ("ADPCM", "SWFA"),
            AudioCodecId.PcmLittleEndian => ("PCM, little endian", "PCML"),
            AudioCodecId.Nellymoser16 or AudioCodecId.Nellymoser8 or AudioCodecId.Nellymoser => ("Nellymoser", "NELL"),
            AudioCodecId.ALaw => ("G.711 A-law", "alaw"),
            AudioCodecId.MuLaw => ("G.711 mu-law", "ulaw"),
            AudioCodecId.Speex => ("Speex", "SPX "),
            _ => null,
        };
        if (codec is not { } known)
        {
            return null;
        }

        (int rate, int channels) = header.Codec switch
        {
            AudioCodecId.Nellymoser16 or AudioCodecId.Speex => (16_000, 1),
            AudioCodecId.Nellymoser8 or AudioCodecId.ALaw or AudioCodecId.MuLaw => (8_000, header.IsStereo ? 2 : 1),
            _ => (44_100 >> (3 - header.Rate), header.IsStereo ? 2 : 1),
        };
        return new FlvConfiguration(known.Name, known.FourCc) { AudioHeader = header, SampleRate = rate, Channels = channels };
    }

    /// <inheritdoc/>
    internal override (int Width, int Height)? ReadPicture(ReadOnlySpan<byte> frame) => VideoCodec switch
    {
        VideoCodecId.SorensonH263 => ReadSorenson(frame),
        VideoCodecId.Vp6 => ReadVp6(frame, 1),
        VideoCodecId.Vp6Alpha => ReadVp6(frame, 4),
        VideoCodecId.Screen or VideoCodecId.Screen2 => ReadScreen(frame),
        _ => null,
    };

    /// <summary>FLV 10.1, E.4.3.2 (H.263 video packet).</summary>
    private static (int Width, int Height)? ReadSorenson(ReadOnlySpan<byte> frame)
    {
        // picture start code(17)=1 | version(5) | temporal reference(8) | picture size(3) | custom width and height(8 or 16 each) | ...
        BitReader bits = new(frame);
        if (bits.ReadBits(17) != 1)
        {
            return null;
        }

        bits.Skip(5 + 8);
        (int Width, int Height) picture = bits.ReadBits(3) switch
        {
            0 => ((int)bits.ReadBits(8), (int)bits.ReadBits(8)),
            1 => ((int)bits.ReadBits(16), (int)bits.ReadBits(16)),
            2 => (352, 288),
            3 => (176, 144),
            4 => (128, 96),
            5 => (320, 240),
            6 => (160, 120),
            _ => default,
        };
        return bits.IsPastEnd || picture.Width == 0 || picture.Height == 0 ? null : picture;
    }

    /// <summary>
    /// FLV 10.1, E.4.3.4 and E.4.3.5, and the header of a VP6 key frame behind it (VP6 Bitstream and Decoder Specification, 9).
    /// </summary>
    /// <param name="frame">The payload.</param>
    /// <param name="start">Where the frame begins behind FLV's own fields.</param>
    private static (int Width, int Height)? ReadVp6(ReadOnlySpan<byte> frame, int start)
    {
        // horizontal adjustment(4) | vertical adjustment(4) | offset to alpha(24), with alpha only
        // | frame type(1)=0 | quantizer(6) | separated coefficients(1) | version(5) | profile(2) | interlaced(1)
        // | offset of the coefficients(16), if they are separated or the profile is 0 | rows(8) | columns(8) | ...
        if (frame.Length < start + 6 || (frame[start] & 0x80) != 0)
        {
            return null;
        }

        bool hasOffset = (frame[start] & 1) != 0 || (frame[start + 1] & 6) == 0;
        ReadOnlySpan<byte> size = frame[(start + (hasOffset ? 4 : 2))..];
        (int width, int height) = (size[1] * 16 - (frame[0] >> 4), size[0] * 16 - (frame[0] & 15));
        return width <= 0 || height <= 0 ? null : (width, height);
    }

    /// <summary>FLV 10.1, E.4.3.3 (Screen video packet).</summary>
    private static (int Width, int Height)? ReadScreen(ReadOnlySpan<byte> frame)
    {
        // block width(4) | image width(12) | block height(4) | image height(12) | blocks
        if (frame.Length < 4)
        {
            return null;
        }

        (int width, int height) = ((frame[0] & 15) << 8 | frame[1], (frame[2] & 15) << 8 | frame[3]);
        return width == 0 || height == 0 ? null : (width, height);
    }
}
