using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Live.Segments;

namespace Mapwire.Server.Http.LiveMedia;

/// <summary>Which tracks of a live stream are wanted: those of a query.</summary>
/// <param name="Video">Which pictures, counted from 1; 0 for all, <see cref="PlayQuery.NoTrack"/> for none.</param>
/// <param name="Audio">Which sound, in the same way.</param>
internal readonly record struct LiveTracksWish(int Video, int Audio)
{
    /// <summary>Reads the wishes of a query.</summary>
    /// <exception cref="TitleException">It wishes what a live stream has not.</exception>
    public static LiveTracksWish Of(PlayQuery wishes) => wishes is { Start: 0, End: null, Loops: false }
        ? new LiveTracksWish(wishes.Video, wishes.Audio)
        : throw new TitleException(
            TitleError.NotPlayable, "a live stream is played from now on: it takes no ?start=, ?end= and ?loop= here");

    /// <summary>The tracks that are wanted and there, pictures first. Under <see cref="LiveSegments.Read{T}"/>.</summary>
    /// <exception cref="TitleException">None of them is.</exception>
    public IReadOnlyList<LiveRendition> Choose(LiveSegments segments)
    {
        LiveTracksWish wish = this;
        LiveRendition[] chosen = [.. segments.Renditions.Where(one => LivePlaylists.HasParts(one) && wish.Has(one))];
        return chosen.Length > 0
            ? chosen
            : throw new TitleException(TitleError.NotPlayable, "the stream has none of the tracks that are wanted");
    }

    /// <summary>The same with one of each kind at most.</summary>
    /// <exception cref="TitleException">There is none.</exception>
    public IReadOnlyList<LiveRendition> ChooseOne(LiveSegments segments) =>
        [.. Choose(segments).GroupBy(static one => one.IsVideo).Select(static kind => kind.First())];

    /// <summary>Whether a track is wanted.</summary>
    public bool Has(LiveRendition one)
    {
        int wish = one.IsVideo ? Video : Audio;
        return wish == 0 || wish == one.Number;
    }
}
