using System.Globalization;
using System.Text;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http;

/// <summary>
/// Makes what is asked for of a film's segments, or finds what was made before. Plans and headers are made on threads of the catalogue:
/// of a long film they take milliseconds.
/// </summary>
/// <param name="context">What all share.</param>
/// <param name="file">Held by the caller.</param>
/// <param name="query">What of it is wanted.</param>
internal sealed class SegmentMaker(HttpContext context, MediaFile file, WebQuery query)
{
    /// <summary>
    /// How long nobody may have written a film that has no whole segment yet before what there is counts as whole: it may be a short one
    /// that was put there just now.
    /// </summary>
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(6);

    private const string Forever = "max-age=31536000, immutable";
    private const string OfPlaylist = "max-age=60";
    private const string OfGrowingPlaylist = "max-age=2";

    private readonly FileContent _content = file.Content;

    /// <summary>
    /// What tells versions of the film apart in the addresses of its segments. A film that can grow keeps it: what is added changes nothing
    /// of what was there, and players go on with the playlist that they have.
    /// </summary>
    private string Version => _content.Movie.MayGrow
        ? string.Create(CultureInfo.InvariantCulture, $"{Crc32C.Of(Encoding.ASCII.GetBytes($"{_content.Identity.FileId}")):x8}")
        : string.Create(CultureInfo.InvariantCulture, $"{_content.Identity.LastWriteTicks:x}{_content.Identity.Length:x}");

    /// <summary>Opens a resource.</summary>
    /// <returns>The resource; null for a playlist or stream of a film that is being written and has no whole segment yet.</returns>
    /// <exception cref="TitleException">There is none.</exception>
    public async Task<Resource?> OpenAsync(Route route)
    {
        if (query.Wishes.Loops)
        {
            throw new TitleException(TitleError.NotPlayable, "?loop=1 takes a stream: segments and files have an end");
        }

        if (query.Version is { } version && version != Version)
        {
            throw new TitleException(TitleError.NotFound, "the title has changed since its playlist was read");
        }

        if (route.Kind == ResourceKind.Clip)
        {
            return await MakeWholeAsync("clip", () => new MadeBody(MakeClip())).ConfigureAwait(false) with { Watched = Watch(route, null) };
        }

        TimeSpan age = _content.Age;
        bool isGrowing = _content.IsBeingWritten && (route.Kind != ResourceKind.Stream || query.Wishes.End is null);
        if (isGrowing && route.HasSegments && _content.Samples == 0)
        {
            return null; // its head alone was written yet
        }

        SegmentedTitle title = await CutAsync(isGrowing).ConfigureAwait(false);
        if (isGrowing && title.Plan.Count == 0)
        {
            if (age < QuietTime && route.HasSegments)
            {
                return null; // players take a playlist without segments for a film that cannot be played
            }

            isGrowing = age < QuietTime;
            title = await CutAsync(isGrowing).ConfigureAwait(false);
        }

        string children = query.ForChild(Version);
        bool isEvent = _content.Movie.MayGrow && query.Wishes.End is null;
        string ofPlaylist = isGrowing ? OfGrowingPlaylist : OfPlaylist;
        Resource resource = route.Kind switch
        {
            ResourceKind.Stream => await MakeWholeAsync(
                $"stream {isGrowing}", () => new MadeBody(new FragmentedFile(title.Get(title.MainName)))).ConfigureAwait(false),
            ResourceKind.Manifest => await MakeTextAsync(
                $"mpd {isGrowing} {children}", () => DashManifest.Write(title, children, Written), ofPlaylist, ContentTypes.Dash)
                .ConfigureAwait(false),
            ResourceKind.Master => await MakeTextAsync(
                $"master {isGrowing} {children}", () => HlsPlaylists.WriteMaster(title, children), ofPlaylist).ConfigureAwait(false),
            ResourceKind.Playlist => await MakeTextAsync(
                $"playlist {isGrowing} {route.Tracks} {children}",
                () => HlsPlaylists.WriteMedia(title, route.Tracks, children, isEvent), ofPlaylist).ConfigureAwait(false),
            ResourceKind.PicturePlaylist => await MakeTextAsync(
                $"pictures {isGrowing} {children}",
                () => HlsPlaylists.WritePictures(title, children, isEvent), ofPlaylist).ConfigureAwait(false),
            ResourceKind.Init => await MakeAsync(route, () =>
            {
                Rendition rendition = title.Get(route.Tracks);
                RequireBelow(route.Index, title.Plan.Periods);
                return new PieceList.Builder().Add(rendition.CreateInit(route.Index)).Build();
            }).ConfigureAwait(false),
            ResourceKind.Segment => await MakeAsync(route, () =>
            {
                Rendition rendition = title.Get(route.Tracks);
                RequireBelow(route.Index, rendition.Count);
                return rendition.CreateSegment(route.Index);
            }).ConfigureAwait(false),
            _ => await MakeAsync(route, () =>
            {
                RenditionPictures? pictures = title.HasPictures && route.Tracks == title.Tracks[0].Name ? title.GetPictures() : null;
                RequireBelow(route.Index, pictures?.Count ?? 0);
                return pictures!.Create(route.Index);
            }).ConfigureAwait(false),
        };
        return resource with { Watched = Watch(route, title), IsGrowing = isGrowing && route.Kind == ResourceKind.Stream };
    }

    /// <summary>What somebody watches who reads a file as it is.</summary>
    public static WatchedPart WatchedOf(HttpContext context, MediaFile file) =>
        new(TitleOf(file, file.Content), PlayerProtocol.File, null, (long)context.SegmentDuration.TotalMilliseconds);

    private static PlayedTitle TitleOf(MediaFile file, FileContent content) =>
        new(file.Name, (long)content.Movie.Duration.TotalMilliseconds, content.Identity.Length);

    /// <summary>What of the film a request is for.</summary>
    private WatchedPart Watch(Route route, SegmentedTitle? title)
    {
        PlayerProtocol? protocol = route.Kind switch
        {
            ResourceKind.Clip or ResourceKind.Stream => PlayerProtocol.Mp4,
            ResourceKind.Manifest => PlayerProtocol.Dash,
            ResourceKind.Master or ResourceKind.Playlist or ResourceKind.PicturePlaylist => PlayerProtocol.Hls,
            _ => null,
        };
        TimeSpan target = HlsPlaylists.TargetOf(title?.Plan.MaxDuration ?? TimeSpan.Zero, _content.Movie.MayGrow);
        return new WatchedPart(
            TitleOf(file, _content), protocol, query.Viewer,
            (long)Math.Max(target.TotalMilliseconds, context.SegmentDuration.TotalMilliseconds))
        {
            IsWatching = !context.HasViewerIds || route.Kind is not (ResourceKind.Master or ResourceKind.Manifest),
            Times = route.Kind == ResourceKind.Segment
                ? (query.Wishes.Start + title!.GetTime(route.Index), query.Wishes.Start + title.GetTime(route.Index + 1))
                : null,
        };
    }

    private DateTimeOffset Written => new(Math.Clamp(_content.Identity.LastWriteTicks, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);

    private Task<SegmentedTitle> CutAsync(bool isGrowing) => FindAsync(
        $"segments {isGrowing} {query.Key}",
        () => SegmentedTitle.Create(_content, query.Wishes, context.SegmentDuration, isGrowing));

    private static void RequireBelow(int index, int count)
    {
        if (index >= count)
        {
            throw new TitleException(TitleError.NotFound, $"there are {count} of these, and not {index + 1}");
        }
    }

    /// <summary>A file that is made of the film, as it is now.</summary>
    private async Task<Resource> MakeWholeAsync(string kind, Func<MadeBody> make)
    {
        string what = $"{kind} {query.Key}";
        MadeBody body = await FindAsync(what, make).ConfigureAwait(false);
        EntityTag tag = new($"{Version}-{Crc32C.Of(Encoding.UTF8.GetBytes(what)):x8}-{body.Length:x}");
        return new Resource(file, body, new Representation(body.Length, tag), ContentTypes.Mp4, CacheControl("no-cache"));
    }

    private PieceList MakeClip()
    {
        PlayQuery wishes = query.Wishes;
        try
        {
            return ClipFile.Create(
                WebTracks.Choose(_content.Movie, wishes).Select(static track => track.Track),
                wishes.Start == 0 ? null : TimeSpan.FromMilliseconds(wishes.Start),
                wishes.End is { } end ? TimeSpan.FromMilliseconds(end) : null);
        }
        catch (Mp4WritingException exception)
        {
            throw new TitleException(TitleError.NotPlayable, exception.Message, exception);
        }
    }

    private async Task<Resource> MakeAsync(Route route, Func<PieceList> make)
    {
        string what = $"{route.Kind} {route.Tracks} {route.Index} {query.Key}";
        MadeBody body = await FindAsync(what, () => new MadeBody(make())).ConfigureAwait(false);
        EntityTag tag = new($"{Version}-{Crc32C.Of(Encoding.UTF8.GetBytes(what)):x8}");
        return new Resource(
            file, body, new Representation(body.Length, tag), route.Tracks[0] == 'v' ? ContentTypes.Mp4 : "audio/mp4",
            CacheControl(query.Version is null ? "no-cache" : Forever));
    }

    private async Task<Resource> MakeTextAsync(string what, Func<byte[]> make, string cacheControl, string contentType = ContentTypes.Hls)
    {
        // What is made for one viewer is asked for by that viewer alone: it is not worth its place.
        MadeBody body = query.Viewer is null
            ? await FindAsync(what, () => new MadeBody(make())).ConfigureAwait(false)
            : await context.Titles.Files.RunAsync($"segments {file.Name}", _ => new MadeBody(make())).ConfigureAwait(false);
        return new Resource(
            file, body, new Representation(body.Length, new EntityTag($"{body.Tag:x8}-{body.Length:x}")), contentType,
            CacheControl(cacheControl));
    }

    private string CacheControl(string rule) => query.Viewer is null ? $"public, {rule}" : $"private, {rule}";

    private async Task<T> FindAsync<T>(string what, Func<T> make)
        where T : class, IDerived
    {
        MadeKey key = new(_content, what);
        if (context.Made.Find<T>(key) is { } made)
        {
            return made;
        }

        return await context.Titles.Files.RunAsync($"segments {file.Name}", _ =>
        {
            using FileWork.ProcessorUse use = FileWork.Compute(CancellationToken.None);
            return context.Made.Find<T>(key) ?? context.Made.Add(key, make());
        }).ConfigureAwait(false);
    }
}
