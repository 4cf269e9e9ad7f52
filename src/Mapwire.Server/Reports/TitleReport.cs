using Mapwire.Media;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Reports;

/// <summary>What the server would make of a file: the same opening as for a player, told instead of played.</summary>
public sealed class TitleReport
{
    /// <summary>Why the file is refused; null when it plays, be it only for players that offer its codecs (Enhanced RTMP).</summary>
    public string? Refusal => PlainRefusal is null ? null : EnhancedRefusal;

    /// <summary>Why players that offer no codecs are refused; null when they are not.</summary>
    public string? PlainRefusal { get; private init; }

    /// <summary>
    /// Why players that offer all codecs are refused; null when they are not. Only they ask for the tracks that it is about.
    /// </summary>
    public string? EnhancedRefusal { get; private init; }

    /// <summary>How long it plays, as the server announces it; zero when it is refused.</summary>
    public TimeSpan Duration { get; private init; }

    /// <summary>The length of the file in bytes.</summary>
    public long FileLength { get; private init; }

    /// <summary>The average bit rate of what is played, in 1000 bits a second.</summary>
    public double KilobitsPerSecond { get; private init; }

    /// <summary>What is wrong with the file though it plays, a line each: that it is cut off, and where it is damaged.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>
    /// Whether the file ends in the middle of its media, as a download that was not completed does; what is whole is played.
    /// </summary>
    public bool IsTruncated { get; private init; }

    /// <summary>The tracks; empty when the file could not be read so far.</summary>
    public IReadOnlyList<TrackReport> Tracks { get; private init; } = [];

    /// <summary>Opens a file as the server would and tells what it found. A file that is refused is a report too.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What the file may cost before it is refused; null for the defaults.</param>
    public static TitleReport Of(string path, TitleLimits? limits = null)
    {
        Movie movie;
        string? plainRefusal;
        string? enhancedRefusal;
        TimeSpan duration;
        try
        {
            MediaFile file = MediaFile.Open(path, Path.GetFileName(path), limits: limits);
            movie = file.Content.Movie;
            plainRefusal = RefusalOf(file, default, out TimeSpan plainDuration);
            enhancedRefusal = RefusalOf(file, new TrackChoice(PlayerCodecs.All), out TimeSpan enhancedDuration);
            file.Release();
            duration = enhancedRefusal is null ? enhancedDuration : plainDuration;
            if (TitleName.GetRefusal(Path.GetFileName(path)) is { } unserved)
            {
                (plainRefusal, enhancedRefusal) = (plainRefusal ?? unserved, enhancedRefusal ?? unserved);
            }
        }
        catch (TitleException refused)
        {
            return new TitleReport { PlainRefusal = refused.Message, EnhancedRefusal = refused.Message, FileLength = LengthOf(path) };
        }

        Track?[] plain = [movie.Default(TrackKind.Video), movie.Default(TrackKind.Audio)];
        Track?[] enhanced = [movie.Default(TrackKind.Video, static _ => true), movie.Default(TrackKind.Audio, static _ => true)];
        return new TitleReport
        {
            PlainRefusal = plainRefusal,
            EnhancedRefusal = enhancedRefusal,
            Duration = duration,
            FileLength = LengthOf(path),
            IsTruncated = movie.IsTruncated,
            KilobitsPerSecond = enhanced.Sum(static track => track is null ? 0 : track.Rates.BitRate / 1000.0),
            Warnings = [.. movie.Warnings],
            Tracks = [.. movie.Tracks.Select(track => TrackReport.Of(track, plain.Contains(track), enhanced.Contains(track)))],
        };
    }

    private static string? RefusalOf(MediaFile file, TrackChoice choice, out TimeSpan duration)
    {
        try
        {
            duration = Title.Of(file, choice).Duration;
            return null;
        }
        catch (TitleException refused)
        {
            duration = TimeSpan.Zero;
            return refused.Message;
        }
    }

    /// <summary>The length of a file, or of the one that a link leads to; 0 where it cannot be told.</summary>
    internal static long LengthOf(string path)
    {
        try
        {
            FileInfo file = new(path);
            return file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target ? target.Length : file.Length;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0; // it is gone, or the links run in a circle
        }
    }
}
