using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Server.Files;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http;

/// <summary>
/// The texts that lead to the parts of titles, by the kind that is asked for: playlists, MPDs and subtitles of a film, of a list of films
/// or of several qualities of one. Each is made once for all who ask; what tells viewers apart in it is filled in for each.
/// </summary>
/// <param name="Qualities">What is presented, in each quality; one where there is but one.</param>
/// <param name="Content">What the first file held: with it all that was made of it is over.</param>
/// <param name="Name">Of the title, below the served folder.</param>
/// <param name="Version">What tells versions of it apart in the addresses of its children.</param>
internal sealed record TitleTexts(IReadOnlyList<TitleSequence> Qualities, FileContent Content, string Name, string Version)
{
    /// <summary>Characters that tell the states of other files as they are.</summary>
    private const int MaxStates = 64;

    /// <summary>In what state the other files are; empty where there are none.</summary>
    public string OtherStates { get; init; } = "";

    /// <summary>What viewers of it watch.</summary>
    public required PlayedTitle Played { get; init; }

    /// <summary>Whether its segments name titles of their own, which are what is watched once there are some.</summary>
    public bool IsOfOthers { get; init; }

    /// <summary>Whether the file has grown, or may.</summary>
    public bool IsEvent { get; init; }

    /// <summary>Whether more is being written.</summary>
    public bool IsGrowing { get; init; }

    /// <summary>When the file was written last, where more is being written.</summary>
    public DateTimeOffset Written { get; init; }

    /// <summary>The files that a text is worth nothing without, held for the resource.</summary>
    public ImmutableArray<MediaFile> Files { get; init; } = [];

    /// <summary>Whether a kind is one of these that are about subtitles, too.</summary>
    public static bool NamesSubtitles(ResourceKind kind) => kind is ResourceKind.Master or ResourceKind.Manifest
        or ResourceKind.SubtitlesPlaylist or ResourceKind.Subtitles or ResourceKind.PeriodSubtitles;

    /// <summary>Opens a text.</summary>
    /// <param name="context">What all share.</param>
    /// <param name="route">What is asked for.</param>
    /// <param name="query">What of it.</param>
    /// <param name="cacheControl">How long others may keep it.</param>
    /// <exception cref="TitleException">There is none.</exception>
    public async Task<Resource> OpenAsync(HttpContext context, Route route, WebQuery query, string cacheControl)
    {
        string children = query.ForChild(Version);
        Func<byte[]> write = Find(route, query, children)
            ?? throw new TitleException(TitleError.NotFound, "the title has no such resource");
        bool isSubtitles = route.Kind is ResourceKind.Subtitles or ResourceKind.PeriodSubtitles;
        string what = $"{route.Kind} {route.Quality} {route.Tracks} {route.Index} {IsGrowing} {StatesKey} {Qualities[0].SubtitlesKey} "
            + $"{(isSubtitles ? query.Key : children)} {Name}";

        MadeBody body = await context.MakeAsync(
            new MadeKey(Content, what), Name, () => new MadeBody(write(), namesViewer: !isSubtitles)).ConfigureAwait(false);
        string type = isSubtitles ? ContentTypes.FromName(".vtt")
            : route.Kind == ResourceKind.Manifest ? ContentTypes.Dash : ContentTypes.Hls;
        return new Resource(
            Files, body, new Representation(body.Length, new EntityTag($"{body.Tag:x8}-{body.Length:x}")), type,
            query.CacheControl(cacheControl))
        {
            Watched = isSubtitles || route.Kind == ResourceKind.SubtitlesPlaylist ? null : Watch(context, route, query),
        };
    }

    /// <summary>The states of a list's films are longer than the texts that they are a part of the key of.</summary>
    private string StatesKey => OtherStates.Length <= MaxStates ? OtherStates
        : Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(OtherStates)));

    /// <summary>The target duration of all playlists of segments: those of several qualities have one (RFC 8216, section 6.2.4).</summary>
    private TimeSpan Target => HlsPlaylists.TargetOf(
        Qualities.SelectMany(static one => one.Titles).Max(static one => one.Title.Plan.MaxDuration), IsEvent);

    /// <summary>What of the title a viewer of these texts watches: those that are asked for again and again while they do.</summary>
    private WatchedPart Watch(HttpContext context, Route route, WebQuery query)
    {
        return new WatchedPart(
            Played, route.Kind == ResourceKind.Manifest ? PlayerProtocol.Dash : PlayerProtocol.Hls, query.Viewer,
            (long)Math.Max(Target.TotalMilliseconds, context.SegmentDuration.TotalMilliseconds))
        {
            IsWatching = !context.HasViewerIds || route.Kind is not (ResourceKind.Master or ResourceKind.Manifest),
            IsOfOthers = IsOfOthers,
        };
    }

    /// <summary>The one table of what a kind is written by; null where the title has no such text.</summary>
    private Func<byte[]>? Find(Route route, WebQuery query, string children)
    {
        TitleSequence first = Qualities[0];
        TitleSequence? quality = Qualities.Count == 1 ? (route.Quality == 0 ? first : null)
            : route.Quality >= 1 && route.Quality <= Qualities.Count ? Qualities[route.Quality - 1] : null;
        Subtitles? subtitles = first.Subtitles.FirstOrDefault(one => one.Tag == route.Tracks);
        SegmentedTitle? only = first.Titles is [{ } one] ? one.Title : null;
        TimeSpan start = TimeSpan.FromMilliseconds(query.Wishes.Start);
        return route.Kind switch
        {
            ResourceKind.Master => () => HlsPlaylists.WriteMaster(Qualities, children),
            ResourceKind.Manifest when Qualities.Count == 1 => () => DashManifest.Write(first, IsGrowing ? Written : null),
            ResourceKind.Manifest => () => DashManifest.Write([.. Qualities.Select(static one => one.Titles[0])]),
            ResourceKind.Playlist when quality is not null => () => HlsPlaylists.WriteMedia(quality, route.Tracks, Target, IsEvent),
            ResourceKind.PicturePlaylist when quality is { HasPictures: true } && route.Tracks == quality.PicturesName =>
                () => HlsPlaylists.WritePictures(quality, Target, IsEvent),
            ResourceKind.SubtitlesPlaylist when subtitles is not null => () => HlsPlaylists.WriteSubtitles(first, route.Tracks),
            ResourceKind.Subtitles when subtitles is not null && only is not null && route.Index < only.Plan.Periods =>
                () => subtitles.WriteSegment(only, start, route.Index),
            ResourceKind.PeriodSubtitles when subtitles is not null && only is not null && route.Index < only.Plan.Periods =>
                () => subtitles.WritePeriod(only, start, route.Index),
            _ => null,
        };
    }
}
