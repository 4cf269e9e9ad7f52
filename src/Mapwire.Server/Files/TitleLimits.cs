using System.Globalization;
using Mapwire.Media;

namespace Mapwire.Server.Files;

/// <summary>What a file may cost before it is a title.</summary>
public sealed record TitleLimits
{
    /// <summary>The limits used when none are given.</summary>
    public static TitleLimits Default { get; } = new();

    /// <summary>How large its structure may be.</summary>
    public MediaLimits Structure { get; init; } = MediaLimits.Default;

    /// <summary>
    /// How long opening it and reading its structure may take. Players are told then, even when the disk never answers. Default 10 s: a
    /// two-hour film takes some milliseconds, and 256 MiB from a slow disk a few seconds. Longer takes a file whose few bytes describe more
    /// samples than anyone recorded, or a disk that is ill.
    /// </summary>
    public TimeSpan OpeningTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The words for a refusal because of <see cref="OpeningTime"/>, without the place.</summary>
    internal string OpeningTookTooLong => string.Create(
        CultureInfo.InvariantCulture, $"opening took more than the limit of {OpeningTime.TotalSeconds} s ({nameof(OpeningTime)})");
}
