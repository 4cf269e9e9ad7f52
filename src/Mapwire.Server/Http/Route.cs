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

    /// <summary>A key picture: <c>v1-picture-1.m4s</c>, the first.</summary>
    Picture,

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
/// <param name="Title">The title's path below the served folder; whether there is one is not known yet.</param>
/// <param name="Tracks">The names of the tracks, such as <c>v1a1</c>; empty where it is not about some of them.</param>
/// <param name="Index">The number of the period, segment or picture, from 0.</param>
internal sealed record Route(ResourceKind Kind, string Title, string Tracks = "", int Index = 0)
{
    /// <summary>Whether it names segments, or is all of them: without a first one there is nothing to answer.</summary>
    public bool HasSegments => Kind is ResourceKind.Master or ResourceKind.Playlist or ResourceKind.PicturePlaylist or ResourceKind.Manifest
        or ResourceKind.Stream;

    private static readonly SearchValues<char> TrackCharacters = SearchValues.Create("va0123456789");

    /// <summary>Finds what a path asks for: <c>/APPLICATION/TITLE</c> or <c>/APPLICATION/TITLE/RESOURCE</c>.</summary>
    /// <remarks>
    /// Where the part before the last '/' is named as a title, the last is a resource of it: a folder that is named as a film has none of
    /// its own.
    /// </remarks>
    /// <param name="target">The target.</param>
    /// <param name="application">The first segment of every path.</param>
    /// <param name="route">The route.</param>
    /// <returns>Whether such a path can lead to anything.</returns>
    public static bool TryFind(RequestTarget target, string application, [NotNullWhen(true)] out Route? route)
    {
        route = null;
        ReadOnlySpan<char> path = target.Path.AsSpan(1);
        if (!path.StartsWith(application, StringComparison.Ordinal) || path.Length < application.Length + 2
            || path[application.Length] != '/')
        {
            return false;
        }

        string title = path[(application.Length + 1)..].ToString();
        int slash = title.LastIndexOf('/');
        route = slash > 0 && TitleName.HasTitleExtension(title.AsSpan(0, slash))
            ? OfResource(title[..slash], title[(slash + 1)..])
            : new Route(ResourceKind.File, title);
        return route is not null;
    }

    private static Route? OfResource(string title, string name) => name switch
    {
        "index.m3u8" => new Route(ResourceKind.Master, title),
        "manifest.mpd" => new Route(ResourceKind.Manifest, title),
        "stream.mp4" => new Route(ResourceKind.Stream, title),
        "clip.mp4" => new Route(ResourceKind.Clip, title),
        "stream.flv" => new Route(ResourceKind.Flv, title),
        _ when Split(name, "-pictures.m3u8") is { } tracks => new Route(ResourceKind.PicturePlaylist, title, tracks),
        _ when Split(name, ".m3u8") is { } tracks => new Route(ResourceKind.Playlist, title, tracks),
        _ when SplitNumber(name, "-init-", ".mp4") is ({ } tracks, int period) => new Route(ResourceKind.Init, title, tracks, period),
        _ when SplitNumber(name, "-picture-", ".m4s") is ({ } tracks, int picture) =>
            new Route(ResourceKind.Picture, title, tracks, picture),
        _ when SplitNumber(name, "-", ".m4s") is ({ } tracks, int segment) => new Route(ResourceKind.Segment, title, tracks, segment),
        _ => null,
    };

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
        return from < name.Length - suffix.Length && name[from] != '0'
            && int.TryParse(
                name.AsSpan(from, name.Length - suffix.Length - from), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? (name[..at], number - 1)
            : null;
    }

    private static bool IsTracks(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= 16 && text[0] is 'v' or 'a' && !text.ContainsAnyExcept(TrackCharacters);
}
