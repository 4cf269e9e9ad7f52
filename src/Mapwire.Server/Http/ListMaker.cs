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
    /// <exception cref="TitleException">There is none, or an item cannot be played so.</exception>
    public async Task<Resource> OpenAsync(Route route)
    {
        SegmentMaker.RequireEnd(query.Wishes);
        switch (route.Kind)
        {
            case ResourceKind.Clip:
                throw new TitleException(TitleError.NotPlayable, "a clip is of one film, and this is a list: ask for one of its films");
            case ResourceKind.Init or ResourceKind.Segment or ResourceKind.Picture or ResourceKind.Subtitles
                or ResourceKind.PeriodSubtitles:
                throw new TitleException(TitleError.NotFound, "a list has no segments of its own: its playlists name those of its films");
        }

        List<Item> items = await OpenItemsAsync(SegmentMaker.NamesSubtitles(route.Kind)).ConfigureAwait(false);
        bool isHeld = true;
        try
        {
            items = await CutAsync(items, SegmentMaker.NamesSubtitles(route.Kind)).ConfigureAwait(false);
            if (route.Kind == ResourceKind.Stream)
            {
                Resource stream = await OpenStreamAsync(items).ConfigureAwait(false);
                isHeld = false;
                return stream;
            }

            string version = VersionOf(items);
            SegmentMaker.RequireVersion(query.Version, version);
            return await MakeTextAsync(route, new TitleSequence([.. items.Select(static item => item.Placed)]), query.ForChild(version))
                .ConfigureAwait(false);
        }
        finally
        {
            if (isHeld)
            {
                items.ForEach(static item => item.File.Release());
            }
        }
    }

    private async Task<Resource> MakeTextAsync(Route route, TitleSequence sequence, string children)
    {
        byte[] bytes = await context.Titles.Files.RunAsync($"list {list.Name}", _ =>
        {
            using FileWork.ProcessorUse use = FileWork.Compute(CancellationToken.None);
            return route.Kind switch
            {
                ResourceKind.Master => HlsPlaylists.WriteMaster([sequence], children),
                ResourceKind.Playlist => HlsPlaylists.WriteMedia(sequence, route.Tracks, isEvent: false),
                ResourceKind.PicturePlaylist when sequence.HasPictures => HlsPlaylists.WritePictures(sequence, isEvent: false),
                ResourceKind.SubtitlesPlaylist when sequence.Subtitles.Any(one => one.Tag == route.Tracks) =>
                    HlsPlaylists.WriteSubtitles(sequence, route.Tracks),
                ResourceKind.Manifest => DashManifest.Write(sequence),
                _ => throw new TitleException(TitleError.NotFound, "the list has no such resource"),
            };
        }).ConfigureAwait(false);
        return Resource.OfBytes(
            bytes, route.Kind == ResourceKind.Manifest ? ContentTypes.Dash : ContentTypes.Hls,
            query.CacheControl(SegmentMaker.OfPlaylist));
    }

    private async Task<Resource> OpenStreamAsync(List<Item> items)
    {
        MadeBody body = await context.Titles.Files.RunAsync($"list {list.Name}", _ =>
        {
            using FileWork.ProcessorUse use = FileWork.Compute(CancellationToken.None);
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
        return new Resource(
            [.. items.Select(static item => item.File)], body, new Representation(body.Length, tag), ContentTypes.Mp4,
            query.CacheControl("no-cache"))
        {
            Watched = new WatchedPart(
                new PlayedTitle(list.Name, items.Sum(static item => (long)item.Placed.Title.Duration.TotalMilliseconds), body.Length),
                PlayerProtocol.Mp4, query.Viewer, (long)context.SegmentDuration.TotalMilliseconds),
        };
    }

    /// <summary>Opens all items at once.</summary>
    /// <returns>The items, whose files are held for the caller.</returns>
    private async Task<List<Item>> OpenItemsAsync(bool hasSubtitles)
    {
        (IReadOnlyList<PlaylistItem> items, string folder) = await context.Players.Reels.ReadListAsync(list).ConfigureAwait(false);
        Task<Item>[] openings = [.. items.Select((item, index) => OpenItemAsync(folder, item, index + 1, hasSubtitles))];
        try
        {
            return [.. await Task.WhenAll(openings).ConfigureAwait(false)];
        }
        catch
        {
            foreach (Task<Item> opening in openings.Where(static opening => opening.IsCompletedSuccessfully))
            {
                opening.Result.File.Release();
            }

            throw;
        }
    }

    private async Task<Item> OpenItemAsync(string folder, PlaylistItem item, int number, bool hasSubtitles)
    {
        try
        {
            PlayName name = PlayName.Parse(folder, item.Name);
            PlayQuery own = PlayQuery.Parse(name.Query);
            FoundFile found = await context.Titles.Files.FindAsync(name).ConfigureAwait(false);
            ReelOpener.RequireOneQuality(found.Name);
            if (PlaylistFile.IsPlaylist(found.Name))
            {
                throw new TitleException(TitleError.NotPlayable, "nested playlists are not supported");
            }

            // The viewer's wishes go before the list's, as over RTMP.
            PlayQuery wishes = new(
                query.Wishes.Video != 0 ? query.Wishes.Video : own.Video, query.Wishes.Audio != 0 ? query.Wishes.Audio : own.Audio,
                query.Wishes.Language ?? own.Language, item.In ?? own.Start, item.Out ?? own.End, Loops: false);
            MediaFile file = await context.Titles.Files.OpenAsync(found).ConfigureAwait(false);
            try
            {
                return await PlaceAsync(file, found.Name, AddressOf(found.Name, folder), wishes, hasSubtitles).ConfigureAwait(false);
            }
            catch
            {
                file.Release();
                throw;
            }
        }
        catch (TitleException fault)
        {
            throw new TitleException(fault.Error, $"item {number} of the playlist ({item.Place}): {fault.Message}", fault);
        }
    }

    private async Task<Item> PlaceAsync(MediaFile file, string name, string address, PlayQuery wishes, bool hasSubtitles)
    {
        SegmentMaker maker = new(context, file, name, new WebQuery(wishes, null, query.Viewer));
        PlacedTitle placed = await maker.PlaceAsync(address, hasSubtitles).ConfigureAwait(false);
        return new Item(file, name, placed, wishes, maker.Version);
    }

    /// <summary>Cuts the list down to what its query asks for, and releases what is cut away.</summary>
    private async Task<List<Item>> CutAsync(List<Item> items, bool hasSubtitles)
    {
        PlayQuery wishes = query.Wishes;
        if (wishes is { Start: 0, End: null })
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
            throw new TitleException(TitleError.NotPlayable, string.Create(CultureInfo.InvariantCulture,
                $"nothing from {wishes.Start / 1000.0} s on: the list ends at {at / 1000.0} s"));
        }

        // Before any is released: a refusal releases all.
        List<Item> cut = [];
        foreach ((Item item, PlayQuery own) in kept)
        {
            cut.Add(own == item.Wishes ? item
                : await PlaceAsync(item.File, item.Name, item.Placed.Address, own, hasSubtitles).ConfigureAwait(false));
        }

        foreach (Item item in items.Where(item => !kept.Exists(one => ReferenceEquals(one.Item, item))))
        {
            item.File.Release();
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
