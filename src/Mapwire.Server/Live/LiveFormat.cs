using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Live;

/// <summary>
/// What the tracks of a live stream are from one of its entries on, until the next format. Immutable but for its end; what viewers of the
/// same abilities are told is made once.
/// </summary>
/// <param name="first">The number of the first entry.</param>
/// <param name="configurations">By lane; null where there is no such track.</param>
/// <param name="colors">What the publisher says of the colours of each, by lane; null where it says nothing.</param>
/// <param name="told">What the publisher says of it beside that.</param>
internal sealed class LiveFormat(
    long first, ImmutableArray<CodecConfiguration?> configurations, ImmutableArray<VideoColor?> colors, ImmutableArray<AmfProperty> told)
{
    /// <summary>Forms of the tracks that are kept: real players offer a handful of sets of codecs.</summary>
    private const int MaxKept = 32;

    private readonly ConcurrentDictionary<TrackChoice, LiveTracks> _tracks = new();
    private LiveFormat? _next;

    /// <summary>The number of the first entry.</summary>
    public long First { get; } = first;

    /// <summary>By lane; null where there is no such track.</summary>
    public ImmutableArray<CodecConfiguration?> Configurations { get; } = configurations;

    /// <summary>What the publisher says of the colours of a track; null where it says nothing.</summary>
    public VideoColor? ColorOf(int lane) => lane < colors.Length ? colors[lane] : null;

    /// <summary>The format that follows; null for the current one. Its first entry is the end of this one.</summary>
    public LiveFormat? Next
    {
        get => Volatile.Read(ref _next);
        set => Volatile.Write(ref _next, value);
    }

    /// <summary>The tracks as a viewer is sent them.</summary>
    public LiveTracks For(TrackChoice choice)
    {
        // The times of a live stream are milliseconds: a header that told nanoseconds would promise what nobody knows.
        choice = choice with { Abilities = choice.Abilities & ~PlayerAbilities.Nanoseconds };
        return _tracks.Count < MaxKept || _tracks.ContainsKey(choice) ? _tracks.GetOrAdd(choice, Create) : Create(choice);
    }

    /// <summary>Why a viewer is sent nothing at all, or not the track that it asks for; null where it is.</summary>
    public string? WhyNothingFor(TrackChoice choice) =>
        WhyNot(isVideo: true, choice.Video, choice.Abilities) ?? WhyNot(isVideo: false, choice.Audio, choice.Abilities)
        ?? (For(choice).Codecs.Lanes.Any(static lane => lane is not null)
            ? null
            : "no track that this player takes: " + string.Join("; ", Configurations
                .Where(static codec => codec is not null)
                .Select(static codec => WhyNotTaken(codec!))));

    /// <summary>Whether a track that is asked for is not there.</summary>
    public bool Lacks(TrackChoice choice) => IsMissing(isVideo: true, choice.Video) || IsMissing(isVideo: false, choice.Audio);

    private static string WhyNotTaken(CodecConfiguration codec) =>
        $"{codec.Name}, which takes a player that offers {codec.FourCc} (Enhanced RTMP)";

    private string? WhyNot(bool isVideo, int wish, PlayerAbilities abilities)
    {
        string word = isVideo ? "video" : "audio";
        return wish <= 0 ? null
            : Find(isVideo, wish - 1) is not { } codec
            ? string.Create(CultureInfo.InvariantCulture, $"there is no {word} track {wish} in this stream")
            : abilities.Takes(codec) ? null
            : string.Create(CultureInfo.InvariantCulture, $"{word} track {wish}: {WhyNotTaken(codec)}");
    }

    private bool IsMissing(bool isVideo, int wish) => wish > 0 && Find(isVideo, wish - 1) is null;

    private CodecConfiguration? Find(bool isVideo, int number) =>
        StripEntry.LaneOf(isVideo, number) is >= 0 and int lane && lane < Configurations.Length ? Configurations[lane] : null;

    private LiveTracks Create(TrackChoice choice)
    {
        TitleLane?[] lanes = new TitleLane?[Configurations.Length];
        Choose(lanes, isVideo: true, choice.Video, choice.Abilities);
        Choose(lanes, isVideo: false, choice.Audio, choice.Abilities);
        TitleCodecs codecs = new([.. lanes], []);
        return new LiveTracks(codecs, LiveMetadata.Write(Configurations, codecs.Lanes, told));
    }

    /// <summary>
    /// The track of a kind that is asked for, or the first that the viewer takes, as if there were no other; and, for who takes several
    /// and asks for none, the others by their numbers.
    /// </summary>
    private void Choose(TitleLane?[] lanes, bool isVideo, int wish, PlayerAbilities abilities)
    {
        bool hasFirst = wish < 0;
        for (int number = 0; number < StripEntry.MaxTracks && StripEntry.LaneOf(isVideo, number) is >= 0 and int lane; number++)
        {
            if (Find(isVideo, number) is not { } codec || (wish > 0 && number != wish - 1))
            {
                continue;
            }

            if (!hasFirst && abilities.Takes(codec))
            {
                hasFirst = true;
                lanes[lane] = Lane(codec, lane, 0);
            }
            else if (hasFirst && wish == 0 && abilities.Has(PlayerAbilities.ManyTracks) && abilities.TakesExtended(codec))
            {
                lanes[lane] = Lane(codec, lane, number);
            }
        }

        TitleLane Lane(CodecConfiguration codec, int lane, int number) =>
            isVideo ? TitleLane.Video(codec, ColorOf(lane), abilities, number) : TitleLane.Audio(codec, abilities, number);
    }
}

/// <summary>The tracks of a live stream as viewers of the same abilities are sent them.</summary>
/// <param name="Codecs">How they are announced and headed; null in the place of a track that they do not take.</param>
/// <param name="Metadata">The body of onMetaData, AMF0.</param>
internal sealed record LiveTracks(TitleCodecs Codecs, ReadOnlyMemory<byte> Metadata);
