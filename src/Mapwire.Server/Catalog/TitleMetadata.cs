using System.Collections.Immutable;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Catalog;

/// <summary>The onMetaData message of a title, an ECMA array as players want it (FLV 10.1, E.5; ffmpeg passes over an object).</summary>
internal static class TitleMetadata
{
    /// <summary>
    /// The most sync points listed: a film of several hours with one every two seconds. More are thinned out evenly, which costs
    /// a player precision of its seek bar, not of its seeks: the server finds the sync point itself.
    /// </summary>
    private const int MaxKeyframes = 8192;

    /// <summary>Writes name and array, as AMF0.</summary>
    public static byte[] Write(Movie movie, long fileLength, Track? video, Track? audio, Strip strip)
    {
        List<AmfProperty> properties = [];
        double seconds = movie.Duration.TotalSeconds;
        Add("duration", seconds);
        Add("filesize", fileLength);
        AddFlag("hasVideo", video is not null);
        AddFlag("hasAudio", audio is not null);
        AddFlag("hasMetadata", true);
        AddFlag("hasKeyframes", video is not null);
        AddFlag("canSeekToEnd", false);
        Add("lasttimestamp", strip.Entries[^1].Time / 1000.0);
        if (video is not null)
        {
            Add("width", video.Width);
            Add("height", video.Height);
            Add("framerate", FrameRate(video));
            Add("videodatarate", KilobitsPerSecond(video));
            Add("videocodecid", (double)VideoCodecId.Avc);
            if (video.Codec is AvcConfiguration avc)
            {
                Add("avcprofile", avc.Profile);
                Add("avclevel", avc.Level);
            }
        }

        if (audio is not null)
        {
            Add("audiosamplerate", audio.SampleRate);
            Add("audiosamplesize", 16);
            AddFlag("stereo", audio.Channels > 1);
            Add("audiochannels", audio.Channels);
            Add("audiodatarate", KilobitsPerSecond(audio));
            Add("audiocodecid", (double)(audio.Codec is Mp3Configuration ? AudioCodecId.Mp3 : AudioCodecId.Aac));
            if (audio.Codec is AacConfiguration aac)
            {
                Add("aacaot", aac.ObjectType);
            }
        }

        if (video is not null)
        {
            properties.Add(new AmfProperty("keyframes", Keyframes(strip)));
        }

        Amf0Writer writer = new(stackalloc byte[512]);
        try
        {
            writer.WriteString("onMetaData");
            writer.WriteValue(AmfValue.EcmaArray([.. properties]));
            return writer.Written.ToArray();
        }
        finally
        {
            writer.Dispose();
        }

        void Add(string name, double value) => properties.Add(new AmfProperty(name, AmfValue.Number(value)));
        void AddFlag(string name, bool value) => properties.Add(new AmfProperty(name, AmfValue.Boolean(value)));
    }

    /// <summary>
    /// Frames a second, averaged over the decode times. A run-up to an edit, whose frames share one time, does not count.
    /// </summary>
    public static double FrameRate(Track video)
    {
        long first = long.MinValue;
        long last = long.MinValue;
        long steps = -1;
        foreach (Sample sample in video.Samples)
        {
            first = steps < 0 ? sample.DecodeTime : first;
            steps += sample.DecodeTime != last ? 1 : 0;
            last = sample.DecodeTime;
        }

        return steps > 0 ? steps * (double)video.Timescale / (last - first) : 0;
    }

    /// <summary>The average bit rate of a track, in 1000 bits a second.</summary>
    public static double KilobitsPerSecond(Track track) =>
        track.Duration > TimeSpan.Zero ? track.Bytes * 8 / 1000.0 / track.Duration.TotalSeconds : 0;

    private static AmfValue Keyframes(Strip strip)
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
}
