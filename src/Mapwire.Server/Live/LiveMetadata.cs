using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Messages;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Live;

/// <summary>
/// What a publisher says of its stream, and what viewers are told: the tracks that are really there, and what the publisher says beside
/// that.
/// </summary>
internal static class LiveMetadata
{
    /// <summary>Properties that are passed on: encoders have some twenty.</summary>
    private const int MaxProperties = 64;

    /// <summary>Characters of a text that is passed on.</summary>
    private const int MaxText = 256;

    /// <summary>Bytes of what is said of colours: encoders need some three hundred.</summary>
    private const int MaxColor = 4096;

    /// <summary>What is said by the server itself, or is not so of a stream that goes on.</summary>
    private static readonly HashSet<string> Own =
    [
        "duration", "filesize", "hasVideo", "hasAudio", "hasMetadata", "hasKeyframes", "keyframes", "canSeekToEnd", "lasttimestamp",
        "lastkeyframetimestamp", "videocodecid", "audiocodecid", "audiosamplerate", "audiosamplesize", "stereo", "audiochannels",
    ];

    /// <summary>Reads what a publisher says, as far as it is understood.</summary>
    /// <param name="values">AMF0: the name of the message, and an object or an array.</param>
    /// <returns>Null for another message, and where it is not understood.</returns>
    public static LiveClaims? Read(ReadOnlySpan<byte> values)
    {
        try
        {
            Amf0Reader reader = new(values);
            if (reader.IsAtEnd || reader.Next != Amf0Marker.String || reader.ReadString() != CommandNames.OnMetaData || reader.IsAtEnd)
            {
                return null;
            }

            AmfValue said = reader.ReadValue();
            return new LiveClaims(
                Promises(said, "hasVideo", "videocodecid"), Promises(said, "hasAudio", "audiocodecid"),
                [.. said.Properties.Where(IsPassedOn).Take(MaxProperties)]);
        }
        catch (Exception exception) when (exception is FormatException or Mapwire.Rtmp.RtmpProtocolException)
        {
            return null;
        }
    }

    /// <summary>Reads what the metadata of pictures say of colours (Enhanced RTMP, "Metadata Frame").</summary>
    /// <param name="values">AMF0: the name <c>colorInfo</c>, and an object, or Undefined where what was said before does not count any
    /// more.</param>
    /// <param name="color">The colours; null where nothing is said of them any more.</param>
    /// <returns>False where it is about something else, or not understood.</returns>
    public static bool TryReadColor(ReadOnlySpan<byte> values, out VideoColor? color)
    {
        color = null;
        try
        {
            Amf0Reader reader = new(values);
            if (values.Length > MaxColor || reader.IsAtEnd || reader.Next != Amf0Marker.String || reader.ReadString() != "colorInfo"
                || reader.IsAtEnd)
            {
                return false;
            }

            AmfValue said = reader.ReadValue();
            color = said.Properties.Length > 0 ? ReadColor(said) : null;
            return said.Properties.Length > 0 || said.Kind is AmfKind.Undefined or AmfKind.Null or AmfKind.Object;
        }
        catch (Exception exception) when (exception is FormatException or Mapwire.Rtmp.RtmpProtocolException)
        {
            return false;
        }
    }

    private static VideoColor ReadColor(AmfValue said)
    {
        AmfValue? config = said["colorConfig"];
        AmfValue? light = said["hdrCll"];
        return VideoColor.Unknown with
        {
            Primaries = Code(config, "colorPrimaries"),
            Transfer = Code(config, "transferCharacteristics"),
            Matrix = Code(config, "matrixCoefficients"),
            MaxPictureLight = (int)Math.Clamp(Number(light, "maxFall"), 0, ushort.MaxValue),
            MaxContentLight = (int)Math.Clamp(Number(light, "maxCLL"), 0, ushort.MaxValue),
            Mastering = said["hdrMdcv"] is { Properties.Length: > 0 } display
                ? new MasteringDisplay(
                    Number(display, "redX"), Number(display, "redY"), Number(display, "greenX"), Number(display, "greenY"),
                    Number(display, "blueX"), Number(display, "blueY"), Number(display, "whitePointX"), Number(display, "whitePointY"),
                    Number(display, "maxLuminance"), Number(display, "minLuminance"))
                : null,
        };

        static int Code(AmfValue? of, string name) => of?[name]?.AsNumber() is >= 0 and <= byte.MaxValue and { } code ? (int)code : 2;

        static double Number(AmfValue? of, string name) => of?[name]?.AsNumber() is { } number && double.IsFinite(number) ? number : 0;
    }

    /// <summary>Writes what viewers are told: the name of the message and an array, as AMF0.</summary>
    /// <param name="configurations">By lane.</param>
    /// <param name="lanes">As these viewers are sent them; null for a track that they do not take.</param>
    /// <param name="told">What the publisher says beside that.</param>
    public static byte[] Write(
        ImmutableArray<CodecConfiguration?> configurations, ImmutableArray<TitleLane?> lanes, ImmutableArray<AmfProperty> told)
    {
        int[] pictures = [.. TracksOf(lanes, isVideo: true)];
        int[] sounds = [.. TracksOf(lanes, isVideo: false)];
        List<AmfProperty> properties =
        [
            new("hasVideo", AmfValue.Boolean(pictures.Length > 0)),
            new("hasAudio", AmfValue.Boolean(sounds.Length > 0)),
            new("hasMetadata", AmfValue.True),
            new("canSeekToEnd", AmfValue.False),
        ];
        if (pictures is [var picture, .. var morePictures])
        {
            properties.AddRange(PictureOf(configurations[picture]!, lanes[picture]!));
            AddMap(properties, "videoTrackIdInfoMap", morePictures, lane => PictureOf(configurations[lane]!, lanes[lane]!));
        }

        if (sounds is [var sound, .. var moreSounds])
        {
            CodecConfiguration codec = configurations[sound]!;
            properties.Add(new("audiocodecid", AmfValue.Number(lanes[sound]!.CodecId(codec))));
            properties.Add(new("audiosamplesize", AmfValue.Number(AudioTagHeader.ForSound(codec) is { Is16Bit: false } ? 8 : 16)));
            if (codec.SampleRate > 0)
            {
                properties.Add(new("audiosamplerate", AmfValue.Number(codec.SampleRate)));
                properties.Add(new("stereo", AmfValue.Boolean(codec.Channels > 1)));
                properties.Add(new("audiochannels", AmfValue.Number(codec.Channels)));
            }

            AddMap(properties, "audioTrackIdInfoMap", moreSounds, lane => SoundOf(configurations[lane]!, lanes[lane]!));
        }

        HashSet<string> names = [.. properties.Select(static property => property.Name)];
        properties.AddRange(told.Where(property => !names.Contains(property.Name)));
        return TitleMetadata.Write(properties);
    }

    /// <summary>The lanes of a kind that are sent, the track that needs no number first.</summary>
    private static IEnumerable<int> TracksOf(ImmutableArray<TitleLane?> lanes, bool isVideo) =>
        Enumerable.Range(0, lanes.Length).Where(lane => StripEntry.IsVideoLane(lane) == isVideo && lanes[lane] is not null);

    private static IEnumerable<AmfProperty> PictureOf(CodecConfiguration codec, TitleLane lane)
    {
        yield return new("videocodecid", AmfValue.Number(lane.CodecId(codec)));
        if (codec.Picture is { } size)
        {
            yield return new("width", AmfValue.Number(size.Width));
            yield return new("height", AmfValue.Number(size.Height));
        }
    }

    /// <summary>A sound beside the first, in the words of Enhanced RTMP, which are others than those of the first.</summary>
    private static IEnumerable<AmfProperty> SoundOf(CodecConfiguration codec, TitleLane lane)
    {
        yield return new("audiocodecid", AmfValue.Number(lane.CodecId(codec)));
        if (codec.SampleRate > 0)
        {
            yield return new("samplerate", AmfValue.Number(codec.SampleRate));
            yield return new("channels", AmfValue.Number(codec.Channels));
        }
    }

    /// <summary>Tracks beside the first, by their numbers (Enhanced RTMP v2, "Enhancing onMetaData").</summary>
    private static void AddMap(List<AmfProperty> properties, string name, int[] lanes, Func<int, IEnumerable<AmfProperty>> describe)
    {
        if (lanes.Length > 0)
        {
            properties.Add(new(name, AmfValue.Object([.. lanes.Select(lane => new AmfProperty(
                StripEntry.NumberOf(lane).ToString(CultureInfo.InvariantCulture), AmfValue.Object([.. describe(lane)])))])));
        }
    }

    private static bool IsPassedOn(AmfProperty property) => !Own.Contains(property.Name) && property.Name.Length <= MaxText
        && (property.Value.Kind is AmfKind.Number or AmfKind.Boolean || property.Value.AsString() is { Length: <= MaxText });

    private static bool? Promises(AmfValue said, string flag, string codec) =>
        said[flag]?.AsBoolean() ?? (said[codec] is { } id ? id.AsNumber() is not 0 : null);
}

/// <summary>What a publisher says of its stream.</summary>
/// <param name="HasVideo">Whether there will be pictures; null where it does not say.</param>
/// <param name="HasAudio">Whether there will be sound; null where it does not say.</param>
/// <param name="Told">What is passed on.</param>
internal sealed record LiveClaims(bool? HasVideo, bool? HasAudio, ImmutableArray<AmfProperty> Told)
{
    /// <summary>Nothing was said.</summary>
    public static LiveClaims None { get; } = new(null, null, []);
}
