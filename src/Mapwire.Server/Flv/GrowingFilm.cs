using Mapwire.Server.Files.Names;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Flv;

/// <summary>
/// A film that others are writing, as a viewer follows it: up to the first entry before which another one may still come, and on from there
/// when there is more.
/// </summary>
internal static class GrowingFilm
{
    /// <summary>Whether what was opened has more to come.</summary>
    /// <param name="reel">What was opened.</param>
    /// <param name="name">By which name.</param>
    public static bool IsFollowed(Reel reel, PlayName name) =>
        reel is { Parts.Length: 1, Loops: false } && PlayQuery.Parse(name.Query).End is null
        && reel.Parts[0].Title.File.Content.IsBeingWritten;

    /// <summary>What of it can be sent now: entries that stay where they are, or all where nothing more comes.</summary>
    /// <param name="reel">Whose titles are the other reel's from now on, where there is one.</param>
    /// <param name="isLast">Whether nothing more comes.</param>
    /// <returns>Null for nothing.</returns>
    public static Reel? Cut(Reel reel, bool isLast)
    {
        ReelPart part = reel.Parts[0];
        Strip strip = part.Title.Strip;
        TitleTime end = isLast || strip.SettledCount == strip.Count ? part.Out : strip[strip.SettledCount].Time;
        return end > part.In ? new Reel([part with { Out = end }], loops: false) : null;
    }

    /// <summary>The entry behind the last one of what can be sent.</summary>
    /// <param name="cut">From <see cref="Cut"/>.</param>
    /// <param name="isLast">Whether nothing more comes.</param>
    public static int EndOf(Reel cut, bool isLast)
    {
        ReelPart part = cut.Parts[0];
        return isLast ? part.Title.Strip.Count : part.Title.Strip.IndexAt(part.Out);
    }
}
