using System.Collections.Immutable;
using Mapwire.Media.Codecs;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Live.Segments;

/// <summary>Where segments of all tracks end and others begin; a chain, in which each track comes along as its frames do.</summary>
/// <param name="Start">The time.</param>
/// <param name="Configurations">What the tracks are from here on, by lane.</param>
/// <param name="Discontinuity">Counts the breaks of times and codecs; never goes back for a name.</param>
/// <param name="Origin">The start of the first boundary behind the last break.</param>
/// <param name="WallZero">When time zero was, by the clock on the wall.</param>
internal sealed record LiveBoundary(
    TitleTime Start, ImmutableArray<CodecConfiguration?> Configurations, long Discontinuity, TitleTime Origin, DateTimeOffset WallZero)
{
    /// <summary>How many there were before it.</summary>
    public long Number { get; init; }

    /// <summary>When the first frame behind it came, in milliseconds of the loops' clock, as <see cref="LiveBlock.Arrivals"/> tell it.
    /// </summary>
    public uint Came { get; init; }

    /// <summary>The one that follows; null for the last.</summary>
    public LiveBoundary? Next { get; set; }

    /// <summary>Whether a track is this from here on.</summary>
    public bool Has(int lane, CodecConfiguration codec) => lane < Configurations.Length && Configurations[lane] == codec;
}
