using System.Collections.Immutable;
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
/// <param name="name">The film's path below the served folder, by which it was asked for.</param>
/// <param name="query">What of it is wanted.</param>
internal sealed class SegmentMaker(HttpContext context, MediaFile file, string name, WebQuery query)
{
    /// <summary>
    /// How long nobody may have written a film that has no whole segment yet before what there is counts as whole: it may be a short one
    /// that was put there just now.
    /// </summary>
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(6);

    /// <summary>How long others may keep what has its version in its address.</summary>
    public const string Forever = "max-age=31536000, immutable";

    /// <summary>How long others may keep a playlist of what does not grow.</summary>
    public const string OfPlaylist = "max-age=60";
    private const string OfGrowingPlaylist = "max-age=2";

    private readonly FileContent _content = file.Content;

    /// <summary>
    /// What tells versions of the film apart in the addresses of its segments. A film that can grow keeps it: what is added changes nothing
    /// of what was there, and players go on with the playlist that they have.
    /// </summary>
    public string Version => _content.Movie.MayGrow
        ? string.Create(CultureInfo.InvariantCulture, $"{Crc32C.Of(Encoding.ASCII.GetBytes($"{_content.Identity.FileId}")):x8}")
        : string.Create(CultureInfo.InvariantCulture, $"{_content.Identity.LastWriteTicks:x}{_content.Identity.Length:x}");

    /// <summary>The film where a playlist of several names its segments.</summary>
    /// <param name="address">Of the film, seen from the playlist.</param>
    /// <param name="hasSubtitles">Whether its subtitles are wanted.</param>
    /// <exception cref="TitleException">It cannot be sent so.</exception>
    public async Task<PlacedTitle> PlaceAsync(string address, bool hasSubtitles) => await PlaceAsync(
        await CutAsync(_content.IsBeingWritten).ConfigureAwait(false), address, hasSubtitles).ConfigureAwait(false);

    /// <summary>Refuses what only a stream can do.</summary>
    /// <exception cref="TitleException">It was asked for.</exception>
    public static void RequireEnd(PlayQuery wishes)
    {
        if (wishes.Loops)
        {
            throw new TitleException(TitleError.NotPlayable, "?loop=1 takes a stream: segments and files have an end");
        }
    }

    /// <summary>Refuses what was asked for by a playlist of another version.</summary>
    /// <param name="wanted">In the address; null for any.</param>
    /// <param name="now">Of the title.</param>
    /// <exception cref="TitleException">It was.</exception>
    public static void RequireVersion(string? wanted, string now)
    {
        if (wanted is not null && wanted != now)
        {
            throw new TitleException(TitleError.NotFound, "the title has changed since its playlist was read");
        }
    }

    /// <summary>Opens a resource.</summary>
    /// <returns>The resource; null for a playlist or stream of a film that is being written and has no whole segment yet.</returns>
    /// <exception cref="TitleException">There is none.</exception>
    public async Task<Resource?> OpenAsync(Route route)
    {
        RequireEnd(query.Wishes);
        RequireVersion(query.Version, Version);

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
        PlacedTitle placed = await PlaceAsync(title, "", NamesSubtitles(route.Kind)).ConfigureAwait(false);
        TitleSequence sequence = new(placed);
        bool isEvent = _content.Movie.MayGrow && query.Wishes.End is null;
        string ofPlaylist = isGrowing ? OfGrowingPlaylist : OfPlaylist;
        Resource resource = route.Kind switch
        {
            ResourceKind.Stream => await MakeWholeAsync(
                $"stream {isGrowing}", () => new MadeBody(new FragmentedFile(title.Get(title.MainName)))).ConfigureAwait(false),
            ResourceKind.Manifest => await MakeTextAsync(
                $"mpd {isGrowing} {children} {sequence.SubtitlesKey}", () => DashManifest.Write(sequence, Written), ofPlaylist,
                ContentTypes.Dash).ConfigureAwait(false),
            ResourceKind.Master => await MakeTextAsync(
                $"master {isGrowing} {children} {sequence.SubtitlesKey}",
                () => HlsPlaylists.WriteMaster([sequence], children), ofPlaylist).ConfigureAwait(false),
            ResourceKind.Playlist => await MakeTextAsync(
                $"playlist {isGrowing} {route.Tracks} {children}",
                () => HlsPlaylists.WriteMedia(sequence, route.Tracks, isEvent), ofPlaylist).ConfigureAwait(false),
            ResourceKind.PicturePlaylist => await MakeTextAsync(
                $"pictures {isGrowing} {children}",
                () => HlsPlaylists.WritePictures(sequence, isEvent), ofPlaylist).ConfigureAwait(false),
            ResourceKind.SubtitlesPlaylist when placed.Subtitles.Any(one => one.Tag == route.Tracks) => await MakeTextAsync(
                $"playlist {route.Kind} {route.Tracks} {children}",
                () => HlsPlaylists.WriteSubtitles(sequence, route.Tracks), ofPlaylist).ConfigureAwait(false),
            ResourceKind.SubtitlesPlaylist or ResourceKind.Subtitles or ResourceKind.PeriodSubtitles =>
                await MakeSubtitlesAsync(route, placed).ConfigureAwait(false),
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
        bool isText = route.Kind is ResourceKind.SubtitlesPlaylist or ResourceKind.Subtitles or ResourceKind.PeriodSubtitles;
        return isText ? resource
            : resource with { Watched = Watch(route, title), IsGrowing = isGrowing && route.Kind == ResourceKind.Stream };
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

    /// <summary>Whether a resource is about subtitles, too.</summary>
    public static bool NamesSubtitles(ResourceKind kind) => kind is ResourceKind.Master or ResourceKind.Manifest
        or ResourceKind.SubtitlesPlaylist or ResourceKind.Subtitles or ResourceKind.PeriodSubtitles;

    /// <summary>
    /// What can grow has no subtitles: all playlists of an EVENT have one target duration (RFC 8216, section 6.2.4), and these have one
    /// segment.
    /// </summary>
    private async Task<PlacedTitle> PlaceAsync(SegmentedTitle title, string address, bool hasSubtitles) =>
        new(title, address, query.ForChild(Version))
        {
            PeriodQuery = query.ForStart,
            Subtitles = hasSubtitles && !_content.Movie.MayGrow ? await Subtitles.FindAsync(context, file, name).ConfigureAwait(false) : [],
        };

    private Task<Resource> MakeSubtitlesAsync(Route route, PlacedTitle placed)
    {
        Subtitles subtitles = placed.Subtitles.FirstOrDefault(one => one.Tag == route.Tracks)
            ?? throw new TitleException(TitleError.NotFound, "the title has no such subtitles");
        RequireBelow(route.Index, placed.Title.Plan.Periods);
        TimeSpan start = TimeSpan.FromMilliseconds(query.Wishes.Start);
        return MakeTextAsync(
            $"{route.Kind} {route.Tracks} {route.Index} {subtitles.Version} {query.Key}",
            () => route.Kind == ResourceKind.Subtitles
                ? subtitles.WriteSegment(placed.Title, start, route.Index) : subtitles.WritePeriod(placed.Title, start, route.Index),
            OfPlaylist, ContentTypes.FromName(".vtt"));
    }

    private DateTimeOffset Written => new(Math.Clamp(_content.Identity.LastWriteTicks, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);

    private Task<SegmentedTitle> CutAsync(bool isGrowing) => FindAsync(
        $"segments {isGrowing} {query.Key}",
        () => SegmentedTitle.Create(_content, query.Wishes, context.SegmentDuration, isGrowing));

    /// <summary>Refuses a number that is not there.</summary>
    /// <param name="index">Counted from 0.</param>
    /// <param name="count">How many there are.</param>
    /// <exception cref="TitleException">It was.</exception>
    public static void RequireBelow(int index, int count)
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
        return new Resource([file], body, new Representation(body.Length, tag), ContentTypes.Mp4, CacheControl("no-cache"));
    }

    private PieceList MakeClip()
    {
        PlayQuery wishes = query.Wishes;
        try
        {
            ImmutableArray<WebTrack> tracks = WebTracks.Choose(_content.Movie, wishes);
            (TimeSpan? start, TimeSpan? end) = SegmentedTitle.TimesOf(tracks, wishes);
            return ClipFile.Create(tracks.Select(static track => track.Track), start, end);
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
            [file], body, new Representation(body.Length, tag), route.Tracks[0] == 'v' ? ContentTypes.Mp4 : "audio/mp4",
            CacheControl(query.Version is null ? "no-cache" : Forever));
    }

    private async Task<Resource> MakeTextAsync(string what, Func<byte[]> make, string cacheControl, string contentType = ContentTypes.Hls)
    {
        // What is made for one viewer is asked for by that viewer alone: it is not worth its place.
        MadeBody body = query.Viewer is null
            ? await FindAsync(what, () => new MadeBody(make())).ConfigureAwait(false)
            : await context.Titles.Files.RunAsync($"segments {file.Name}", _ => new MadeBody(make())).ConfigureAwait(false);
        return new Resource(
            [file], body, new Representation(body.Length, new EntityTag($"{body.Tag:x8}-{body.Length:x}")), contentType,
            CacheControl(cacheControl));
    }

    private string CacheControl(string rule) => query.CacheControl(rule);

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
