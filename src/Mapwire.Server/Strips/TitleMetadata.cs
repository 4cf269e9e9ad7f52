using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Server.Strips;

/// <summary>The onMetaData message of a title, an ECMA array as players want it (FLV 10.1, E.5; ffmpeg passes over an object).</summary>
/// <param name="fileLength">In bytes.</param>
/// <param name="chosen">The tracks that are played.</param>
/// <param name="sounds">What is known of the sound of each.</param>
/// <param name="lanes">How the tracks are headed.</param>
/// <param name="strip">The samples in send order.</param>
internal sealed class TitleMetadata(long fileLength, ChosenTracks chosen, CodecConfiguration[] sounds, ImmutableArray<TitleLane?> lanes,
    Strip strip)
{
    /// <summary>
    /// The most sync points listed: a film of several hours with one every two seconds. More are thinned out evenly, which costs
    /// a player precision of its seek bar, not of its seeks: the server finds the sync point itself.
    /// </summary>
    public const int MaxKeyframes = 8192;

    private readonly List<AmfProperty> _properties = [];

    /// <summary>Writes name and array, as AMF0.</summary>
    public byte[] Write()
    {
        Add("duration", strip.Length / 1000.0);
        Add("filesize", fileLength);
        Add("hasVideo", chosen.Video is not null);
        Add("hasAudio", chosen.Audio.Count > 0);
        Add("hasMetadata", true);
        Add("hasKeyframes", chosen.Video is not null);
        Add("canSeekToEnd", false);
        Add("lasttimestamp", (strip[strip.Count - 1].Time - strip.RunUpEnd) / 1000.0);
        AddVideo();
        AddAudio();
        return Write(_properties);
    }

    /// <summary>Writes the name of the message and an array of what it tells, as AMF0.</summary>
    public static byte[] Write(IEnumerable<AmfProperty> properties)
    {
        Amf0Writer writer = new(stackalloc byte[512]);
        try
        {
            writer.WriteString(CommandNames.OnMetaData);
            writer.WriteValue(AmfValue.EcmaArray([.. properties]));
            return writer.Written.ToArray();
        }
        finally
        {
            writer.Dispose();
        }
    }

    private void AddVideo()
    {
        if (chosen.Video is not { } video)
        {
            return;
        }

        if (video.Width > 0)
        {
            Add("width", video.Width);
            Add("height", video.Height);
        }

        if (video.Rates.FrameRate > 0) // a single picture has none, and 0 makes players divide by it
        {
            Add("framerate", video.Rates.FrameRate);
        }

        Add("videodatarate", video.Rates.BitRate / 1000.0);
        Add("videocodecid", lanes[StripEntry.VideoLane]!.CodecId(video.Codec!));
        AddOf(video.Codec!);
        _properties.Add(new AmfProperty("keyframes", Keyframes()));
    }

    private void AddAudio()
    {
        if (chosen.Audio.Count == 0)
        {
            return;
        }

        (int rate, int channels) = SoundOf(0);
        Add("audiosamplerate", rate);
        Add("audiosamplesize", AudioTagHeader.ForSound(sounds[0]) is { Is16Bit: false } ? 8 : 16);
        Add("stereo", channels > 1);
        Add("audiochannels", channels);
        Add("audiodatarate", chosen.Audio[0].Rates.BitRate / 1000.0);
        Add("audiocodecid", lanes[StripEntry.AudioLane]!.CodecId(sounds[0]));
        AddOf(sounds[0]);
        if (chosen.Audio.Count > 1)
        {
            AmfValue others = AmfValue.Object([.. Enumerable.Range(1, chosen.Audio.Count - 1).Select(OtherSound)]);
            _properties.Add(new AmfProperty("audioTrackIdInfoMap", others));
        }
    }

    /// <summary>An audio track beside the first (Enhanced RTMP v2, audioTrackIdInfoMap).</summary>
    private AmfProperty OtherSound(int number)
    {
        (int rate, int channels) = SoundOf(number);
        Track track = chosen.Audio[number];
        AmfProperty[] language = track.Language is { } tag ? [new AmfProperty("language", AmfValue.String(tag))] : [];
        return new AmfProperty(number.ToString(CultureInfo.InvariantCulture), AmfValue.Object(
        [
            new AmfProperty("audiodatarate", AmfValue.Number(track.Rates.BitRate / 1000.0)),
            new AmfProperty("channels", AmfValue.Number(channels)),
            new AmfProperty("samplerate", AmfValue.Number(rate)),
            new AmfProperty("audiocodecid", AmfValue.Number(lanes[StripEntry.AudioLane + number]!.CodecId(sounds[number]))),
            .. language,
        ]));
    }

    private (int Rate, int Channels) SoundOf(int number) =>
        sounds[number] is { Codec.FrameHeaderLength: > 0 } sound
        ? (sound.SampleRate, sound.Channels)
        : (chosen.Audio[number].SampleRate, chosen.Audio[number].Channels);

    private AmfValue Keyframes()
    {
        int count = Math.Min(strip.SyncPointCount, MaxKeyframes);
        ImmutableArray<AmfValue>.Builder times = ImmutableArray.CreateBuilder<AmfValue>(count);
        ImmutableArray<AmfValue>.Builder positions = ImmutableArray.CreateBuilder<AmfValue>(count);
        for (int i = 0; i < count; i++)
        {
            StripEntry entry = strip[strip.SyncPoint((int)((long)i * strip.SyncPointCount / count))];
            times.Add(AmfValue.Number(Math.Max(0, entry.Time - strip.RunUpEnd) / 1000.0));
            positions.Add(AmfValue.Number(entry.Offset));
        }

        return AmfValue.Object(
            ("times", AmfValue.StrictArray(times.MoveToImmutable())),
            ("filepositions", AmfValue.StrictArray(positions.MoveToImmutable())));
    }

    private void AddOf(CodecConfiguration codec)
    {
        foreach ((string name, double value) in codec.Metadata)
        {
            Add(name, value);
        }
    }

    private void Add(string name, double value) => _properties.Add(new AmfProperty(name, AmfValue.Number(value)));

    private void Add(string name, bool value) => _properties.Add(new AmfProperty(name, AmfValue.Boolean(value)));
}
