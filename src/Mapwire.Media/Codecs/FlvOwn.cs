using System.Collections.Immutable;

namespace Mapwire.Media.Codecs;

/// <summary>
/// The configuration of a codec that only the plain headers of FLV and RTMP name: Sorenson H.263, Screen video and VP6; Speex, Nellymoser,
/// G.711, PCM and ADPCM. It has no record, and no other container is read for it.
/// </summary>
public sealed class FlvConfiguration : CodecConfiguration
{
    private readonly byte? _header; // of sound

    internal FlvConfiguration(FlvCodec codec, byte? header)
        : base(codec, [])
    {
        Name = codec.Name;
        if (codec.Kind != TrackKind.Audio || header is not { } first)
        {
            return;
        }

        // SoundFormat(4) | SoundRate(2) | SoundSize(1) | SoundType(1)
        _header = first;
        int stereo = (first & 1) + 1;
        (SampleRate, Channels) = (first >> 4) switch
        {
            FlvCodec.Nellymoser16 or FlvCodec.Speex => (16_000, 1),
            FlvCodec.Nellymoser8 or FlvCodec.ALaw or FlvCodec.MuLaw => (8_000, stereo),
            _ => (44_100 >> (3 - (first >> 2 & 3)), stereo),
        };
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string? Rfc6381 => null;

    /// <inheritdoc/>
    public override byte? PlainNumber => _header is { } header ? (byte)(header >> 4) : base.PlainNumber;

    /// <summary>The header of all sound messages, which also tells rate and channels; null for pictures.</summary>
    public override byte? PlainSoundHeader => _header;

    /// <inheritdoc/>
    internal override (int Width, int Height)? ReadPicture(ReadOnlySpan<byte> frame) => PlainNumber switch
    {
        _ when Codec.Kind != TrackKind.Video => null,
        FlvCodec.Sorenson => ReadSorenson(frame),
        FlvCodec.Vp6 => ReadVp6(frame, 1),
        FlvCodec.Vp6Alpha => ReadVp6(frame, 4),
        FlvCodec.Screen or FlvCodec.Screen2 => ReadScreen(frame),
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

/// <summary>A codec of FLV alone (FLV 10.1, E.4.2.1 and E.4.3.1); no new ones will come.</summary>
internal sealed class FlvCodec : Codec
{
    internal const byte Sorenson = 2;
    internal const byte Screen = 3;
    internal const byte Vp6 = 4;
    internal const byte Vp6Alpha = 5;
    internal const byte Screen2 = 6;
    internal const byte Nellymoser16 = 4;
    internal const byte Nellymoser8 = 5;
    internal const byte ALaw = 7;
    internal const byte MuLaw = 8;
    internal const byte Speex = 11;

    private FlvCodec(TrackKind kind, string name, string fourCc, params ReadOnlySpan<byte> numbers)
        : base(kind, fourCc)
    {
        Name = name;
        IsEnhanced = false;
        NeedsSequenceHeader = false;
        HasPlainHeader = true;
        PlainNumbers = [.. numbers];
    }

    internal static ImmutableArray<FlvCodec> All { get; } =
    [
        new(TrackKind.Video, "Sorenson H.263", "FLV1", Sorenson),
        new(TrackKind.Video, "Screen video", "FSV1", Screen),
        new(TrackKind.Video, "VP6", "VP6F", Vp6),
        new(TrackKind.Video, "VP6 with alpha", "VP6A", Vp6Alpha),
        new(TrackKind.Video, "Screen video 2", "FSV2", Screen2),
        new(TrackKind.Audio, "PCM", "PCM ", 0),
        new(TrackKind.Audio, "ADPCM", "SWFA", 1),
        new(TrackKind.Audio, "PCM, little endian", "PCML", 3),
        new(TrackKind.Audio, "Nellymoser", "NELL", Nellymoser16, Nellymoser8, 6),
        new(TrackKind.Audio, "G.711 A-law", "alaw", ALaw),
        new(TrackKind.Audio, "G.711 mu-law", "ulaw", MuLaw),
        new(TrackKind.Audio, "Speex", "SPX ", Speex),
    ];

    internal string Name { get; }

    /// <inheritdoc/>
    public override CodecConfiguration ReadFrame(ReadOnlySpan<byte> frame, byte? plainHeader = null) =>
        new FlvConfiguration(this, plainHeader);
}
