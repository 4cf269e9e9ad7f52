using System.Collections.Immutable;

namespace Mapwire.Media.Codecs;

/// <summary>What a decoder must know before the first sample of a track.</summary>
public abstract class CodecConfiguration
{
    private protected CodecConfiguration(Codec codec, ImmutableArray<byte> raw) => (Codec, Raw) = (codec, raw);

    /// <summary>Whose configuration it is.</summary>
    public Codec Codec { get; }

    /// <summary>
    /// The configuration as a sequence header carries it, which for most codecs is how MP4 holds it, too; empty when the codec has none.
    /// </summary>
    public ImmutableArray<byte> Raw { get; }

    /// <summary>The codec's common name with its variant, such as <c>H.264 High 4.1</c>.</summary>
    public abstract string Name { get; }

    /// <summary>RFC 6381 form for a <c>codecs</c> parameter, such as <c>avc1.64001f</c>; null when the codec has none.</summary>
    public abstract string? Rfc6381 { get; }

    /// <summary>Whether the plain headers of FLV and RTMP have a number for the codec, so that every client understands it.</summary>
    public bool HasPlainHeader => Codec.HasPlainHeader;

    /// <summary>The four-character code that names the codec in Enhanced RTMP, or else one that is used for it elsewhere.</summary>
    public FourCc FourCc => Codec.FourCc;

    /// <summary>The number that names the codec in plain headers; null when there is none.</summary>
    public virtual byte? PlainNumber => Codec.PlainNumbers is [byte first, ..] ? first : null;

    /// <summary>
    /// The first byte of the plain header of all sound messages (FLV 10.1, E.4.2.1); null for pictures, and when there is none.
    /// </summary>
    public virtual byte? PlainSoundHeader => null;

    /// <summary>What <c>onMetaData</c> tells of the codec beside its number.</summary>
    public virtual ImmutableArray<(string Name, double Value)> Metadata => [];

    /// <summary>
    /// Whether headers tell when a picture is presented, if it is later than it is decoded; pictures of other codecs are shown in the
    /// order in which they are sent.
    /// </summary>
    public bool HasComposition => Codec.HasCompositionTime;

    /// <summary>
    /// Sound samples a second as they come out of the decoder, in Hz; 0 for pictures, and when the configuration does not say.
    /// </summary>
    public int SampleRate { get; private protected init; }

    /// <summary>Sound channels as they come out of the decoder; 0 for pictures, and when the configuration does not say.</summary>
    public int Channels { get; private protected init; }

    /// <summary>
    /// Sound samples in each frame, at <see cref="SampleRate"/>; 0 for pictures, where frames differ, and when the configuration does not
    /// say.
    /// </summary>
    public virtual int FrameSamples => 0;

    /// <summary>Bits of a sample of a picture; 0 for sound, and when the configuration does not say.</summary>
    public int BitDepth { get; private protected init; }

    /// <summary>The size of pictures in pixels; null for sound, and when the configuration does not say.</summary>
    public (int Width, int Height)? Picture { get; private protected init; }

    /// <summary>What the bit stream says of colours; null for sound, and when the configuration does not say.</summary>
    public VideoColor? Color { get; private protected init; }

    /// <summary>The size of pictures in pixels as a key frame tells it; null when it does not.</summary>
    /// <param name="frame">Its first bytes.</param>
    internal virtual (int Width, int Height)? ReadPicture(ReadOnlySpan<byte> frame) => null;

    /// <summary>The sample entry that MP4 has for it.</summary>
    /// <param name="source">The one it was read of; zero when it was none.</param>
    internal virtual FourCc GetSampleEntry(FourCc source) => FourCc;

    /// <summary>
    /// The body of <see cref="Codec.ConfigurationBox"/> behind version and flags, or the specific information of the descriptor.
    /// </summary>
    internal virtual ImmutableArray<byte> CreateBox() => Raw;

    /// <summary>Whether a decoder has to find parameter sets in the samples, since not all of them are here.</summary>
    internal virtual bool IsIncomplete => false;

    /// <summary>The configuration with the parameter sets that it lacks.</summary>
    /// <param name="sample">A sample that decoding can start with, or its beginning.</param>
    /// <returns>Null when the sample does not have them, either.</returns>
    internal virtual CodecConfiguration? CompleteFrom(ReadOnlySpan<byte> sample) => null;
}
