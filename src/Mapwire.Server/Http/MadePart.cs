using System.Text;
using Mapwire.Http.Conditional;
using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Http.Viewers;

namespace Mapwire.Server.Http;

/// <summary>
/// A part of a film that was made, with all that its answers say of it but who asks: found again, it is answered at once.
/// </summary>
/// <param name="Body">The part.</param>
/// <param name="Tag">What tells it from other versions.</param>
/// <param name="ContentType">The media type.</param>
/// <param name="Version">Of the film, as addresses have it.</param>
/// <param name="Watched">What of the film it is, for a viewer without an id.</param>
internal sealed record MadePart(MadeBody Body, EntityTag Tag, string ContentType, string Version, WatchedPart Watched) : IDerived
{
    /// <inheritdoc/>
    public long ByteSize => 512 + Body.ByteSize;

    /// <summary>Makes a part; it takes some milliseconds of a long film.</summary>
    /// <param name="title">Of which it is.</param>
    /// <param name="route">Which part.</param>
    /// <param name="version">Of the film, as addresses have it.</param>
    /// <param name="what">What tells it from all else that is made of the film.</param>
    /// <param name="watch">
    /// Says what of the film it is, for a viewer without an id; asked once it is known that there is such a part.
    /// </param>
    /// <exception cref="TitleException">There is no such part.</exception>
    public static MadePart Create(SegmentedTitle title, Route route, string version, string what, Func<WatchedPart> watch) => new(
        new MadeBody(TitleParts.Make(title, route)), new EntityTag($"{version}-{Crc32C.Of(Encoding.UTF8.GetBytes(what)):x8}"),
        TitleParts.ContentTypeOf(route), version, watch());

    /// <summary>What tells it from all else that is made of the film.</summary>
    public static string KeyOf(Route route, WebQuery query) => $"{route.Kind} {route.Tracks} {route.Index} {query.Key}";

    /// <summary>The part as an answer to a request.</summary>
    /// <param name="file">Held for the resource.</param>
    /// <param name="query">The request's.</param>
    public Resource ToResource(MediaFile file, WebQuery query) => new(
        [file], Body, new Representation(Body.Length, Tag), ContentType,
        query.CacheControl(query.Version is null ? "no-cache" : SegmentMaker.Forever))
    {
        Watched = query.Viewer is null ? Watched : Watched with { Id = query.Viewer },
    };
}
