using System.Net;
using Mapwire.Http.Targets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Http.LiveMedia;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http;

/// <summary>
/// Opens what a request asks for: at once where the file is open already, else on threads of the catalogue, in the address's turn.
/// </summary>
internal static class Opening
{
    /// <summary>
    /// How long a playlist waits for the first segment of a film that is being written, in milliseconds: players wait for as long or
    /// longer.
    /// </summary>
    private const long MaxFirstWait = 10_000;

    /// <summary>How often it looks meanwhile, in milliseconds.</summary>
    private const int FirstWaitInterval = 250;

    /// <summary>How long ago what cannot be played must have been written, so that it is no film whose first bytes were written just now.
    /// </summary>
    private static readonly TimeSpan BeginningTime = TimeSpan.FromSeconds(3);

    /// <summary>
    /// What has to come before what is asked for can be opened, and comes soon; null where nothing has, or nobody knows when.
    /// </summary>
    public static Task? WhenThere(HttpContext context, Route route, QueryParameters parameters) =>
        context.IsLive(route.Title) ? LiveOpening.WhenThere(context.Players.Live!, route, parameters) : null;

    /// <summary>Opens a resource.</summary>
    /// <inheritdoc cref="OpenAsync(HttpContext, Route, WebQuery?, QueryParameters, IPAddress?, CancellationToken)"/>
    public static Task<Resource> OpenAsync(
        HttpContext context, Route route, QueryParameters parameters, IPAddress? address, CancellationToken cancellation)
    {
        WebQuery? query;
        try
        {
            query = route.Kind == ResourceKind.File ? null : WebQuery.Parse(parameters);
        }
        catch (TitleException refusal)
        {
            return Task.FromException<Resource>(refusal);
        }

        query = WithViewer(context, route, query);
        if (query is not null && LiveOpening.Has(route.Kind) && context.IsLive(route.Title))
        {
            return LiveOpening.OpenAsync(context.Players.Live!, route, query, parameters, cancellation);
        }

        return TryFindPart(context, route, query) is { } found ? Task.FromResult(found)
            : route.OfLive is { } live && LiveOpening.Awaits(live.Kind) && context.Players.MayBecomeLive(PlayName.Exactly(live.Title))
            ? OpenFileOrLiveAsync(context, route, live, parameters, address, cancellation)
            : OpenAsync(context, route, query, parameters, address, cancellation);
    }

    /// <summary>Opens a file, or, where there is none, waits for the live stream that the path may be of: a film hides no stream.</summary>
    private static async Task<Resource> OpenFileOrLiveAsync(
        HttpContext context, Route file, Route live, QueryParameters parameters, IPAddress? address, CancellationToken cancellation)
    {
        try
        {
            return await OpenAsync(context, file, query: null, parameters, address, cancellation).ConfigureAwait(false);
        }
        catch (TitleException refusal) when (refusal.Error == TitleError.NotFound)
        {
            // waited for below
        }

        WebQuery query = WithViewer(context, live, WebQuery.Parse(parameters))!;
        if (!context.Awaited.TryEnter(address, live.Title))
        {
            throw new TitleException(
                TitleError.Unavailable, "its address waits for as many streams that nobody publishes as it may: try again later");
        }

        try
        {
            return await LiveOpening.OpenAsync(context.Players.Live!, live, query, parameters, cancellation).ConfigureAwait(false);
        }
        finally
        {
            context.Awaited.Leave(address, live.Title);
        }
    }

    /// <summary>The query with an id of its own, where who asks begins to watch and has none.</summary>
    private static WebQuery? WithViewer(HttpContext context, Route route, WebQuery? query)
    {
        if (query is not { Viewer: null } || !context.HasViewerIds || route.Kind is not (ResourceKind.Master or ResourceKind.Manifest))
        {
            return query;
        }

        PlayerProtocol protocol = route.Kind == ResourceKind.Manifest ? PlayerProtocol.Dash : PlayerProtocol.Hls;
        return query with { Viewer = context.Viewers.Ids.Create(protocol) };
    }

    /// <summary>The query with what stands for every viewer in place of its own, so that one text is made for all.</summary>
    private static WebQuery? ForAll(WebQuery? query) =>
        query is { Viewer: not null } ? query with { Viewer = ViewerIds.Placeholder } : query;

    /// <summary>
    /// A part of a film that was made before, where the film is open and as it was: most of what is asked for, and found at once.
    /// </summary>
    private static Resource? TryFindPart(HttpContext context, Route route, WebQuery? query)
    {
        if (query is null or { Wishes.Loops: true } || !TitleParts.Has(route.Kind) || route.Quality > 0
            || context.Titles.Files.TryHold(PlayName.Exactly(route.Title)) is not { } file)
        {
            return null;
        }

        if (context.Made.Find<MadePart>(new MadeKey(file.Content, MadePart.KeyOf(route, query))) is { } part)
        {
            return part.ToResource(file, query);
        }

        file.Release();
        return null;
    }

    /// <summary>Opens a resource.</summary>
    /// <param name="context">What is served.</param>
    /// <param name="route">What is asked for.</param>
    /// <param name="query">What of it is wanted; null for a file as it is.</param>
    /// <param name="parameters">The same, as it was sent.</param>
    /// <param name="address">The client's.</param>
    /// <param name="cancellation">Ends the wait for the address's turn.</param>
    /// <returns>The resource, whose file is held for the caller.</returns>
    /// <exception cref="TitleException">There is none, or it cannot be opened.</exception>
    private static async Task<Resource> OpenAsync(
        HttpContext context, Route route, WebQuery? query, QueryParameters parameters, IPAddress? address, CancellationToken cancellation)
    {
        if (query is null && GetRefusal(route.Title) is { } refusal && (!context.ListsTitles || context.IsLive(route.Title)))
        {
            throw await PathFaults.OfFileAsync(context, route.Title, parameters, refusal).ConfigureAwait(false); // looks into no folder
        }

        long until = Environment.TickCount64 + MaxFirstWait;
        while (true)
        {
            if (await TryOpenAsync(context, route, parameters, ForAll(query), address, cancellation).ConfigureAwait(false) is { } resource)
            {
                return query?.Viewer is { } viewer ? resource.For(viewer) : resource;
            }

            if (Environment.TickCount64 > until)
            {
                throw new TitleException(
                    TitleError.Unavailable, "the film is being written and has no whole segment yet: try again later");
            }

            await Task.Delay(FirstWaitInterval, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a resource as it is now.</summary>
    /// <returns>The resource, whose file is held for the caller; null while there is nothing to play yet.</returns>
    private static async Task<Resource?> TryOpenAsync(
        HttpContext context, Route route, QueryParameters parameters, WebQuery? query, IPAddress? address, CancellationToken cancellation)
    {
        PlayName name = PlayName.Exactly(route.Title);
        await context.Openings.EnterAsync(address, route.Title, cancellation).ConfigureAwait(false);
        bool isOpening = true;
        try
        {
            if (route.Kind == ResourceKind.Listing)
            {
                return await FolderListing.OpenAsync(context, route.Title).ConfigureAwait(false);
            }

            if (route.Kind == ResourceKind.Page)
            {
                return await OpenPageAsync(context, name).ConfigureAwait(false);
            }

            (FoundFile found, List<FoundFile>? qualities) = route.Kind == ResourceKind.File
                ? await FindFileAsync(context, name, parameters).ConfigureAwait(false)
                : await FindAsync(context, name).ConfigureAwait(false);
            if (qualities is not null)
            {
                return query is null ? throw ElsewhereException.Below(route.Title, "/index.m3u8", parameters)
                    : await MakeAsync(async () => await new QualitiesMaker(context, route.Title, query)
                        .OpenAsync(route, qualities).ConfigureAwait(false)).ConfigureAwait(false);
            }

            if (route.Quality > 0)
            {
                throw new TitleException(TitleError.NotFound, "the title has one quality");
            }

            if (PlaylistFile.IsPlaylist(found.Name))
            {
                return query is null ? throw ElsewhereException.Below(route.Title, "/index.m3u8", parameters) // its text is never served
                    : await MakeAsync(async () => await new ListMaker(context, found, query).OpenAsync(route).ConfigureAwait(false))
                        .ConfigureAwait(false);
            }

            MediaFile file;
            try
            {
                file = await context.Titles.Files.OpenAsync(found).ConfigureAwait(false);
            }
            catch (TitleException exception) when (exception.Error == TitleError.NotPlayable && route.HasSegments
                && DateTime.UtcNow.Ticks - found.Identity.LastWriteTicks < BeginningTime.Ticks)
            {
                return null;
            }

            try
            {
                Resource? resource = query is null
                    ? Resource.OfFile(file) with { Watched = SegmentMaker.WatchedOf(context, file) }
                    : await MakeAsync(() => new SegmentMaker(context, file, found.Name, query).OpenAsync(route)).ConfigureAwait(false);
                if (resource is null)
                {
                    file.Release();
                }

                return resource;
            }
            catch
            {
                file.Release();
                throw;
            }
        }
        finally
        {
            EndOpening();
        }

        void EndOpening()
        {
            if (isOpening)
            {
                isOpening = false;
                context.Openings.Leave(address, route.Title);
            }
        }

        // What is made for one wish is made in a turn of its address, for which no other opening waits; so is a clip of a whole film, which
        // costs as much as all its segments and may be too large to be kept.
        async Task<Resource?> MakeAsync(Func<Task<Resource?>> make)
        {
            if (query!.Wishes is { Start: 0, End: null } && route.Kind != ResourceKind.Clip)
            {
                return await make().ConfigureAwait(false);
            }

            EndOpening();
            using CutTurn turn = await CutTurn.EnterAsync(
                context.Cuts, address, $"{route.Kind == ResourceKind.Clip} {route.Title}?{query.Key}", cancellation)
                .ConfigureAwait(false);
            return await make().ConfigureAwait(false);
        }
    }

    /// <summary>The page of a title, or the titles of a folder that is named as one.</summary>
    private static async Task<Resource> OpenPageAsync(HttpContext context, PlayName name)
    {
        try
        {
            await FindAsync(context, name).ConfigureAwait(false);
            return PlayerPage.Open();
        }
        catch (TitleException refusal) when (context.ListsTitles && refusal.Error == TitleError.NotFound)
        {
            try
            {
                return await FolderListing.OpenAsync(context, name.Path).ConfigureAwait(false);
            }
            catch (TitleException)
            {
                throw refusal;
            }
        }
    }

    /// <summary>Finds what a title's own path leads to; who asks for what is no title is told where to ask.</summary>
    private static async Task<(FoundFile File, List<FoundFile>? Qualities)> FindFileAsync(
        HttpContext context, PlayName name, QueryParameters parameters)
    {
        TitleException? refusal = GetRefusal(name.Path);
        try
        {
            if (refusal is null)
            {
                return await FindAsync(context, name).ConfigureAwait(false);
            }
        }
        catch (TitleException exception) when (exception.Error == TitleError.NotFound)
        {
            refusal = exception;
        }

        throw await PathFaults.OfFileAsync(context, name.Path, parameters, refusal).ConfigureAwait(false);
    }

    /// <summary>Why a path is not named as a title; null where it is.</summary>
    private static TitleException? GetRefusal(string path) =>
        TitleName.GetRefusal(path[(path.LastIndexOf('/') + 1)..]) is { } reason ? new TitleException(TitleError.NotFound, reason) : null;

    /// <summary>Finds a title's file, or the files of its qualities where they are listed or named.</summary>
    private static async Task<(FoundFile File, List<FoundFile>? Qualities)> FindAsync(HttpContext context, PlayName name)
    {
        (FoundFile found, List<FoundFile>? qualities) = await context.Titles.Files.FindTitleAsync(name).ConfigureAwait(false);
        return (found, qualities is null && PlaylistFile.IsQualities(found.Name)
            ? await QualitiesMaker.ReadAsync(context.Players.Reels, context.Titles.Files, found).ConfigureAwait(false)
            : qualities);
    }
}
