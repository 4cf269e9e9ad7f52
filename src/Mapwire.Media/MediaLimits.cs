using System.Globalization;
using System.Runtime.CompilerServices;

namespace Mapwire.Media;

/// <summary>
/// How large a file's structure may be before it is refused. Immutable; <see cref="Default"/> suits recordings of a day. Each limit is at
/// least 1: a smaller one is an <see cref="ArgumentException"/> that names it, where it is set.
/// </summary>
public sealed record MediaLimits
{
    /// <summary>
    /// The most that <see cref="Depth"/> may be: boxes are read by calls inside calls, and so many of them fit into the smallest stack of
    /// a thread that any system makes by itself (macOS: 512 KiB).
    /// </summary>
    public const int MaxDepth = 1000;

    /// <summary>The limits used when none are given.</summary>
    public static MediaLimits Default { get; } = new();

    /// <summary>
    /// Bytes of the <c>moov</c> box, or of all <c>moof</c> boxes together. Default 256 MiB: twenty hours of 60 pictures a second with a
    /// composition offset each need about 70 MiB.
    /// </summary>
    public long MovieBytes { get; init => field = Require(value); } = 256L << 20;

    /// <summary>Tracks in a movie. Default 64; cameras write up to a dozen.</summary>
    public int Tracks { get; init => field = Require(value); } = 64;

    /// <summary>
    /// Samples of a track, before and after its edit list. Default 16,777,216: a day of 120 pictures a second is 10.4 million.
    /// </summary>
    public int SamplesPerTrack { get; init => field = Require(value); } = 1 << 24;

    /// <summary>
    /// Boxes of a <c>moov</c>, of a <c>moof</c>, and on the way to the <c>moov</c>. Default 65,536: 64 tracks with all boxes of the
    /// standard have some 3,000.
    /// </summary>
    public int Boxes { get; init => field = Require(value); } = 1 << 16;

    /// <summary>
    /// Levels of boxes inside boxes, the <c>moov</c> or <c>moof</c> being the first, at most <see cref="MaxDepth"/>. Default 16; the
    /// standard's own deepest path (to <c>esds</c> in <c>wave</c>) has 9.
    /// </summary>
    public int Depth { get; init => field = Require(value, MaxDepth); } = 16;

    /// <summary>Entries of one edit list. Default 1,024; editors write a few, one a cut.</summary>
    public int Edits { get; init => field = Require(value); } = 1024;

    /// <summary>Sample descriptions of one track. Default 64; files with more than two are rare.</summary>
    public int SampleDescriptions { get; init => field = Require(value); } = 64;

    /// <summary>Movie fragments. Default 1,048,576: a day of ten fragments a second is 864,000.</summary>
    public int Fragments { get; init => field = Require(value); } = 1 << 20;

    /// <summary>Bytes of a codec configuration in FLV, which are read at once. Default 1 MiB: all parameter sets of all kinds.</summary>
    public int ConfigurationBytes { get; init => field = Require(value); } = 1 << 20;

    /// <summary>
    /// Tags of an FLV file that are no samples. Default 1,048,576: a day of script data and configurations, ten a second.
    /// </summary>
    public int OtherTags { get; init => field = Require(value); } = 1 << 20;

    /// <summary>
    /// Bytes of an FLV file that are looked through for the next tag behind damage. Default 64 MiB: less than a second of reading, and more
    /// than a lost block or a hole of a crashed file system has. What is behind a longer hole is left out.
    /// </summary>
    public long ResyncBytes { get; init => field = Require(value); } = 64L << 20;

    /// <summary>Boxes that <see cref="Mp4.BoxTree"/> lists before it stops. Default 65,536.</summary>
    public int ListedBoxes { get; init => field = Require(value); } = 1 << 16;

    private static int Require(int value, int max = int.MaxValue, [CallerMemberName] string limit = "") =>
        (int)Require((long)value, max, limit);

    private static long Require(long value, long max = long.MaxValue, [CallerMemberName] string limit = "") => value >= 1 && value <= max
        ? value
        : throw new ArgumentException(
            max >= int.MaxValue
                ? string.Create(CultureInfo.InvariantCulture, $"{limit} must be at least 1 (was {value})")
                : string.Create(CultureInfo.InvariantCulture, $"{limit} must be from 1 to {max:N0} (was {value})"),
            limit);
}
