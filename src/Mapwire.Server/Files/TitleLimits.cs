using System.Collections.ObjectModel;
using System.Globalization;
using System.Runtime.CompilerServices;
using Mapwire.Media;

namespace Mapwire.Server.Files;

/// <summary>
/// What a file may cost before it is a title, and while it is played. A limit out of its range is an <see cref="ArgumentException"/> that
/// names it, where it is set.
/// </summary>
public sealed record TitleLimits
{
    /// <summary>The limits used when none are given.</summary>
    public static TitleLimits Default { get; } = new();

    /// <summary>How large its structure may be.</summary>
    public MediaLimits Structure { get; init; } = MediaLimits.Default;

    /// <summary>
    /// How long opening it and reading its structure may take, at most a day. Players are told then, even when the disk never answers.
    /// Default 10 s: a two-hour film takes some milliseconds, and 256 MiB from a slow disk a few seconds. Longer takes a file whose few
    /// bytes describe more samples than anyone recorded, or a disk that is ill.
    /// </summary>
    public TimeSpan OpeningTime { get; init => field = Require(value); } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long the file system of a file that is being played may take to answer, at most a day. Its players wait meanwhile, and are told
    /// after that time that it is over. Default 30 s: a server of network storage that starts anew takes some 20 s, and a picture that
    /// stands for longer is no film any more.
    /// </summary>
    public TimeSpan StorageTimeout { get; init => field = Require(value); } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// What the operator calls the limits that refusals name, by the names of these properties and those of <see cref="MediaLimits"/>: for
    /// a program with options of its own, such as <c>--limit-opening-time</c>. Default none: refusals name the properties.
    /// </summary>
    public IReadOnlyDictionary<string, string> OptionNames { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary><see cref="OpeningTime"/>, with the words for a refusal.</summary>
    internal TimeLimit Opening => new(OpeningTime, "opening", NameOf(nameof(OpeningTime)));

    /// <summary><see cref="StorageTimeout"/>, with the words for the end.</summary>
    internal TimeLimit Storage => new(StorageTimeout, "reading", NameOf(nameof(StorageTimeout)));

    /// <summary>What is wrong with a file, with the limit that is too low by the name that its option has.</summary>
    internal string MessageOf(MediaFormatException fault) => fault.Limit is { } limit
        ? fault.Message.Replace($"({limit})", $"({NameOf(limit)})", StringComparison.Ordinal)
        : fault.Message;

    private string NameOf(string property) => OptionNames.GetValueOrDefault(property, property);

    private static TimeSpan Require(TimeSpan value, [CallerMemberName] string limit = "") =>
        value > TimeSpan.Zero && value <= TimeSpan.FromDays(1)
            ? value
            : throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"{limit} must be more than 0 and at most a day (was {value.TotalSeconds} s)"),
                limit);
}

/// <summary>How long something may take that waits for a file system.</summary>
/// <param name="Time">More is refused.</param>
/// <param name="What">What takes it, as the message begins.</param>
/// <param name="Option">Where <paramref name="Time"/> is set.</param>
internal sealed record TimeLimit(TimeSpan Time, string What, string Option)
{
    /// <summary>The words for whoever waited in vain.</summary>
    public string Refusal { get; } =
        string.Create(CultureInfo.InvariantCulture, $"{What} took more than the limit of {Time.TotalSeconds} s ({Option})");

    /// <summary>The same where all the time was spent waiting for one call.</summary>
    public string RefusalOfSilence => $"{Refusal}: the file system does not answer";
}
