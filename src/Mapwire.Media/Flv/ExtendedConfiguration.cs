using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>The codec configuration in a sequence header of Enhanced RTMP, by its four-character code.</summary>
public static class ExtendedConfiguration
{
    /// <summary>Parses the body of a sequence header.</summary>
    /// <param name="codec">From the message's header.</param>
    /// <param name="record">What follows the header.</param>
    /// <returns>Null for a code that is not known, or that has no configuration.</returns>
    /// <exception cref="CodecFormatException">The record is malformed.</exception>
    public static CodecConfiguration? Parse(FourCc codec, ReadOnlySpan<byte> record) =>
        CodecList.Find(codec)?.ReadRecord(record);

    /// <summary>What a frame says of itself, for codecs that have no sequence header.</summary>
    /// <param name="codec">From the message's header.</param>
    /// <param name="frame">The start of what follows the header.</param>
    /// <returns>Null for other codecs, and when this is no such frame.</returns>
    public static CodecConfiguration? FromFrame(FourCc codec, ReadOnlySpan<byte> frame) =>
        CodecList.Find(codec)?.ReadFrame(frame);
}
