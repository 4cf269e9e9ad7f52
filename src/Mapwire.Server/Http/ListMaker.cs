using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Http.Targets;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Playback;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http;

/// <summary>
/// Makes what is asked for of a playlist of titles: its own playlists and MPD name the segments of the films themselves, so that what was
/// made and cached for a film counts for every list that it is in (docs/adr/0044-playlists-over-http.md).
/// </summary>
/// <param name="context">What all share.</param>
/// <param name="list">The file.</param>
/// <param name="query">What of it is wanted.</param>
internal sealed class ListMaker(HttpContext context, FoundFile list, WebQuery query)
{
    /// <summary>Opens a resource.</summary>
    /// <returns>The resource; null while all films of the list are being written and have no whole segment yet.</returns>
    /// <exception cref="TitleException">There is none, or an item cannot be played so.</exception>
    public async Task<Resource?> OpenAsync(Route route)
    {
        SegmentMaker.RequireEnd(query.Wishes, route.Kind);
        switch (route.Kind)
        {
            case ResourceKind.Clip:
                throw new TitleException(TitleError.NotPlayable, "a clip is of one film, and this is a list: ask for one of its films");
            case ResourceKind.Init or ResourceKind.Segment or ResourceKind.Picture or ResourceKind.Subtitles
                or ResourceKind.PeriodSubtitles:
                throw new TitleException(TitleError.NotFound, "a list has no segments of its own: its playlists name those of its films");
        }

        bool hasSubtitles = TitleTexts.NamesSubtitles(route.Kind);
        using OpenFiles files = new(context.Titles.Files);
        List<Item> items = await CutAsync(await OpenItemsAsync(files, hasSubtitles).ConfigureAwait(false), hasSubtitles)
            .ConfigureAwait(false);
        if (items.Count == 0)
        {
            return null;
        }

        if (route.Kind == ResourceKind.Stream)
        {
            return await OpenStreamAsync(items, files).ConfigureAwait(false);
        }

        string version = VersionOf(items);
        SegmentMaker.RequireVersion(query.Version, version);
        Item first = items[0];
        TitleTexts texts = new(
            [new TitleSequence([.. items.Select(static item => item.Placed)])], first.File.Content, list.Name, version)
        {
            Played = SegmentMaker.TitleOf(first.File, first.File.Content),
            IsOfOthers = true,
            OtherStates = string.Join(
                ' ', items.Select(static item => $"{SegmentMaker.StateOf(item.File)} {item.Placed.Title.IsGrowing}")),
        };
        return await texts.OpenAsync(context, route, query, SegmentMaker.OfPlaylist).ConfigureAwait(false);
    }

    private async Task<Resource> OpenStreamAsync(List<Item> items, OpenFiles files)
    {
        MadeBody body = await context.Titles.Files.ComputeAsync($"list {list.Name}", () =>
        {
            try
            {
                return new MadeBody(new FragmentedFile(
                    [.. items.Select(static item => item.Placed.Title.Get(item.Placed.Title.MainName))]));
            }
            catch (Mp4WritingException exception)
            {
                throw new TitleException(TitleError.NotPlayable, exception.Message, exception);
            }
        }).ConfigureAwait(false);
        EntityTag tag = new($"{VersionOf(items)}-{body.Length:x}");
        PlayedTitle played = new(list.Name, items.Sum(static item => (long)item.Placed.Title.Duration.TotalMilliseconds), body.Length);
        return new Resource(
            files.Take(items.Select(static item => item.File)), body, new Representation(body.Length, tag), ContentTypes.Mp4,
            query.CacheControl("no-cache"))
        {
            Watched = new WatchedPart(played, PlayerProtocol.Mp4, query.Viewer, (long)context.SegmentDuration.TotalMilliseconds)
            {
                IsLooping = query.Wishes.Loops,
            },
            IsEndless = query.Wishes.Loops && LoopingStream.IsPossible(body),
        };
    }

    /// <summary>Opens all items at once; without those that are being written and have no whole segment yet.</summary>
    private async Task<List<Item>> OpenItemsAsync(OpenFiles files, bool hasSubtitles)
    {
        (IReadOnlyList<PlaylistItem> items, string folder) = await context.Players.Reels.ReadListAsync(list).ConfigureAwait(false);
        Item?[] opened = await Task.WhenAll(items.Select((item, index) => OpenItemAsync(files, folder, item, index + 1, hasSubtitles)))
            .ConfigureAwait(false);
        return [.. opened.OfType<Item>()];
    }

    private async Task<Item?> OpenItemAsync(OpenFiles files, string folder, PlaylistItem item, int number, bool hasSubtitles)
    {
        try
        {
            PlayName name = PlayName.Parse(folder, item.Name);
            PlayQuery own = PlayQuery.Parse(name.Query);
            FoundFile found = await context.Players.Reels.FindAsync(name).ConfigureAwait(false);
            if (PlaylistFile.IsPlaylist(found.Name))
            {
                throw new TitleException(TitleError.NotPlayable, "nested playlists are not supported");
            }

            // The viewer's wishes go before the list's, as over RTMP.
            PlayQuery wishes = new(
                query.Wishes.Video != 0 ? query.Wishes.Video : own.Video, query.Wishes.Audio != 0 ? query.Wishes.Audio : own.Audio,
                query.Wishes.Language ?? own.Language, item.In ?? own.Start, item.Out ?? own.End, Loops: false);
            MediaFile file = await files.OpenAsync(found).ConfigureAwait(false);
            return await PlaceAsync(file, found.Name, AddressOf(found.Name, folder), wishes, hasSubtitles).ConfigureAwait(false);
        }
        catch (TitleException fault)
        {
            throw new TitleException(fault.Error, $"item {number} of the playlist ({item.Place}): {fault.Message}", fault);
        }
    }

    private async Task<Item?> PlaceAsync(MediaFile file, string name, string address, PlayQuery wishes, bool hasSubtitles)
    {
        SegmentMaker maker = new(context, file, name, new WebQuery(wishes, null, query.Viewer));
        PlacedTitle? placed = await maker.TryPlaceAsync(address, hasSubtitles).ConfigureAwait(false);
        return placed is null ? null : new Item(file, name, placed, wishes, maker.Version);
    }

    /// <summary>Cuts the list down to what its query asks for.</summary>
    private async Task<List<Item>> CutAsync(List<Item> items, bool hasSubtitles)
    {
        PlayQuery wishes = query.Wishes;
        if (wishes is { Start: 0, End: null } || items.Count == 0)
        {
            return items;
        }

        long at = 0;
        List<(Item Item, PlayQuery Wishes)> kept = [];
        foreach (Item item in items)
        {
            long length = (long)item.Placed.Title.Duration.TotalMilliseconds;
            long from = Math.Max(wishes.Start - at, 0);
            long to = Math.Min((wishes.End ?? long.MaxValue) - at, length);
            if (from < to)
            {
                kept.Add((item, item.Wishes with
                {
                    Start = item.Wishes.Start + from,
                    End = to < length ? item.Wishes.Start + to : item.Wishes.End,
                }));
            }

            at += length;
        }

        if (kept.Count == 0)
        {
            throw ReelOpener.Nothing(wishes.Start, wishes.End, at);
        }

        List<Item> cut = [];
        foreach ((Item item, PlayQuery own) in kept)
        {
            Item? piece = own == item.Wishes ? item
                : await PlaceAsync(item.File, item.Name, item.Placed.Address, own, hasSubtitles).ConfigureAwait(false);
            if (piece is not null)
            {
                cut.Add(piece);
            }
        }

        return cut;
    }

    /// <summary>The address of a film, seen from the playlists of the list: both are below the list's folder.</summary>
    private static string AddressOf(string name, string folder)
    {
        StringBuilder address = new("../");
        foreach (string segment in name[(folder.Length == 0 ? 0 : folder.Length + 1)..].Split('/'))
        {
            if (!PercentEncoding.TryEncodeSegment(segment, out string? encoded))
            {
                throw new TitleException(TitleError.NotPlayable, "no address of HTTP leads to a file of this name");
            }

            address.Append(encoded).Append('/');
        }

        return address.ToString();
    }

    /// <summary>What tells versions of the list apart: what its films hold, and which piece of each is in it.</summary>
    private static string VersionOf(List<Item> items)
    {
        string text = string.Join('\n', items.Select(static item => $"{item.Version} {item.Placed.Address}{item.Placed.Query}"));
        return string.Create(CultureInfo.InvariantCulture, $"{Crc32C.Of(Encoding.UTF8.GetBytes(text)):x8}");
    }

    /// <summary>A film of the list, or a piece of one.</summary>
    /// <param name="File">Held.</param>
    /// <param name="Name">Its path below the served folder.</param>
    /// <param name="Placed">The film, cut.</param>
    /// <param name="Wishes">What of it is in the list.</param>
    /// <param name="Version">Of the file.</param>
    private sealed record Item(MediaFile File, string Name, PlacedTitle Placed, PlayQuery Wishes, string Version);
}
