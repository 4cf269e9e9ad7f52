using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Playback;
using Mapwire.Server.Reports;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mapwire.Server.Http;

/// <summary>
/// What the server would make of several qualities of one film: the same opening as for a viewer, told instead of played.
/// </summary>
public static class QualitiesReport
{
    /// <summary>The length that segments have where nobody says another, in which key frames of all qualities have to meet.</summary>
    private static readonly TimeSpan SegmentDuration = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Whether a path leads to several qualities: to a file that lists them, or to no file where files are named as qualities of it.
    /// </summary>
    /// <param name="path">The path.</param>
    public static bool Covers(string path) => PlaylistFile.IsQualities(path)
        ? File.Exists(path)
        : TitleName.HasTitleExtension(path) && !Path.Exists(path)
            && QualityNames.Of(path).Count(static quality => File.Exists(quality.Path)) > 1;

    /// <summary>Opens qualities as the server would and tells what it found. Those that are refused are a report too.</summary>
    /// <param name="path">What <see cref="Covers"/> is true of.</param>
    /// <param name="limits">What each file may cost before it is refused; null for the defaults.</param>
    /// <param name="served">The served folder, in which the files lie. Null for the path's own folder.</param>
    public static async Task<PlaylistReport> OfAsync(string path, TitleLimits? limits = null, string? served = null)
    {
        string full = Path.GetFullPath(path);
        served = Path.GetFullPath(served ?? Path.GetDirectoryName(full)!);
        string name = Path.GetRelativePath(served, full).Replace(Path.DirectorySeparatorChar, '/');
        ServedFolder folder = new(served);
        using TitleCatalog titles = new(new FileCatalog(folder, new FileBudget(), limits: limits), NullLogger.Instance);
        List<PlaylistItemReport> items = [];
        TimeSpan duration = default;
        string? refusal = null;
        try
        {
            List<FoundFile> found = PlaylistFile.IsQualities(name)
                ? await ReadAsync(new ReelOpener(folder, titles, PlaylistFile.MaxItems), titles.Files, name).ConfigureAwait(false)
                : await titles.Files.FindQualitiesAsync(name).ConfigureAwait(false);
            using OpenFiles files = new(titles.Files);
            List<FileContent> contents = [];
            foreach (FoundFile one in found)
            {
                (FileContent? content, PlaylistItemReport item) = await OpenAsync(files, one, items.Count + 1).ConfigureAwait(false);
                items.Add(item);
                contents.AddRange(content is null ? [] : [content]);
            }

            refusal = items.Find(static item => item.Refusal is not null)?.Refusal;
            duration = refusal is null
                ? SegmentedTitle.CreateAligned(contents, PlayQuery.Parse(""), SegmentDuration).Max(static title => title.Duration)
                : default;
        }
        catch (TitleException refused)
        {
            refusal = refused.Message;
        }

        return new PlaylistReport
        {
            IsQualities = true,
            Refusal = refusal,
            PlainRefusal = refusal ?? ReelOpener.SeveralQualities().Message,
            Duration = duration,
            FileLength = TitleReport.LengthOf(full),
            Items = items,
        };
    }

    private static async Task<List<FoundFile>> ReadAsync(ReelOpener reels, FileCatalog files, string name) =>
        await QualitiesMaker.ReadAsync(reels, files, await files.FindAsync(PlayName.Exactly(name)).ConfigureAwait(false))
            .ConfigureAwait(false);

    private static async Task<(FileContent? Content, PlaylistItemReport Item)> OpenAsync(OpenFiles files, FoundFile found, int number)
    {
        string name = TerminalText.Clean(found.Name);
        try
        {
            FileContent content = (await files.OpenAsync(found).ConfigureAwait(false)).Content;
            return (content, new PlaylistItemReport
            {
                Number = number,
                Name = name,
                Out = content.Movie.Duration,
                Warnings = [.. content.Movie.Warnings],
            });
        }
        catch (TitleException refused)
        {
            return (null, new PlaylistItemReport
            {
                Number = number,
                Name = name,
                Refusal = refused.Message,
                PlainRefusal = refused.Message,
            });
        }
    }
}
