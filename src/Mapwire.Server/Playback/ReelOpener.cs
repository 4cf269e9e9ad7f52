using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>
/// From a client's words to an open reel. All titles of a playlist are opened before the first one plays, so that no joint waits for a file
/// and what cannot be played is refused in time.
/// </summary>
internal sealed class ReelOpener
{
    private readonly ServedFolder _folder;
    private readonly TitleCatalog _titles;
    private readonly int _maxItems;

    /// <param name="folder">Where titles and playlists are.</param>
    /// <param name="titles">Opens the titles.</param>
    /// <param name="maxItems">The most items of a playlist.</param>
    public ReelOpener(ServedFolder folder, TitleCatalog titles, int maxItems)
    {
        _folder = folder;
        _titles = titles;
        _maxItems = maxItems;
    }

    /// <summary>Opens what a client names, off the caller's thread.</summary>
    /// <param name="name">The name; its query says what of it is wanted.</param>
    /// <param name="abilities">What the client can be sent.</param>
    /// <returns>The reel, held for the caller, who releases it.</returns>
    /// <exception cref="TitleException">There is none, or a title of it cannot be played.</exception>
    public async Task<Reel> OpenAsync(PlayName name, PlayerAbilities abilities)
    {
        PlayQuery query = PlayQuery.Parse(name.Query);
        TrackChoice choice = TrackChoice.Of(query, abilities);
        FoundFile found = await FindAsync(name).ConfigureAwait(false);
        ImmutableArray<ReelPart> parts = PlaylistFile.IsPlaylist(found.Name)
            ? await OpenListAsync(found, choice).ConfigureAwait(false)
            : [PartOf(await _titles.OpenAsync(found, choice).ConfigureAwait(false), 0, null)];
        return new Reel(Cut(parts, query), query.Loops);
    }

    /// <summary>Finds the file that a name leads to, for players that cannot choose among qualities.</summary>
    /// <exception cref="TitleException">There is none, or there are several qualities by that name.</exception>
    public async Task<FoundFile> FindAsync(PlayName name)
    {
        (FoundFile found, List<FoundFile>? qualities) = await _titles.Files.FindTitleAsync(name).ConfigureAwait(false);
        return qualities is null && !PlaylistFile.IsQualities(found.Name) ? found : throw SeveralQualities();
    }

    /// <summary>A title of several qualities is asked for by something that does not let its player choose among them.</summary>
    public static TitleException SeveralQualities() => new(
        TitleError.NotPlayable, "several qualities play by HLS and DASH, where players choose: ask for one of their files");

    /// <summary>The part of a title from one time of it to another; refuses and releases a title that has nothing there.</summary>
    private static ReelPart PartOf(OpenedTitle opened, long start, long? end)
    {
        Title title = opened.Title;
        TitleTime zero = title.Strip.RunUpEnd;
        long length = title.Strip.EndTime - zero;
        long until = Math.Min(end ?? long.MaxValue, Math.Max(length, 1));
        if (start < until)
        {
            return new ReelPart(title, zero + start, zero + until, At: ReelTime.Zero)
            {
                Missing = opened.Tracks.Missing, // of this viewer: others have the same title by a wish
            };
        }

        title.Release();
        throw Nothing(start, end, length);
    }

    /// <summary>Refuses a piece of a title that has nothing in it.</summary>
    /// <param name="start">Where it begins, in milliseconds.</param>
    /// <param name="end">Where it ends; null for the title's end.</param>
    /// <param name="length">How long the title is.</param>
    internal static TitleException Nothing(long start, long? end, long length) => new(TitleError.NotPlayable, string.Create(
        CultureInfo.InvariantCulture,
        $"nothing from {start / 1000.0}{(end is { } until ? $" to {until / 1000.0} s" : " s on")}: it ends at {length / 1000.0} s"));

    /// <summary>Cuts a reel down to what its query asks for, and releases what is cut away.</summary>
    private static ImmutableArray<ReelPart> Cut(ImmutableArray<ReelPart> parts, PlayQuery query)
    {
        if (query is { Start: 0, End: null })
        {
            return parts;
        }

        ReelTime reelEnd = parts[^1].End;
        ReelTime start = new(query.Start);
        ReelTime end = ReelTime.Min(query.End is { } wanted ? new ReelTime(wanted) : reelEnd, reelEnd);
        List<ReelPart> kept = [];
        foreach (ReelPart part in parts)
        {
            long from = Math.Max(start - part.At, 0);
            long to = Math.Min(end - part.At, part.Length);
            if (from < to)
            {
                kept.Add(part with { In = part.In + from, Out = part.In + to, At = ReelTime.Zero + (part.At + from - start) });
            }
            else
            {
                part.Title.Release();
            }
        }

        return kept.Count > 0
            ? [.. kept]
            : throw Nothing(query.Start, query.End, reelEnd.Milliseconds);
    }

    private async Task<ImmutableArray<ReelPart>> OpenListAsync(FoundFile found, TrackChoice choice)
    {
        (IReadOnlyList<PlaylistItem> items, string folder) = await ReadListAsync(found).ConfigureAwait(false);
        return await JoinAsync(items, folder, choice).ConfigureAwait(false);
    }

    /// <summary>Reads the items of a playlist, off the caller's thread.</summary>
    /// <param name="found">The playlist.</param>
    /// <returns>At least one item, and the list's folder below the served one.</returns>
    /// <exception cref="TitleException">It cannot be read, is no playlist, or has no item or too many.</exception>
    public async Task<(IReadOnlyList<PlaylistItem> Items, string Folder)> ReadListAsync(FoundFile found)
    {
        (string path, string name, _) = found;
        IReadOnlyList<PlaylistItem> items =
            await _titles.Files.Lookups.RunAsync(path, _ => PlaylistFile.Read(path, name, _folder, _maxItems)).ConfigureAwait(false);
        return (items, name.Contains('/', StringComparison.Ordinal) ? name[..name.LastIndexOf('/')] : "");
    }

    /// <summary>Opens the items of a playlist and joins them on one time line.</summary>
    /// <param name="items">At least one.</param>
    /// <param name="folder">The list's, below the served one.</param>
    /// <param name="choice">What of each is wanted; the items' own queries say it where this does not.</param>
    /// <returns>The parts, whose titles are held for the caller.</returns>
    /// <exception cref="TitleException">One cannot be played: the first of those that cannot.</exception>
    internal async Task<ImmutableArray<ReelPart>> JoinAsync(IReadOnlyList<PlaylistItem> items, string folder, TrackChoice choice)
    {
        Task<ReelPart>[] openings = [.. items.Select((item, i) => OpenItemAsync(folder, item, i + 1, choice))];
        try
        {
            await Task.WhenAll(openings).ConfigureAwait(false);
        }
        catch
        {
            foreach (Task<ReelPart> opening in openings.Where(static opening => opening.IsCompletedSuccessfully))
            {
                opening.Result.Title.Release();
            }

            throw;
        }

        ImmutableArray<ReelPart>.Builder parts = ImmutableArray.CreateBuilder<ReelPart>(openings.Length);
        ReelTime at = ReelTime.Zero;
        foreach (Task<ReelPart> opening in openings)
        {
            ReelPart part = opening.Result with { At = at };
            part = at == ReelTime.Zero ? part : part with { In = part.JointIn };
            parts.Add(part);
            at += part.Length;
        }

        return parts.MoveToImmutable();
    }

    /// <summary>Opens one item of a playlist.</summary>
    /// <param name="folder">The list's, below the served one.</param>
    /// <param name="item">The item.</param>
    /// <param name="number">Its number, for the refusal.</param>
    /// <param name="choice">What of it is wanted; its own query says it where this does not.</param>
    /// <returns>The part, whose title is held for the caller.</returns>
    /// <exception cref="TitleException">It cannot be played.</exception>
    internal async Task<ReelPart> OpenItemAsync(string folder, PlaylistItem item, int number, TrackChoice choice)
    {
        try
        {
            PlayName name = PlayName.Parse(folder, item.Name);
            PlayQuery query = PlayQuery.Parse(name.Query);
            FoundFile found = await FindAsync(name).ConfigureAwait(false);
            if (PlaylistFile.IsPlaylist(found.Name))
            {
                throw new TitleException(TitleError.NotPlayable, "nested playlists are not supported");
            }

            // The player's wishes go before the list's: they are what this viewer asked for.
            TrackChoice own = choice with
            {
                Video = choice.Video != 0 ? choice.Video : query.Video,
                Audio = choice.Audio != 0 ? choice.Audio : query.Audio,
                Language = choice.Language ?? query.Language,
            };
            OpenedTitle title = await _titles.OpenAsync(found, own).ConfigureAwait(false);
            return PartOf(title, item.In ?? query.Start, item.Out ?? query.End);
        }
        catch (TitleException fault)
        {
            throw new TitleException(fault.Error, $"item {number} of the playlist ({item.Place}): {fault.Message}", fault);
        }
    }
}
