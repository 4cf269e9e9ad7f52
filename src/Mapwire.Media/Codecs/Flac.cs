using System.Collections.Immutable;

namespace Mapwire.Media.Codecs;

/// <summary>FLAC's signature and stream information block (RFC 9639, 8.1 and 8.2), also as MP4 has the latter in <c>dfLa</c>.</summary>
public sealed class FlacConfiguration : CodecConfiguration
{
    private const int StreamInfoLength = 34;
    private const int BlockHeaderLength = 4;

    private static ReadOnlySpan<byte> Signature => "fLaC"u8;

    private FlacConfiguration(ImmutableArray<byte> raw)
        : base(FlacCodec.Instance, raw)
    {
    }

    /// <summary>Of a sound sample, 4 to 32.</summary>
    public int BitsPerSample { get; private init; }

    /// <inheritdoc/>
    public override string Name => "FLAC";

    /// <inheritdoc/>
    public override string Rfc6381 => "fLaC";

    /// <summary>Parses the metadata blocks in <c>dfLa</c>, of which the first must be the stream information.</summary>
    /// <param name="blocks">What follows version and flags.</param>
    /// <exception cref="CodecFormatException">They end early or begin with another block.</exception>
    public static FlacConfiguration ParseBox(ReadOnlySpan<byte> blocks)
    {
        // last-metadata-block(1) type(7)=0 | length(24)=34 | minimum block(16) | maximum block(16) | minimum frame(24)
        // | maximum frame(24) | sample rate(20) | channels-1(3) | bits-1(5) | total samples(36) | MD5(128)
        if (blocks.Length < BlockHeaderLength + StreamInfoLength)
        {
            throw new CodecFormatException($"FLAC metadata of {blocks.Length} bytes is too short", blocks.Length);
        }

        int length = blocks[1] << 16 | blocks[2] << 8 | blocks[3];
        if ((blocks[0] & 0x7F) != 0 || length != StreamInfoLength)
        {
            throw new CodecFormatException("FLAC metadata does not begin with the stream information", 0);
        }

        int rate = blocks[14] << 12 | blocks[15] << 4 | blocks[16] >> 4;
        if (rate == 0)
        {
            throw new CodecFormatException("the FLAC sample rate is 0", 14);
        }

        ReadOnlySpan<byte> info = blocks.Slice(BlockHeaderLength, StreamInfoLength);
        // Only this block goes into a sequence header, so it is the last one there.
        return new FlacConfiguration([.. Signature, 0x80, 0, 0, StreamInfoLength, .. info])
        {
            SampleRate = rate,
            Channels = (blocks[16] >> 1 & 7) + 1,
            BitsPerSample = ((blocks[16] & 1) << 4 | blocks[17] >> 4) + 1,
        };
    }

    /// <summary>Parses what a sequence header carries: the signature and then the metadata blocks.</summary>
    /// <exception cref="CodecFormatException">They end early or begin with something else.</exception>
    public static FlacConfiguration Parse(ReadOnlySpan<byte> header)
    {
        if (!header.StartsWith(Signature))
        {
            throw new CodecFormatException($"{header.Length} bytes do not begin with the FLAC signature", 0);
        }

        return ParseBox(header[Signature.Length..]);
    }

    /// <inheritdoc/>
    internal override ImmutableArray<byte> CreateBox() => Raw[Signature.Length..];
}

/// <summary>FLAC (RFC 9639).</summary>
internal sealed class FlacCodec : Codec
{
    private FlacCodec()
        : base(TrackKind.Audio, "fLaC")
    {
    }

    internal static FlacCodec Instance { get; } =
        new() { SampleEntries = ["fLaC"], ConfigurationBox = new FourCc("dfLa"), BoxVersion = 0 };

    /// <inheritdoc/>
    public override CodecConfiguration ReadRecord(ReadOnlySpan<byte> record) => FlacConfiguration.Parse(record);

    /// <inheritdoc/>
    internal override CodecConfiguration ReadBox(ReadOnlySpan<byte> box, int rate, int channels, out string? reason)
    {
        reason = null;
        return FlacConfiguration.ParseBox(box);
    }
}
