using System.CommandLine;
using Mapwire.Media;
using Mapwire.Server.Files;

namespace Mapwire.Cli;

/// <summary>
/// What a file may cost before it is refused: the same options for serving and probing. Refusals name them.
/// </summary>
internal sealed class LimitOptions
{
    private readonly Option<long> _movieBytes = OptionFactory.LongBytes(
        "--limit-movie-bytes", "The most bytes of a moov, or of all moofs.", TitleLimits.Default.Structure.MovieBytes);

    private readonly Option<int> _boxes = OptionFactory.Count(
        "--limit-boxes", "The most boxes of a moov or moof.", TitleLimits.Default.Structure.Boxes);

    private readonly Option<int> _depth = OptionFactory.Count(
        "--limit-depth", "The most levels of boxes inside boxes, at most 1,000.", TitleLimits.Default.Structure.Depth);

    private readonly Option<int> _tracks = OptionFactory.Count(
        "--limit-tracks", "The most tracks of a movie.", TitleLimits.Default.Structure.Tracks);

    private readonly Option<int> _samples = OptionFactory.Count(
        "--limit-samples", "The most samples of a track.", TitleLimits.Default.Structure.SamplesPerTrack);

    private readonly Option<double> _openingTime = OptionFactory.Seconds(
        "--limit-opening-time", "How long reading a file's structure may take.", TitleLimits.Default.OpeningTime.TotalSeconds);

    private IEnumerable<(string Property, Option Option)> All =>
    [
        (nameof(MediaLimits.MovieBytes), _movieBytes), (nameof(MediaLimits.Boxes), _boxes), (nameof(MediaLimits.Depth), _depth),
        (nameof(MediaLimits.Tracks), _tracks), (nameof(MediaLimits.SamplesPerTrack), _samples),
        (nameof(TitleLimits.OpeningTime), _openingTime),
    ];

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach ((_, Option option) in All)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The option of a limit; null when there is none of the name.</summary>
    public Option? Find(string property) => All.FirstOrDefault(pair => pair.Property == property).Option;

    /// <summary>What was given on the command line.</summary>
    /// <exception cref="ArgumentException">A limit is out of its range; the message names it.</exception>
    public TitleLimits Read(ParseResult parsed) => new()
    {
        Structure = TitleLimits.Default.Structure with
        {
            MovieBytes = parsed.GetValue(_movieBytes),
            Boxes = parsed.GetValue(_boxes),
            Depth = parsed.GetValue(_depth),
            Tracks = parsed.GetValue(_tracks),
            SamplesPerTrack = parsed.GetValue(_samples),
        },
        OpeningTime = TimeSpan.FromSeconds(parsed.GetValue(_openingTime)),
        OptionNames = All.ToDictionary(static pair => pair.Property, static pair => pair.Option.Name, StringComparer.Ordinal),
    };
}
