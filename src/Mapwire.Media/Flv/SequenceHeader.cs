using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>The bodies of the messages that come before the first sample of a track.</summary>
public static class SequenceHeader
{
    /// <summary>The body of the sequence header message of a codec with a plain header.</summary>
    /// <param name="codec">Any.</param>
    /// <returns>Null for a codec whose plain header has no such message, and for one that has no plain header.</returns>
    public static byte[]? Create(CodecConfiguration codec)
    {
        ArgumentNullException.ThrowIfNull(codec);
        if (codec.PlainNumber is not { } number)
        {
            return null;
        }

        Span<byte> header = stackalloc byte[VideoTagHeader.MaxLength];
        if (AudioTagHeader.ForSound(codec) is { } sound)
        {
            return sound.HasPacketType
                ? [.. header[..(sound with { PacketType = AacPacketType.SequenceHeader }).WriteTo(header)], .. codec.Raw]
                : null;
        }

        VideoTagHeader picture = new(VideoFrameType.Key, (VideoCodecId)number, AvcPacketType.SequenceHeader, 0);
        return picture.HasPacketType ? [.. header[..picture.WriteTo(header)], .. codec.Raw] : null;
    }

    /// <summary>The body of the sequence header message of a codec with a header of Enhanced RTMP.</summary>
    /// <param name="codec">Any.</param>
    /// <param name="track">The track among several; null where there is only one.</param>
    /// <returns>Null for a codec that has none.</returns>
    public static byte[]? CreateExtended(CodecConfiguration codec, ExtendedTrack? track = null)
    {
        ArgumentNullException.ThrowIfNull(codec);
        if (codec.Raw.IsEmpty)
        {
            return null;
        }

        Span<byte> header = stackalloc byte[ExVideoTagHeader.MaxLength];
        int length = codec.Codec.Kind == TrackKind.Audio
            ? new ExAudioTagHeader(AudioPacketType.SequenceStart, codec.FourCc) { Track = track }.WriteTo(header)
            : new ExVideoTagHeader(VideoFrameType.Key, VideoPacketType.SequenceStart, codec.FourCc) { Track = track }.WriteTo(header);
        return [.. header[..length], .. codec.Raw];
    }
}
