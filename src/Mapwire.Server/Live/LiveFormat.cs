using System.Collections.Concurrent;
using System.Collections.Immutable;
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
/// <param name="told">What the publisher says of it beside that.</param>
internal sealed class LiveFormat(
    long first, ImmutableArray<CodecConfiguration?> configurations, ImmutableArray<AmfProperty> told)
{
    /// <summary>Forms of the tracks that are kept: real players offer a handful of sets of codecs.</summary>
    private const int MaxKept = 32;

    private readonly ConcurrentDictionary<PlayerAbilities, LiveTracks> _tracks = new();
    private LiveFormat? _next;

    /// <summary>The number of the first entry.</summary>
    public long First { get; } = first;

    /// <summary>By lane; null where there is no such track.</summary>
    public ImmutableArray<CodecConfiguration?> Configurations { get; } = configurations;

    /// <summary>The format that follows; null for the current one. Its first entry is the end of this one.</summary>
    public LiveFormat? Next
    {
        get => Volatile.Read(ref _next);
        set => Volatile.Write(ref _next, value);
    }

    /// <summary>The tracks as a viewer is sent them.</summary>
    public LiveTracks For(PlayerAbilities abilities) =>
        _tracks.Count < MaxKept || _tracks.ContainsKey(abilities) ? _tracks.GetOrAdd(abilities, Create) : Create(abilities);

    /// <summary>Why a viewer is sent nothing at all; null where it is sent something.</summary>
    public string? WhyNothingFor(PlayerAbilities abilities) =>
        For(abilities).Codecs.Lanes.Any(static lane => lane is not null)
            ? null
            : "no track that this player takes: " + string.Join("; ", Configurations
                .Where(static codec => codec is not null)
                .Select(static codec => $"{codec!.Name}, which takes a player that offers {codec.FourCc} (Enhanced RTMP)"));

    private LiveTracks Create(PlayerAbilities abilities)
    {
        TitleCodecs codecs = new([.. Configurations.Select((codec, lane) => codec is null ? null : LaneOf(codec, lane, abilities))], []);
        return new LiveTracks(codecs, LiveMetadata.Write(Configurations, codecs.Lanes, told));
    }

    private static TitleLane? LaneOf(CodecConfiguration codec, int lane, PlayerAbilities abilities)
    {
        int number = lane - StripEntry.AudioLane;
        bool isTaken = number > 0
            ? abilities.Has(PlayerAbilities.ManyTracks) && abilities.TakesExtended(codec)
            : abilities.Takes(codec);
        return !isTaken ? null
            : codec.Codec.Kind == TrackKind.Video ? TitleLane.Video(codec, color: null, abilities)
            : TitleLane.Audio(codec, abilities, number);
    }
}

/// <summary>The tracks of a live stream as viewers of the same abilities are sent them.</summary>
/// <param name="Codecs">How they are announced and headed; null in the place of a track that they do not take.</param>
/// <param name="Metadata">The body of onMetaData, AMF0.</param>
internal sealed record LiveTracks(TitleCodecs Codecs, ReadOnlyMemory<byte> Metadata);
