using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http;

/// <summary>
/// Makes what is asked for of several qualities of one film, each a file of its own, cut at the same times
/// (docs/adr/0046-qualities-are-files.md).
/// </summary>
/// <param name="context">What all share.</param>
/// <param name="name">The title's path below the served folder.</param>
/// <param name="query">What of it is wanted.</param>
internal sealed class QualitiesMaker(HttpContext context, string name, WebQuery query)
{
    /// <summary>The most qualities; their numbers have one digit in addresses.</summary>
    public const int MaxQualities = 9;

    /// <summary>The qualities that a file lists.</summary>
    /// <param name="context">What all share.</param>
    /// <param name="list">The file.</param>
    /// <exception cref="TitleException">It lists none or too many, or one is not there.</exception>
    public static async Task<List<FoundFile>> ReadAsync(HttpContext context, FoundFile list)
    {
        (IReadOnlyList<PlaylistItem> items, string folder) = await context.Players.Reels.ReadListAsync(list).ConfigureAwait(false);
        if (items.Count > MaxQualities)
        {
            throw new TitleException(TitleError.NotPlayable, $"{items.Count} qualities are listed, {MaxQualities} are the most");
        }

        List<FoundFile> found = [];
        foreach (PlaylistItem item in items)
        {
            PlayName file = PlayName.Parse(folder, item.Name);
            if (item is not { In: null, Out: null } || file.Query.Length > 0)
            {
                throw new TitleException(TitleError.NotPlayable, $"a quality is a whole film, and {item.Name} a piece ({item.Place})");
            }

            found.Add(await context.Titles.Files.FindAsync(file).ConfigureAwait(false));
        }

        return found;
    }

    /// <summary>Opens a resource.</summary>
    /// <param name="route">What is asked for.</param>
    /// <param name="found">The qualities' files.</param>
    /// <exception cref="TitleException">There is none, or the qualities cannot be played together.</exception>
    public async Task<Resource> OpenAsync(Route route, List<FoundFile> found)
    {
        SegmentMaker.RequireEnd(query.Wishes);
        if (route.Kind is ResourceKind.Stream or ResourceKind.Clip)
        {
            throw new TitleException(
                TitleError.NotPlayable, "several qualities play by HLS and DASH, where players choose: ask for one of their files");
        }

        List<MediaFile> files = [];
        try
        {
            foreach (FoundFile one in found)
            {
                files.Add(await context.Titles.Files.OpenAsync(one).ConfigureAwait(false));
            }

            return await OpenAsync(route, files).ConfigureAwait(false);
        }
        finally
        {
            files.ForEach(static file => file.Release());
        }
    }

    private async Task<Resource> OpenAsync(Route route, List<MediaFile> files)
    {
        string version = VersionOf(files);
        SegmentMaker.RequireVersion(query.Version, version);
        AlignedTitles aligned = await AlignAsync(files, version).ConfigureAwait(false);
        string children = query.ForChild(version);
        PlacedTitle[] placed =
        [
            .. aligned.Titles.Select((title, index) => new PlacedTitle(
                title, string.Create(CultureInfo.InvariantCulture, $"q{index + 1}-"), children)),
        ];
        if (SegmentMaker.NamesSubtitles(route.Kind))
        {
            placed[0] = placed[0] with
            {
                PeriodQuery = query.ForStart,
                Subtitles = await Subtitles.FindAsync(context, files[0], Stem + ".mp4").ConfigureAwait(false),
            };
        }

        if (route.Quality > placed.Length || (route.Quality == 0 && IsOfQuality(route.Kind)))
        {
            throw new TitleException(TitleError.NotFound, $"there are {placed.Length} qualities, and not {route.Quality}");
        }

        return IsOfQuality(route.Kind) && route.Kind is not (ResourceKind.Playlist or ResourceKind.PicturePlaylist)
            ? await MakePartAsync(route, files[route.Quality - 1], placed[route.Quality - 1].Title, version).ConfigureAwait(false)
            : await MakeTextAsync(route, placed, children).ConfigureAwait(false);
    }

    /// <summary>The film's name, whose subtitles these are: without its extension, or what says that it lists qualities.</summary>
    private string Stem => PlaylistFile.IsQualities(name)
        ? name[..^PlaylistFile.QualitiesExtension.Length] : Path.ChangeExtension(name, null);

    private static bool IsOfQuality(ResourceKind kind) => kind is ResourceKind.Playlist or ResourceKind.PicturePlaylist
        or ResourceKind.Init or ResourceKind.Segment or ResourceKind.Picture;

    private async Task<Resource> MakePartAsync(Route route, MediaFile file, SegmentedTitle title, string version)
    {
        string what = $"quality {version} {route.Kind} {route.Tracks} {route.Index} {query.Key}";
        MadeKey key = new(file.Content, what);
        MadeBody body = context.Made.Find<MadeBody>(key)
            ?? await ComputeAsync(() => context.Made.Add(key, new MadeBody(MakePart(route, title)))).ConfigureAwait(false);
        if (!file.TryAcquire())
        {
            throw new TitleException(TitleError.Unavailable, "the file was closed meanwhile: try again");
        }

        return new Resource(
            [file], body, new Representation(body.Length, new EntityTag($"{version}-{Crc32C.Of(Encoding.UTF8.GetBytes(what)):x8}")),
            route.Tracks[0] == 'v' ? ContentTypes.Mp4 : "audio/mp4",
            query.CacheControl(query.Version is null ? "no-cache" : SegmentMaker.Forever))
        {
            Watched = new WatchedPart(
                new PlayedTitle(name, (long)title.Duration.TotalMilliseconds, file.Identity.Length), null, query.Viewer,
                (long)HlsPlaylists.TargetOf(title.Plan.MaxDuration, isEvent: false).TotalMilliseconds)
            {
                Times = route.Kind == ResourceKind.Segment
                    ? (query.Wishes.Start + title.GetTime(route.Index), query.Wishes.Start + title.GetTime(route.Index + 1))
                    : null,
            },
        };
    }

    private static PieceList MakePart(Route route, SegmentedTitle title)
    {
        Rendition rendition = title.Get(route.Tracks);
        switch (route.Kind)
        {
            case ResourceKind.Init:
                SegmentMaker.RequireBelow(route.Index, title.Plan.Periods);
                return new PieceList.Builder().Add(rendition.CreateInit(route.Index)).Build();
            case ResourceKind.Segment:
                SegmentMaker.RequireBelow(route.Index, rendition.Count);
                return rendition.CreateSegment(route.Index);
            default:
                RenditionPictures? pictures = route.Tracks == title.Tracks[0].Name ? title.GetPictures() : null;
                SegmentMaker.RequireBelow(route.Index, pictures?.Count ?? 0);
                return pictures!.Create(route.Index);
        }
    }

    private async Task<Resource> MakeTextAsync(Route route, PlacedTitle[] placed, string children)
    {
        byte[] bytes = await ComputeAsync(() => Write(route, placed, children)).ConfigureAwait(false);
        string type = route.Kind switch
        {
            ResourceKind.Manifest => ContentTypes.Dash,
            ResourceKind.Subtitles or ResourceKind.PeriodSubtitles => ContentTypes.FromName(".vtt"),
            _ => ContentTypes.Hls,
        };
        return Resource.OfBytes(bytes, type, query.CacheControl(SegmentMaker.OfPlaylist));
    }

    private byte[] Write(Route route, PlacedTitle[] placed, string children)
    {
        TitleSequence OfQuality(int index) => new(placed[index]) { Prefix = placed[index].Address };
        Subtitles? subtitles = placed[0].Subtitles.FirstOrDefault(one => one.Tag == route.Tracks);
        TimeSpan start = TimeSpan.FromMilliseconds(query.Wishes.Start);
        return route.Kind switch
        {
            ResourceKind.Master => HlsPlaylists.WriteMaster([.. placed.Select((_, index) => OfQuality(index))], children),
            ResourceKind.Manifest => DashManifest.Write(placed),
            ResourceKind.Playlist => HlsPlaylists.WriteMedia(OfQuality(route.Quality - 1), route.Tracks, isEvent: false),
            ResourceKind.PicturePlaylist => HlsPlaylists.WritePictures(OfQuality(route.Quality - 1), isEvent: false),
            ResourceKind.SubtitlesPlaylist when subtitles is not null =>
                HlsPlaylists.WriteSubtitles(new TitleSequence(placed[0]), route.Tracks),
            ResourceKind.Subtitles when subtitles is not null && route.Index == 0 => subtitles.WriteSegment(placed[0].Title, start, 0),
            ResourceKind.PeriodSubtitles when subtitles is not null && route.Index == 0 => subtitles.WritePeriod(placed[0].Title, start, 0),
            _ => throw new TitleException(TitleError.NotFound, "the title has no such resource"),
        };
    }

    private async Task<AlignedTitles> AlignAsync(List<MediaFile> files, string version)
    {
        FileContent[] contents = [.. files.Select(static file => file.Content)];
        string others = string.Join(' ', contents.Skip(1).Select(static content => RuntimeHelpers.GetHashCode(content)));
        MadeKey key = new(contents[0], $"qualities {version} {others} {query.Key}");
        return context.Made.Find<AlignedTitles>(key) is { } made
            && made.Contents.Zip(contents).All(static pair => ReferenceEquals(pair.First, pair.Second))
            ? made
            : await ComputeAsync(() => context.Made.Add(key, new AlignedTitles(
                [.. contents], SegmentedTitle.CreateAligned(contents, query.Wishes, context.SegmentDuration)))).ConfigureAwait(false);
    }

    private Task<T> ComputeAsync<T>(Func<T> make) => context.Titles.Files.RunAsync($"qualities {name}", _ =>
    {
        using FileWork.ProcessorUse use = FileWork.Compute(CancellationToken.None);
        return make();
    });

    private static string VersionOf(List<MediaFile> files)
    {
        string text = string.Join(' ', files.Select(
            static file => $"{file.Identity.FileId} {file.Identity.LastWriteTicks} {file.Identity.Length}"));
        return string.Create(CultureInfo.InvariantCulture, $"{Crc32C.Of(Encoding.UTF8.GetBytes(text)):x8}{files.Count}");
    }

    /// <summary>Qualities that were cut at the same times.</summary>
    /// <param name="Contents">What their files held.</param>
    /// <param name="Titles">One for each.</param>
    private sealed record AlignedTitles(ImmutableArray<FileContent> Contents, ImmutableArray<SegmentedTitle> Titles) : IDerived
    {
        public long ByteSize => Titles.Sum(static title => title.ByteSize);
    }
}
