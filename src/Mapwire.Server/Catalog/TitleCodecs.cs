using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Catalog;

/// <summary>How a title's samples are announced and headed: the codec headers of FLV that RTMP messages carry.</summary>
/// <param name="VideoSequenceHeader">The body of the message before the first video sample; null when there is none to send.</param>
/// <param name="AudioSequenceHeader">The body of the message before the first audio sample; null when the codec needs none.</param>
/// <param name="Audio">The codec header of every audio sample.</param>
internal sealed record TitleCodecs(byte[]? VideoSequenceHeader, byte[]? AudioSequenceHeader, AudioTagHeader Audio)
{
    /// <summary>The longest codec header of a sample.</summary>
    public const int MaxTagHeaderLength = VideoTagHeader.MaxLength;

    /// <summary>The headers of what is played.</summary>
    /// <param name="video">The video codec; null when there is no video.</param>
    /// <param name="audio">The audio codec; null when there is no audio.</param>
    public static TitleCodecs Of(CodecConfiguration? video, CodecConfiguration? audio) => new(
        video is null ? null : SequenceHeader.Create(video),
        audio is null ? null : SequenceHeader.Create(audio),
        audio is Mp3Configuration mp3 ? AudioTagHeader.Mp3(mp3.SampleRate, mp3.Channels) : AudioTagHeader.Aac(AacPacketType.Raw));

    /// <summary>Bytes of the codec header before each sample of a kind.</summary>
    public int TagHeaderLength(bool isVideo) => isVideo ? VideoTagHeader.MaxLength : Audio.Length;

    /// <summary>Writes the codec header of a sample.</summary>
    /// <param name="destination">Takes <see cref="TagHeaderLength"/> bytes.</param>
    /// <param name="entry">The sample.</param>
    /// <param name="composition">Its composition offset for the player, in milliseconds.</param>
    /// <returns>The bytes written.</returns>
    public int WriteTagHeader(Span<byte> destination, in StripEntry entry, int composition)
    {
        if (!entry.IsVideo)
        {
            return Audio.WriteTo(destination);
        }

        VideoFrameType type = entry.IsSync ? VideoFrameType.Key : VideoFrameType.Inter;
        return new VideoTagHeader(type, VideoCodecId.Avc, AvcPacketType.NalUnits, composition).WriteTo(destination);
    }
}
