using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Strips;

/// <summary>Opens titles: media files of the catalogue with the strips by which viewers of the same tracks are sent them.</summary>
internal sealed class TitleCatalog : IDisposable
{
    private readonly ILogger _log;

    /// <param name="files">The files; they end with this catalog.</param>
    /// <param name="log">What was opened, and what of it is left out.</param>
    public TitleCatalog(FileCatalog files, ILogger log)
    {
        Files = files;
        _log = log;
    }

    /// <summary>The files of which the titles are made.</summary>
    public FileCatalog Files { get; }

    /// <summary>Opens a title, not on the caller's thread.</summary>
    /// <param name="found">From <see cref="FileCatalog.FindAsync"/>.</param>
    /// <param name="choice">What of it is wanted.</param>
    /// <returns>The title, whose file is held for the caller, who releases it, and the tracks it was chosen by.</returns>
    /// <exception cref="TitleException">It is gone, cannot be played, was not opened in time, or too much is open.</exception>
    public async Task<OpenedTitle> OpenAsync(FoundFile found, TrackChoice choice)
    {
        MediaFile file = await Files.OpenAsync(found).ConfigureAwait(false);
        try
        {
            FileContent content = file.Content;
            ChosenTracks chosen = ChosenTracks.Of(content.Movie, choice);
            StripKey key = StripKey.Of(chosen, choice.Abilities);
            TitleIndexer indexer = await Files.DeriveAsync(
                file, key, work => new TitleIndexer(file, chosen, choice.Abilities, work)).ConfigureAwait(false);
            Title title = indexer.Find(content)
                ?? await Files.ComputeAsync($"index {file.Name}", () => Make(indexer, file, content, chosen, choice)).ConfigureAwait(false);
            return new OpenedTitle(title, chosen);
        }
        catch
        {
            file.Release();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Files.Dispose();

    private Title Make(TitleIndexer indexer, MediaFile file, FileContent content, ChosenTracks chosen, TrackChoice choice)
    {
        Title title = indexer.Make(file, content, chosen, out bool isNew);
        if (isNew)
        {
            Log.TitleOpened(_log, file.Name, title.Strip.Count, title.Duration.TotalSeconds);
            foreach (string track in chosen.LeftOut(content.Movie, choice))
            {
                Log.TrackLeftOut(_log, file.Name, track);
            }
        }

        return title;
    }
}

/// <summary>A title as it was opened for one viewer.</summary>
/// <param name="Title">Shared by all viewers of the same tracks.</param>
/// <param name="Tracks">What this viewer's choice came to, of what the file held then: it may have grown since.</param>
internal readonly record struct OpenedTitle(Title Title, ChosenTracks Tracks);
