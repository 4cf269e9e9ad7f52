using System.Collections.Immutable;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Catalog;

/// <summary>The onMetaData message of a title, an ECMA array as players want it (FLV 10.1, E.5; ffmpeg passes over an object).</summary>
/// <param name="movie">The movie.</param>
/// <param name="fileLength">In bytes.</param>
/// <param name="video">The video track that is played; null when there is none.</param>
/// <param name="audio">The audio track that is played; null when there is none.</param>
/// <param name="sound">What is known of the sound; null when there is none.</param>
/// <param name="strip">The samples in send order.</param>
internal sealed class TitleMetadata(Movie movie, long fileLength, Track? video, Track? audio, CodecConfiguration? sound, Strip strip)
{
    /// <summary>
    /// The most sync points listed: a film of several hours with one every two seconds. More are thinned out evenly, which costs
    /// a player precision of its seek bar, not of its seeks: the server finds the sync point itself.
    /// </summary>
    private const int MaxKeyframes = 8192;

    private readonly List<AmfProperty> _properties = [];

    /// <summary>Writes name and array, as AMF0.</summary>
    public byte[] Write()
    {
        Add("duration", movie.Duration.TotalSeconds);
        Add("filesize", fileLength);
        Add("hasVideo", video is not null);
        Add("hasAudio", audio is not null);
        Add("hasMetadata", true);
        Add("hasKeyframes", video is not null);
        Add("canSeekToEnd", false);
        Add("lasttimestamp", strip.Entries[^1].Time / 1000.0);
        AddVideo();
        AddAudio();
        Amf0Writer writer = new(stackalloc byte[512]);
        try
        {
            writer.WriteString("onMetaData");
            writer.WriteValue(AmfValue.EcmaArray([.. _properties]));
            return writer.Written.ToArray();
        }
        finally
        {
            writer.Dispose();
        }
    }

    private void AddVideo()
    {
        if (video is null)
        {
            return;
        }

        Add("width", video.Width);
        Add("height", video.Height);
        Add("framerate", video.Rates.FrameRate);
        Add("videodatarate", video.Rates.BitRate / 1000.0);
        Add("videocodecid", (double)VideoCodecId.Avc);
        if (video.Codec is AvcConfiguration avc)
        {
            Add("avcprofile", avc.Profile);
            Add("avclevel", avc.Level);
        }

        _properties.Add(new AmfProperty("keyframes", Keyframes()));
    }

    private void AddAudio()
    {
        if (audio is null)
        {
            return;
        }

        (int rate, int channels) = sound is Mp3Configuration mp3 ? (mp3.SampleRate, mp3.Channels) : (audio.SampleRate, audio.Channels);
        Add("audiosamplerate", rate);
        Add("audiosamplesize", 16);
        Add("stereo", channels > 1);
        Add("audiochannels", channels);
        Add("audiodatarate", audio.Rates.BitRate / 1000.0);
        Add("audiocodecid", (double)(sound is Mp3Configuration ? AudioCodecId.Mp3 : AudioCodecId.Aac));
        if (sound is AacConfiguration aac)
        {
            Add("aacaot", aac.ObjectType);
        }
    }

    private AmfValue Keyframes()
    {
        ReadOnlySpan<int> points = strip.SyncPoints;
        int count = Math.Min(points.Length, MaxKeyframes);
        ImmutableArray<AmfValue>.Builder times = ImmutableArray.CreateBuilder<AmfValue>(count);
        ImmutableArray<AmfValue>.Builder positions = ImmutableArray.CreateBuilder<AmfValue>(count);
        for (int i = 0; i < count; i++)
        {
            StripEntry entry = strip.Entries[points[(int)((long)i * points.Length / count)]];
            times.Add(AmfValue.Number(entry.Time / 1000.0));
            positions.Add(AmfValue.Number(entry.Offset));
        }

        return AmfValue.Object(
            ("times", AmfValue.StrictArray(times.MoveToImmutable())),
            ("filepositions", AmfValue.StrictArray(positions.MoveToImmutable())));
    }

    private void Add(string name, double value) => _properties.Add(new AmfProperty(name, AmfValue.Number(value)));

    private void Add(string name, bool value) => _properties.Add(new AmfProperty(name, AmfValue.Boolean(value)));
}
