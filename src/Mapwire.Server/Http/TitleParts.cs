using Mapwire.Http;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;

namespace Mapwire.Server.Http;

/// <summary>What a segmented title is sent as, by the kind that is asked for: init segments, segments and key pictures.</summary>
internal static class TitleParts
{
    /// <summary>Whether a kind is one of these.</summary>
    public static bool Has(ResourceKind kind) => kind is ResourceKind.Init or ResourceKind.Segment or ResourceKind.Picture;

    /// <summary>The media type of a part.</summary>
    public static string ContentTypeOf(Route route) => route.Tracks[0] == 'v' ? ContentTypes.Mp4 : "audio/mp4";

    /// <summary>Makes a part; it takes some milliseconds of a long film.</summary>
    /// <exception cref="TitleException">There is no such part.</exception>
    public static PieceList Make(SegmentedTitle title, Route route)
    {
        switch (route.Kind)
        {
            case ResourceKind.Init:
                Rendition tracks = title.Get(route.Tracks);
                RequireBelow(route.Index, title.Plan.Periods);
                return new PieceList.Builder().Add(tracks.CreateInit(route.Index)).Build();
            case ResourceKind.Segment:
                Rendition rendition = title.Get(route.Tracks);
                RequireBelow(route.Index, rendition.Count);
                return rendition.CreateSegment(route.Index);
            default:
                RenditionPictures? pictures = title.HasPictures && route.Tracks == title.Tracks[0].Name ? title.GetPictures() : null;
                RequireBelow(route.Index, pictures?.Count ?? 0);
                return pictures!.Create(route.Index);
        }
    }

    /// <summary>When a segment begins and ends in the whole film, in milliseconds; null for what is no segment.</summary>
    /// <param name="title">The title.</param>
    /// <param name="route">The part.</param>
    /// <param name="start">Where the title begins in the film.</param>
    public static (long Start, long End)? TimesOf(SegmentedTitle title, Route route, long start) => route.Kind == ResourceKind.Segment
        ? (start + title.GetTime(route.Index), start + title.GetTime(route.Index + 1))
        : null;

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
}
