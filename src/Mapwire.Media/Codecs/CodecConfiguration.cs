using System.Collections.Immutable;

namespace Mapwire.Media.Codecs;

/// <summary>What a decoder must know before the first sample of a track.</summary>
public abstract class CodecConfiguration
{
    private protected CodecConfiguration(ImmutableArray<byte> raw) => Raw = raw;

    /// <summary>
    /// The configuration as a sequence header carries it, which for most codecs is how MP4 holds it, too; empty when the codec has none.
    /// </summary>
    public ImmutableArray<byte> Raw { get; }

    /// <summary>The codec's common name with its variant, such as <c>H.264 High 4.1</c>.</summary>
    public abstract string Name { get; }

    /// <summary>RFC 6381 form for a <c>codecs</c> parameter, such as <c>avc1.64001f</c>.</summary>
    public abstract string Rfc6381 { get; }

    /// <summary>Whether the plain headers of FLV and RTMP have a number for the codec, so that every client understands it.</summary>
    public virtual bool HasPlainHeader => false;

    /// <summary>The four-character code that names the codec in Enhanced RTMP.</summary>
    public abstract FourCc FourCc { get; }

    /// <summary>Whether a decoder has to find parameter sets in the samples, since not all of them are here.</summary>
    internal virtual bool IsIncomplete => false;

    /// <summary>The configuration with the parameter sets that it lacks.</summary>
    /// <param name="sample">A sample that decoding can start with, or its beginning.</param>
    /// <returns>Null when the sample does not have them, either.</returns>
    internal virtual CodecConfiguration? CompleteFrom(ReadOnlySpan<byte> sample) => null;
}
