using Mapwire.Media;

namespace Mapwire.Server.Catalog;

/// <summary>What the server would make of a file: the same opening as for a player, told instead of played.</summary>
public sealed class TitleReport
{
    /// <summary>Why the file is refused; null when it plays.</summary>
    public string? Refusal { get; private init; }

    /// <summary>How long it plays.</summary>
    public TimeSpan Duration { get; private init; }

    /// <summary>The length of the file in bytes.</summary>
    public long FileLength { get; private init; }

    /// <summary>The average bit rate of what is played, in 1000 bits a second.</summary>
    public double KilobitsPerSecond { get; private init; }

    /// <summary>The tracks; empty when the file could not be read so far.</summary>
    public IReadOnlyList<TrackReport> Tracks { get; private init; } = [];

    /// <summary>Opens a file as the server would and tells what it found. A file that is refused is a report too.</summary>
    /// <param name="path">The file.</param>
    public static TitleReport Of(string path)
    {
        Movie? movie = null;
        string? refusal = null;
        try
        {
            using MovieFile file = MovieFile.Open(path);
            movie = file.ReadMovie();
            TitleIndex.Build(file, movie);
        }
        catch (TitleException refused)
        {
            refusal = refused.Message;
        }

        if (movie is null)
        {
            return new TitleReport { Refusal = refusal, FileLength = LengthOf(path) };
        }

        Track?[] played = [movie.Default(TrackKind.Video), movie.Default(TrackKind.Audio)];
        return new TitleReport
        {
            Refusal = refusal,
            Duration = movie.Duration,
            FileLength = LengthOf(path),
            KilobitsPerSecond = played.Sum(static track => track is null ? 0 : track.Rates.BitRate / 1000.0),
            Tracks = [.. movie.Tracks.Select(track => TrackReport.Of(track, Array.IndexOf(played, track) >= 0))],
        };
    }

    private static long LengthOf(string path)
    {
        FileInfo file = new(path);
        return file.Exists ? file.Length : 0;
    }
}
