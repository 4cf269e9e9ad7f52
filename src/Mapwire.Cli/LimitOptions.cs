using System.CommandLine;
using Mapwire.Server.Catalog;

namespace Mapwire.Cli;

/// <summary>What a file may cost before it is refused: the same options for serving and probing, named as refusals name the limits.</summary>
internal sealed class LimitOptions
{
    private readonly Option<long> _movieBytes = new("--limit-movie-bytes")
    {
        Description = "MovieBytes: the most bytes of a moov, or of all moofs.",
        HelpName = "BYTES",
        DefaultValueFactory = static _ => TitleLimits.Default.Structure.MovieBytes,
    };

    private readonly Option<int> _boxes = Count("--limit-boxes", "Boxes: the most boxes of a moov or moof.", static () => TitleLimits.Default.Structure.Boxes);
    private readonly Option<int> _depth = Count("--limit-depth", "Depth: the most levels of boxes inside boxes.", static () => TitleLimits.Default.Structure.Depth);
    private readonly Option<int> _tracks = Count("--limit-tracks", "Tracks: the most tracks of a movie.", static () => TitleLimits.Default.Structure.Tracks);

    private readonly Option<int> _samples = Count(
        "--limit-samples",
        "SamplesPerTrack: the most samples of a track.",
        static () => TitleLimits.Default.Structure.SamplesPerTrack);

    private readonly Option<double> _openingTime = new("--limit-opening-time")
    {
        Description = "OpeningTime: how long reading a file's structure may take.",
        HelpName = "SECONDS",
        DefaultValueFactory = static _ => TitleLimits.Default.OpeningTime.TotalSeconds,
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_movieBytes, _boxes, _depth, _tracks, _samples, _openingTime])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What was given on the command line.</summary>
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
    };

    private static Option<int> Count(string name, string description, Func<int> value) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => value(),
    };
}
