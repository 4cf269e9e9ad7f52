using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>The bodies of the messages that come before the first sample of a track.</summary>
public static class SequenceHeader
{
    /// <summary>The body of the sequence header message of a codec.</summary>
    /// <param name="codec">AVC, AAC, or HEVC with the number 12 that players agreed on.</param>
    /// <returns>Null for a codec that has none, such as MP3.</returns>
    public static byte[]? Create(CodecConfiguration codec)
    {
        ArgumentNullException.ThrowIfNull(codec);
        switch (codec)
        {
            case AvcConfiguration or HevcConfiguration:
                byte[] video = new byte[VideoTagHeader.MaxLength + codec.Raw.Length];
                VideoCodecId id = codec is HevcConfiguration ? VideoCodecId.Hevc : VideoCodecId.Avc;
                int length = new VideoTagHeader(VideoFrameType.Key, id, AvcPacketType.SequenceHeader, 0).WriteTo(video);
                codec.Raw.CopyTo(video, length);
                return video;
            case AacConfiguration:
                byte[] audio = new byte[AudioTagHeader.MaxLength + codec.Raw.Length];
                length = AudioTagHeader.Aac(AacPacketType.SequenceHeader).WriteTo(audio);
                codec.Raw.CopyTo(audio, length);
                return audio;
            default:
                return null;
        }
    }

    /// <summary>The body of the sequence header message of a codec with a header of Enhanced RTMP.</summary>
    /// <param name="codec">Any.</param>
    /// <param name="track">The track among several; null where there is only one.</param>
    /// <returns>Null for a codec that has none: MP3, AC-3, E-AC-3.</returns>
    public static byte[]? CreateExtended(CodecConfiguration codec, ExtendedTrack? track = null)
    {
        ArgumentNullException.ThrowIfNull(codec);
        if (codec.Raw.IsEmpty)
        {
            return null;
        }

        Span<byte> header = stackalloc byte[ExVideoTagHeader.MaxLength];
        bool isAudio = codec is AacConfiguration or OpusConfiguration or FlacConfiguration;
        int length = isAudio
            ? new ExAudioTagHeader(AudioPacketType.SequenceStart, codec.FourCc) { Track = track }.WriteTo(header)
            : new ExVideoTagHeader(VideoFrameType.Key, VideoPacketType.SequenceStart, codec.FourCc) { Track = track }.WriteTo(header);
        return [.. header[..length], .. codec.Raw];
    }
}
