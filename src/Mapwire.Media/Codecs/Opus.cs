using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Mapwire.Media.Codecs;

/// <summary>
/// An Opus identification header (RFC 7845, 5.1), also as MP4 has it in <c>dOps</c> (Encapsulation of Opus in ISOBMFF, 4.3.2).
/// </summary>
public sealed class OpusConfiguration : CodecConfiguration
{
    /// <summary>Every Opus decoder can put out 48 kHz, and all times of Opus count so.</summary>
    public const int DecodedRate = 48_000;

    private static ReadOnlySpan<byte> Magic => "OpusHead"u8;

    private OpusConfiguration(ImmutableArray<byte> raw)
        : base(OpusCodec.Instance, raw)
    {
    }

    /// <summary>Sound samples to throw away at the start, at 48 kHz.</summary>
    public int PreSkip { get; private init; }

    /// <summary>The rate of what was encoded, in Hz; for display only. 0 when not known.</summary>
    public uint InputSampleRate { get; private init; }

    /// <summary>0 for mono and stereo, 1 for the surround layouts of Vorbis, 255 for channels without meaning.</summary>
    public int MappingFamily { get; private init; }

    /// <inheritdoc/>
    public override string Name => "Opus";

    /// <inheritdoc/>
    public override string Rfc6381 => "Opus";

    /// <summary>Parses the body of <c>dOps</c>, whose fields are those of the identification header in the other byte order.</summary>
    /// <exception cref="CodecFormatException">It ends early, has an unknown version or no channel.</exception>
    public static OpusConfiguration ParseBox(ReadOnlySpan<byte> record)
    {
        // Version(8)=0 | OutputChannelCount(8) | PreSkip(16) | InputSampleRate(32) | OutputGain(16) | ChannelMappingFamily(8)
        // | { StreamCount(8) | CoupledCount(8) | ChannelMapping(8 * OutputChannelCount) } if the family is not 0
        if (record.Length < 11)
        {
            throw new CodecFormatException($"an Opus configuration of {record.Length} bytes is too short", record.Length);
        }

        if (record[0] != 0)
        {
            throw new CodecFormatException($"Opus configuration version {record[0]} is not known", 0);
        }

        byte[] header = new byte[Magic.Length + record.Length];
        Magic.CopyTo(header);
        Span<byte> fields = header.AsSpan(Magic.Length);
        record.CopyTo(fields);
        fields[0] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(fields[2..], BinaryPrimitives.ReadUInt16BigEndian(record[2..]));
        BinaryPrimitives.WriteUInt32LittleEndian(fields[4..], BinaryPrimitives.ReadUInt32BigEndian(record[4..]));
        BinaryPrimitives.WriteUInt16LittleEndian(fields[8..], BinaryPrimitives.ReadUInt16BigEndian(record[8..]));
        return Parse(header);
    }

    /// <summary>Parses an identification header, which is what a sequence header carries.</summary>
    /// <exception cref="CodecFormatException">It ends early, has an unknown version or no channel.</exception>
    public static OpusConfiguration Parse(ReadOnlySpan<byte> header)
    {
        // "OpusHead" | version(8) | channel count(8) | pre-skip(16) | input sample rate(32) | output gain(16) | mapping family(8)
        // | { stream count(8) | coupled count(8) | channel mapping(8 * channel count) } if the family is not 0; little-endian
        if (header.Length < 19 || !header.StartsWith(Magic))
        {
            throw new CodecFormatException($"{header.Length} bytes are not an Opus identification header", 0);
        }
        // The upper half of the version changes when readers cannot go on.
        if (header[8] > 15)
        {
            throw new CodecFormatException($"Opus version {header[8]} is not known", 8);
        }

        int channels = header[9];
        int family = header[18];
        int length = family == 0 ? 19 : 21 + channels;
        if (channels == 0 || (family == 0 && channels > 2))
        {
            throw new CodecFormatException($"{channels} Opus channels are not possible in mapping family {family}", 9);
        }

        if (header.Length < length)
        {
            throw new CodecFormatException("the Opus channel mapping ends early", header.Length);
        }

        return new OpusConfiguration([.. header[..length]])
        {
            Channels = channels,
            SampleRate = DecodedRate,
            PreSkip = BinaryPrimitives.ReadUInt16LittleEndian(header[10..]),
            InputSampleRate = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]),
            MappingFamily = family,
        };
    }

    /// <summary>The body of <c>dOps</c>: the identification header without its name, in the other byte order.</summary>
    internal override ImmutableArray<byte> CreateBox()
    {
        ReadOnlySpan<byte> header = Raw.AsSpan();
        byte[] box = header[Magic.Length..].ToArray();
        box[0] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(box.AsSpan(2), BinaryPrimitives.ReadUInt16LittleEndian(header[10..]));
        BinaryPrimitives.WriteUInt32BigEndian(box.AsSpan(4), BinaryPrimitives.ReadUInt32LittleEndian(header[12..]));
        BinaryPrimitives.WriteUInt16BigEndian(box.AsSpan(8), BinaryPrimitives.ReadUInt16LittleEndian(header[16..]));
        return [.. box];
    }
}

/// <summary>Opus (RFC 6716).</summary>
internal sealed class OpusCodec : Codec
{
    private OpusCodec()
        : base(TrackKind.Audio, "Opus")
    {
    }

    internal static OpusCodec Instance { get; } = new() { SampleEntries = ["Opus"], ConfigurationBox = new FourCc("dOps") };

    /// <summary>OpusHead: version 1, 2 channels, no pre-skip, 48 kHz, no gain, family 0.</summary>
    private static ReadOnlySpan<byte> Stereo =>
        [(byte)'O', (byte)'p', (byte)'u', (byte)'s', (byte)'H', (byte)'e', (byte)'a', (byte)'d', 1, 2, 0, 0, 0x80, 0xBB, 0, 0, 0, 0, 0];

    /// <summary>Parses an identification header; an empty one means mono or stereo.</summary>
    public override CodecConfiguration ReadRecord(ReadOnlySpan<byte> record) => OpusConfiguration.Parse(record.IsEmpty ? Stereo : record);

    /// <inheritdoc/>
    internal override CodecConfiguration ReadBox(ReadOnlySpan<byte> box, int rate, int channels, out string? reason)
    {
        reason = null;
        return OpusConfiguration.ParseBox(box);
    }
}
