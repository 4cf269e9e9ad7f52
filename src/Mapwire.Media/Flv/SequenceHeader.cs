using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>The bodies of the messages that come before the first sample of a track.</summary>
public static class SequenceHeader
{
    /// <summary>The body of the sequence header message of a codec.</summary>
    /// <param name="codec">AVC or AAC.</param>
    /// <returns>Null for a codec that has none, such as MP3.</returns>
    public static byte[]? Create(CodecConfiguration codec)
    {
        ArgumentNullException.ThrowIfNull(codec);
        switch (codec)
        {
            case AvcConfiguration:
                byte[] video = new byte[VideoTagHeader.MaxLength + codec.Raw.Length];
                int length = new VideoTagHeader(VideoFrameType.Key, VideoCodecId.Avc, AvcPacketType.SequenceHeader, 0).WriteTo(video);
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
    /// <returns>Null for a codec that has none: MP3, AC-3, E-AC-3.</returns>
    public static byte[]? CreateExtended(CodecConfiguration codec)
    {
        ArgumentNullException.ThrowIfNull(codec);
        if (codec.Raw.IsEmpty)
            return null;

        Span<byte> header = stackalloc byte[ExVideoTagHeader.MaxLength];
        bool isAudio = codec is AacConfiguration or OpusConfiguration or FlacConfiguration;
        int length = isAudio
            ? new ExAudioTagHeader(AudioPacketType.SequenceStart, codec.FourCc).WriteTo(header)
            : new ExVideoTagHeader(VideoFrameType.Key, VideoPacketType.SequenceStart, codec.FourCc).WriteTo(header);
        return [.. header[..length], .. codec.Raw];
    }
}
