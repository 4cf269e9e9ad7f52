using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Http.Targets;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Live;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http.LiveMedia;

/// <summary>Opens what a request asks for of a live stream: at once, or when it has come.</summary>
internal static class LiveOpening
{
    /// <summary>How long a playlist waits at least for the first part of a stream that is published, in milliseconds.</summary>
    private const long LeastFirstWait = 10_000;

    /// <summary>How long a segment that is not there is refused after, in milliseconds.</summary>
    private const int RefusalDelay = 1_000;

    /// <summary>Playlists change with each part, and an answer that was waited for counts for as long as its part is the last.</summary>
    private const string OfPlaylist = "max-age=1";

    /// <summary>
    /// A viewer may wait for three target durations, and is still there for three more: twice those of a film.
    /// </summary>
    private const int WatchedTargets = 2;

    private static readonly ConditionalWeakTable<LiveSegments, LiveTexts> Texts = [];

    /// <summary>Whether a kind of resource is had of live streams.</summary>
    public static bool Has(ResourceKind kind) => kind is not (ResourceKind.File or ResourceKind.Listing or ResourceKind.Flv);

    /// <summary>Whether a viewer of a stream that nobody publishes yet waits for it with a request for such a resource.</summary>
    public static bool Awaits(ResourceKind kind) =>
        kind is ResourceKind.Master or ResourceKind.Playlist or ResourceKind.Manifest or ResourceKind.Stream;

    /// <summary>Opens a resource of a live stream, or waits for it.</summary>
    /// <param name="live">The streams.</param>
    /// <param name="route">What is asked for.</param>
    /// <param name="query">What of it is wanted.</param>
    /// <param name="parameters">The same, as it was sent.</param>
    /// <param name="cancellation">The connection is gone.</param>
    /// <exception cref="TitleException">There is none.</exception>
    public static Task<Resource> OpenAsync(
        LiveStreams live, Route route, WebQuery query, QueryParameters parameters, CancellationToken cancellation)
    {
        try
        {
            return route.Kind == ResourceKind.Page ? Task.FromResult(PlayerPage.Open())
                : live.TryGetSegments(route.Title, out LiveSegments? segments) && segments is not null && HasBegun(segments, route)
                ? OpenAsync(segments, route, query, parameters)
                : WaitAsync(live, route, query, parameters, cancellation);
        }
        catch (Exception refusal) when (refusal is TitleException or WrongRequestException)
        {
            return Task.FromException<Resource>(refusal);
        }
    }

    /// <summary>Waits for a publisher, as players of RTMP do, and then for the first part of each track.</summary>
    private static async Task<Resource> WaitAsync(
        LiveStreams live, Route route, WebQuery query, QueryParameters parameters, CancellationToken cancellation)
    {
        using LiveArrival arrival = live.Arrivals.Add(route.Title);
        long untilPublished = LoopClock.Milliseconds + live.Options.PlayWait;
        long untilBegun = -1; // while nobody publishes it
        while (true)
        {
            bool isPublished = live.TryGetSegments(route.Title, out LiveSegments? segments);
            if (segments is not null && HasBegun(segments, route))
            {
                return await OpenAsync(segments, route, query, parameters).ConfigureAwait(false);
            }

            long now = LoopClock.Milliseconds;
            untilBegun = !isPublished ? -1 : untilBegun < 0 ? now + Math.Max(LeastFirstWait, live.Options.PlayWait) : untilBegun;
            long until = isPublished ? untilBegun : untilPublished;
            if (now >= until)
            {
                throw isPublished
                    ? new TitleException(TitleError.Unavailable, "nothing of the live stream can be played yet: try again later")
                    : new TitleException(TitleError.NotFound, $"nobody publishes {TerminalText.Clean(route.Title)}");
            }

            await arrival.WaitAsync(until, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Whether there is something to answer with: an MPD has whole segments alone, and players take a playlist without one for empty.
    /// </summary>
    private static bool HasBegun(LiveSegments segments, Route route) => segments.Read(now => now.HasBegun
        && (route.Kind is not (ResourceKind.Manifest or ResourceKind.Playlist)
            || now.Renditions.Where(one => LivePlaylists.HasParts(one) && (route.Kind == ResourceKind.Manifest || one.Name == route.Tracks))
                .All(static one => one.Listed is [{ IsWhole: true }, ..])));

    private static Task<Resource> OpenAsync(
        LiveSegments segments, Route route, WebQuery query, QueryParameters parameters)
    {
        switch (route.Kind)
        {
            case ResourceKind.Master:
                return Task.FromResult(OpenIndex(segments, query, "master", ContentTypes.Hls, static (now, wish, child) =>
                    LivePlaylists.DescribeMaster(now, wish, child).WriteTo));
            case ResourceKind.Manifest:
                string second = $"manifest {DateTimeOffset.UtcNow.ToUnixTimeSeconds()}"; // it tells the time
                return Task.FromResult(OpenIndex(segments, query, second, ContentTypes.Dash, static (now, wish, child) =>
                    LiveManifest.Describe(now, wish, child, DateTimeOffset.UtcNow).WriteTo));
            case ResourceKind.Playlist:
                return Task.FromResult(OpenPlaylist(segments, Find(segments, route), query, parameters));
            case ResourceKind.Init:
                return Task.FromResult(OpenInit(segments, route));
            case ResourceKind.Segment or ResourceKind.Part:
                return OpenMediaAsync(segments, Find(segments, route), route, query);
            case ResourceKind.Stream:
                return Task.FromResult(OpenMovie(segments, query));
            default:
                throw new TitleException(TitleError.NotFound, "a live stream has no such resource");
        }
    }

    private static LiveRendition? TryFind(LiveSegments segments, Route route) =>
        segments.Read(now => now.Renditions.FirstOrDefault(one => one.Name == route.Tracks && LivePlaylists.HasParts(one)));

    private static LiveRendition Find(LiveSegments segments, Route route) => TryFind(segments, route)
        ?? throw new TitleException(TitleError.NotFound, "the live stream has no such track");

    /// <summary>A text that names what there is, for a viewer whose id stands in its addresses.</summary>
    private static Resource OpenIndex(
        LiveSegments segments, WebQuery query, string name, string contentType,
        Func<LiveSegments, LiveTracksWish, string, Action<IBufferWriter<byte>>> describe)
    {
        LiveTracksWish wish = LiveTracksWish.Of(query.Wishes);
        string child = query.Viewer is null ? "" : $"?{WebQuery.ViewerWord}={ViewerIds.Placeholder}";
        LiveTexts texts = TextsOf(segments);
        MadeBody body = texts.Get(
            $"{name} {texts.NamesOf(wish)} {child.Length > 0}", now => describe(now, wish, child), namesViewer: true);
        Resource resource = Resource.OfBody(body, contentType, query.CacheControl("no-cache")) with
        {
            Watched = WatchedOf(segments, query) with { IsWatching = false },
        };
        return query.Viewer is { } viewer ? resource.For(viewer) : resource;
    }

    /// <summary>
    /// What has to come before a request can be answered that asks for what is announced: a part, or a playlist with it; null where nothing
    /// has. Until then the request may stay as it was sent, so that who waits costs little.
    /// </summary>
    /// <param name="live">The streams.</param>
    /// <param name="route">What is asked for.</param>
    /// <param name="parameters">The request's.</param>
    public static Task? WhenThere(LiveStreams live, Route route, QueryParameters parameters)
    {
        if (route.Kind is not (ResourceKind.Playlist or ResourceKind.Segment or ResourceKind.Part)
            || (route.Kind == ResourceKind.Playlist ? TryReadAwaited(parameters, out (long Number, int? Part)? read) ? read : null
                : PlaceOf(route)) is not { } place
            || !live.TryGetSegments(route.Title, out LiveSegments? segments) || segments is null
            || TryFind(segments, route) is not { } rendition
            || !segments.Read(now => now.CanReach(rendition, place.Number, place.Part)))
        {
            return null;
        }

        return segments.WhenReached(rendition, place.Number, place.Part, LoopClock.Milliseconds) is { IsCompleted: false } awaited
            ? awaited
            : null;
    }

    private static Resource OpenPlaylist(LiveSegments segments, LiveRendition rendition, WebQuery query, QueryParameters parameters)
    {
        if (!TryReadAwaited(parameters, out (long Number, int? Part)? awaited))
        {
            throw new WrongRequestException("_HLS_msn takes a number, and _HLS_part another one beside it");
        }

        if (awaited is { } place && !segments.Read(now => now.IsEnded || now.CanReach(rendition, place.Number, place.Part)))
        {
            throw new WrongRequestException("what is asked for is too far ahead of the playlist");
        }

        bool isUpdate = parameters.GetValue("_HLS_skip") is "YES" or "v2";
        MadeBody body = TextsOf(segments).Get(
            isUpdate ? rendition.Name + " update" : rendition.Name,
            now => LivePlaylists.HasParts(rendition)
                ? LivePlaylists.DescribeMedia(now, rendition, isUpdate).WriteTo
                : throw new TitleException(TitleError.NotFound, "the live stream is over"));
        return Resource.OfBody(body, ContentTypes.Hls, query.CacheControl(OfPlaylist)) with { Watched = WatchedOf(segments, query) };
    }

    /// <summary>Reads the place that a playlist is asked for with (_HLS_msn, _HLS_part).</summary>
    /// <param name="parameters">The request's.</param>
    /// <param name="place">The place; null where none is asked for.</param>
    /// <returns>Whether it is one, or none.</returns>
    private static bool TryReadAwaited(QueryParameters parameters, out (long Number, int? Part)? place)
    {
        place = null;
        string? number = parameters.GetValue("_HLS_msn");
        string? part = parameters.GetValue("_HLS_part");
        if (number is null)
        {
            return part is null;
        }

        int index = 0;
        bool isRead = long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long segment)
            && (part is null || int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out index));
        place = isRead ? (segment, part is null ? null : index) : null;
        return isRead;
    }

    private static (long Number, int? Part) PlaceOf(Route route) =>
        (route.Index + 1L, route.Kind == ResourceKind.Part ? route.Part : null);

    private static Resource OpenInit(LiveSegments segments, Route route)
    {
        byte[] bytes = segments.Read(now => now.Renditions
            .FirstOrDefault(one => one.Name == route.Tracks)?.FindInit(route.Index + 1)?.Bytes)
            ?? throw new TitleException(TitleError.NotFound, "the live stream has no such init segment, or has none any more");
        return Resource.OfBytes(bytes, ContentTypes.Mp4, $"public, {SegmentMaker.Forever}");
    }

    private static Task<Resource> OpenMediaAsync(LiveSegments segments, LiveRendition rendition, Route route, WebQuery query)
    {
        (long number, int? part) = PlaceOf(route);
        return TryOpen() is { } resource
            ? Task.FromResult(resource)
            : RefuseLaterAsync("the live stream has no such segment or part, or has none any more");

        Resource? TryOpen() => segments.Read(now =>
        {
            LiveSegment? segment = rendition.Find(number);
            if (segment is null || (part is { } index ? index >= segment.Parts.Count : !segment.IsWhole))
            {
                return null;
            }

            PieceList pieces = segment.ToPieces(part);
            EntityTag tag = new(string.Create(CultureInfo.InvariantCulture, $"{rendition.Name}-{number}-{part ?? -1}"));
            return new Resource(
                [], new MadeBody(pieces), new Representation(pieces.Length, tag), ContentTypes.Mp4, $"public, {SegmentMaker.Forever}")
            {
                Hold = segment.Hold(now.Stream.Pages),
                Watched = query.Viewer is null ? null : WatchedOf(segments, query),
            };
        });
    }

    /// <summary>
    /// Refuses what is not there any more, or never will be, after a while: some players ask for one number after the other without a
    /// pause when a stream is over, and would take all that their address may have.
    /// </summary>
    private static async Task<Resource> RefuseLaterAsync(string reason)
    {
        await Task.Delay(RefusalDelay).ConfigureAwait(false);
        throw new TitleException(TitleError.NotFound, reason);
    }

    private static Resource OpenMovie(LiveSegments segments, WebQuery query)
    {
        LiveTracksWish wish = LiveTracksWish.Of(query.Wishes);
        segments.Read(wish.ChooseOne); // refused before anything is said
        return new Resource([], MadeBody.Empty, new Representation(0, null), ContentTypes.Mp4, "no-cache")
        {
            IsEndless = true,
            CreateBody = arrived => new LiveMovie(segments, wish, arrived),
            Watched = WatchedOf(segments, query) with { Protocol = PlayerProtocol.Mp4 },
        };
    }

    private static LiveTexts TextsOf(LiveSegments segments) => Texts.GetValue(segments, static key => new LiveTexts(key));

    private static WatchedPart WatchedOf(LiveSegments segments, WebQuery query) => new(
        new PlayedTitle(segments.Stream.Name, 0, 0), null, query.Viewer,
        WatchedTargets * (long)segments.Lengths.Target.TotalMilliseconds);
}
