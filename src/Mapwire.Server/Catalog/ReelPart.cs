namespace Mapwire.Server.Catalog;

/// <summary>A title in a reel, from one time of it to another. All times are milliseconds.</summary>
/// <param name="Title">Held by the reel.</param>
/// <param name="In">
/// The title's time at which the part begins. In the reel's first part it may lie before the presentation begins; in the others what is for
/// decoders only plays while the part before ends.
/// </param>
/// <param name="Out">The title's time at which it ends, later than <paramref name="In"/>.</param>
/// <param name="At">The reel's time at which it begins.</param>
internal readonly record struct ReelPart(Title Title, long In, long Out, long At)
{
    /// <summary>How long the part plays.</summary>
    public long Length => Out - In;

    /// <summary>The title's time that comes when the part before is over.</summary>
    public long JointIn => Math.Max(In, Math.Min(Title.Strip.StartTime, Out - 1));
}
