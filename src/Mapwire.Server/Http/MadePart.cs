using System.Text;
using Mapwire.Http.Conditional;
using Mapwire.Media.Mp4.Writing;
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
/// <param name="Watched">What of the film it is, for a viewer without an id.</param>
internal sealed record MadePart(MadeBody Body, EntityTag Tag, string ContentType, WatchedPart Watched) : IDerived
{
    /// <summary>Whether it may be another one if the film goes on: the last segment of one that rests, and those behind the last picture.
    /// </summary>
    public bool IsOpenEnd { get; init; }

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
    public static MadePart Create(SegmentedTitle title, Route route, string version, string what, Func<WatchedPart> watch)
    {
        PieceList pieces = TitleParts.Make(title, route);
        uint crc = Crc32C.Append(Crc32C.Seed, Encoding.UTF8.GetBytes(what));
        foreach (Piece piece in pieces)
        {
            crc = Crc32C.Append(crc, piece.Bytes.Span); // a film that goes on growing may have another last segment than it had
        }

        return new MadePart(
            new MadeBody(pieces), new EntityTag($"{version}-{~crc:x8}-{pieces.Length:x}"), TitleParts.ContentTypeOf(route), watch());
    }

    /// <summary>
    /// What tells it from all else that is made of the film: who plays on with what a playlist said of the film while it grew is answered
    /// by that, and others are not.
    /// </summary>
    public static string KeyOf(Route route, WebQuery query) => $"{query.Version} {route.Kind} {route.Tracks} {route.Index} {query.Key}";

    /// <summary>The part as an answer to a request.</summary>
    /// <param name="file">Held for the resource.</param>
    /// <param name="query">The request's.</param>
    public Resource ToResource(MediaFile file, WebQuery query) => new(
        [file], Body, new Representation(Body.Length, Tag), ContentType,
        query.CacheControl(query.Version is null ? "no-cache" : IsOpenEnd ? SegmentMaker.OfPlaylist : SegmentMaker.Forever))
    {
        Watched = query.Viewer is null ? Watched : Watched with { Id = query.Viewer },
    };
}
