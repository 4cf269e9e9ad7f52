using System.Collections.Immutable;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Catalog;

/// <summary>How a title's samples are announced and headed: the codec headers of FLV that RTMP messages carry.</summary>
internal sealed class TitleCodecs
{
    /// <summary>The longest codec header of a sample.</summary>
    public const int MaxTagHeaderLength = VideoTagHeader.MaxLength;

    private readonly AudioTagHeader _audio;

    /// <param name="video">The video track; null when there is none.</param>
    /// <param name="audio">The audio track; null when there is none.</param>
    public TitleCodecs(Track? video, Track? audio)
    {
        HasVideo = video is not null;
        HasAudio = audio is not null;
        VideoSequenceHeader = video?.Codec is { } v ? SequenceHeader.Create(v) : null;
        AudioSequenceHeader = audio?.Codec is { } a ? SequenceHeader.Create(a) : null;
        _audio = audio?.Codec switch
        {
            Mp3Configuration mp3 => AudioTagHeader.Mp3(mp3.SampleRate, mp3.Channels),
            _ => AudioTagHeader.Aac(AacPacketType.Raw),
        };
    }

    /// <summary>Whether there is video.</summary>
    public bool HasVideo { get; }

    /// <summary>Whether there is audio.</summary>
    public bool HasAudio { get; }

    /// <summary>The body of the message before the first video sample; null when there is none to send.</summary>
    public byte[]? VideoSequenceHeader { get; }

    /// <summary>The body of the message before the first audio sample; null when the codec needs none.</summary>
    public byte[]? AudioSequenceHeader { get; }

    /// <summary>Bytes of the codec header before each sample of a kind.</summary>
    public int TagHeaderLength(bool isVideo) => isVideo ? VideoTagHeader.MaxLength : _audio.Length;

    /// <summary>Writes the codec header of a sample.</summary>
    /// <param name="destination">Takes <see cref="TagHeaderLength"/> bytes.</param>
    /// <param name="entry">The sample.</param>
    /// <param name="composition">Its composition offset for the player, in milliseconds.</param>
    /// <returns>The bytes written.</returns>
    public int WriteTagHeader(Span<byte> destination, in StripEntry entry, int composition)
    {
        if (!entry.IsVideo)
        {
            return _audio.WriteTo(destination);
        }

        VideoFrameType type = entry.IsSync ? VideoFrameType.Key : VideoFrameType.Inter;
        return new VideoTagHeader(type, VideoCodecId.Avc, AvcPacketType.NalUnits, composition).WriteTo(destination);
    }
}
