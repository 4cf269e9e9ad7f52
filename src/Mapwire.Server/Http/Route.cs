using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Mapwire.Http.Targets;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Http;

/// <summary>What of a title a path asks for.</summary>
internal enum ResourceKind
{
    /// <summary>The file itself, byte for byte: the title's own path.</summary>
    File,

    /// <summary>The titles of a folder, as JSON: the folder's own path, which ends in '/'.</summary>
    Listing,

    /// <summary>A page with a player: the title's own path with a '/' behind it.</summary>
    Page,

    /// <summary>The HLS master playlist: <c>index.m3u8</c>.</summary>
    Master,

    /// <summary>The HLS playlist of some tracks: <c>v1a1.m3u8</c>.</summary>
    Playlist,

    /// <summary>The HLS playlist of key pictures: <c>v1-pictures.m3u8</c>.</summary>
    PicturePlaylist,

    /// <summary>What a decoder needs first: <c>v1a1-init-1.mp4</c>, of the first period.</summary>
    Init,

    /// <summary>A segment: <c>v1a1-1.m4s</c>, the first.</summary>
    Segment,

    /// <summary>A part of a segment of a live stream: <c>v1-1-part-1.m4s</c>, the first of the first.</summary>
    Part,

    /// <summary>A key picture: <c>v1-picture-1.m4s</c>, the first.</summary>
    Picture,

    /// <summary>The HLS playlist of subtitles: <c>subtitles-de.m3u8</c>.</summary>
    SubtitlesPlaylist,

    /// <summary>The subtitles of a period at the film's times: <c>subtitles-de-1.vtt</c>, of the first.</summary>
    Subtitles,

    /// <summary>The subtitles of a period at its own times: <c>subtitles-de-period-1.vtt</c>, of the first.</summary>
    PeriodSubtitles,

    /// <summary>The DASH description: <c>manifest.mpd</c>.</summary>
    Manifest,

    /// <summary>All of it as one fragmented MP4: <c>stream.mp4</c>.</summary>
    Stream,

    /// <summary>A piece of it as a file of its own: <c>clip.mp4</c>.</summary>
    Clip,

    /// <summary>All of it as one FLV stream, by HTTP or WebSocket.</summary>
    Flv,
}

/// <summary>What a path asks for.</summary>
/// <param name="Kind">What of the title.</param>
/// <param name="Title">The title's path below the served folder, or the folder's; whether there is one is not known yet.</param>
/// <param name="Tracks">The names of the tracks, such as <c>v1a1</c>, or the language of subtitles; empty where it is about none.</param>
/// <param name="Index">The number of the period, segment or picture, from 0.</param>
/// <param name="Quality">The number of the quality, from 1; 0 where the path names none.</param>
internal sealed record Route(ResourceKind Kind, string Title, string Tracks = "", int Index = 0, int Quality = 0)
{
    private const string SubtitlesPrefix = "subtitles-";
    private const string PartWord = "-part-";

    /// <summary>The number of the part, from 0, where it is one.</summary>
    public int Part { get; init; }

    /// <summary>What it asks for of a live stream, where there is no such file; null where it can be nothing of one.</summary>
    public Route? OfLive { get; init; }

    /// <summary>Whether it names segments, or is all of them: without a first one there is nothing to answer.</summary>
    public bool HasSegments => Kind is ResourceKind.Master or ResourceKind.Playlist or ResourceKind.PicturePlaylist or ResourceKind.Manifest
        or ResourceKind.Stream;

    private static readonly SearchValues<char> TrackCharacters = SearchValues.Create("va0123456789");

    /// <summary>
    /// Finds what a path asks for: <c>/APPLICATION/TITLE</c>, <c>/APPLICATION/TITLE/RESOURCE</c> or <c>/APPLICATION/FOLDER/</c>.
    /// </summary>
    /// <remarks>
    /// Where the part before the last '/' is named as a title, the last is a resource of it where it is named as one; else it may be a
    /// title in a folder that is named as a film.
    /// </remarks>
    /// <param name="target">The target.</param>
    /// <param name="application">The first segment of every path.</param>
    /// <param name="isLive">Whether a name is that of a live stream now; null where there are none.</param>
    /// <param name="route">The route.</param>
    /// <returns>Whether such a path can lead to anything.</returns>
    public static bool TryFind(
        RequestTarget target, string application, Func<string, bool>? isLive, [NotNullWhen(true)] out Route? route)
    {
        route = null;
        ReadOnlySpan<char> path = target.Path.AsSpan(1);
        if (!path.StartsWith(application, StringComparison.Ordinal) || path.Length < application.Length + 1
            || path[application.Length] != '/')
        {
            return false;
        }

        string title = path[(application.Length + 1)..].ToString();
        int slash = title.LastIndexOf('/');
        if (slash == title.Length - 1) // the application's own path has none
        {
            title = title.TrimEnd('/');
            bool isTitle = TitleName.HasTitleExtension(title) || isLive?.Invoke(title) is true;
            route = new Route(isTitle ? ResourceKind.Page : ResourceKind.Listing, title);
            return true;
        }

        bool isBelowTitle = slash > 0
            && (TitleName.HasTitleExtension(title.AsSpan(0, slash)) || isLive?.Invoke(title[..slash]) is true);
        route = isBelowTitle ? OfResource(title[..slash], title[(slash + 1)..]) : null;
        if (route is null && (!isBelowTitle || TitleName.HasTitleExtension(title)))
        {
            route = new Route(ResourceKind.File, title)
            {
                OfLive = slash > 0 && !isBelowTitle ? OfResource(title[..slash], title[(slash + 1)..]) : null,
            };
        }

        return route is not null;
    }

    /// <summary>Whether a name is that of something that titles and live streams have below their own path.</summary>
    public static bool IsResource(string name) => OfResource("", name) is not null;

    private static Route? OfResource(string title, string name) => name switch
    {
        ['q', >= '1' and <= '9', '-', ..] => OfResource(title, name[3..]) is { Quality: 0 } route
            && route.Kind is ResourceKind.Playlist or ResourceKind.PicturePlaylist or ResourceKind.Init or ResourceKind.Segment
            or ResourceKind.Picture ? route with { Quality = name[1] - '0' } : null,
        "index.m3u8" => new Route(ResourceKind.Master, title),
        "manifest.mpd" => new Route(ResourceKind.Manifest, title),
        "stream.mp4" => new Route(ResourceKind.Stream, title),
        "clip.mp4" => new Route(ResourceKind.Clip, title),
        "stream.flv" => new Route(ResourceKind.Flv, title),
        _ when Split(name, "-pictures.m3u8") is { } tracks => new Route(ResourceKind.PicturePlaylist, title, tracks),
        _ when name.StartsWith(SubtitlesPrefix, StringComparison.Ordinal) => OfSubtitles(title, name[SubtitlesPrefix.Length..]),
        _ when Split(name, ".m3u8") is { } tracks => new Route(ResourceKind.Playlist, title, tracks),
        _ when SplitNumber(name, "-init-", ".mp4") is ({ } tracks, int period) => new Route(ResourceKind.Init, title, tracks, period),
        _ when SplitNumber(name, "-picture-", ".m4s") is ({ } tracks, int picture) =>
            new Route(ResourceKind.Picture, title, tracks, picture),
        _ when name.Contains(PartWord, StringComparison.Ordinal) => OfPart(title, name),
        _ when SplitNumber(name, "-", ".m4s") is ({ } tracks, int segment) => new Route(ResourceKind.Segment, title, tracks, segment),
        _ => null,
    };

    private static Route? OfPart(string title, string name)
    {
        const string suffix = ".m4s";
        int at = name.LastIndexOf(PartWord, StringComparison.Ordinal);
        return name.EndsWith(suffix, StringComparison.Ordinal) && at + PartWord.Length < name.Length - suffix.Length
            && NumberOf(name.AsSpan()[(at + PartWord.Length)..^suffix.Length]) is { } part
            && SplitNumber(name[..at] + suffix, "-", suffix) is ({ } tracks, int segment)
            ? new Route(ResourceKind.Part, title, tracks, segment) { Part = part - 1 }
            : null;
    }

    private static Route? OfSubtitles(string title, string name)
    {
        if (name.EndsWith(".m3u8", StringComparison.Ordinal))
        {
            string language = name[..^".m3u8".Length];
            return SubtitleNames.IsTag(language) ? new Route(ResourceKind.SubtitlesPlaylist, title, language) : null;
        }

        int at = name.LastIndexOf('-');
        if (at <= 0 || !name.EndsWith(".vtt", StringComparison.Ordinal)
            || NumberOf(name.AsSpan()[(at + 1)..^".vtt".Length]) is not { } number)
        {
            return null;
        }

        const string ofPeriod = "-period";
        string tag = name[..at];
        bool isOfPeriod = tag.EndsWith(ofPeriod, StringComparison.Ordinal);
        tag = isOfPeriod ? tag[..^ofPeriod.Length] : tag;
        return SubtitleNames.IsTag(tag)
            ? new Route(isOfPeriod ? ResourceKind.PeriodSubtitles : ResourceKind.Subtitles, title, tag, number - 1)
            : null;
    }

    private static string? Split(string name, string suffix) =>
        name.EndsWith(suffix, StringComparison.Ordinal) && IsTracks(name.AsSpan(0, name.Length - suffix.Length))
            ? name[..^suffix.Length]
            : null;

    /// <summary>Tracks and a number that is written in one way only: no sign, no leading zero.</summary>
    private static (string Tracks, int Index)? SplitNumber(string name, string separator, string suffix)
    {
        int at = name.IndexOf(separator, StringComparison.Ordinal);
        if (at <= 0 || !name.EndsWith(suffix, StringComparison.Ordinal) || !IsTracks(name.AsSpan(0, at)))
        {
            return null;
        }

        int from = at + separator.Length;
        return from < name.Length - suffix.Length && NumberOf(name.AsSpan(from, name.Length - suffix.Length - from)) is { } number
            ? (name[..at], number - 1)
            : null;
    }

    private static int? NumberOf(ReadOnlySpan<char> text) =>
        text.Length > 0 && text[0] != '0' && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : null;

    private static bool IsTracks(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= 16 && text[0] is 'v' or 'a' && !text.ContainsAnyExcept(TrackCharacters);
}
