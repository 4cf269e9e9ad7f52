using System.Collections.Immutable;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>
/// What one play command plays: a title, a piece of one, or the items of a playlist, joined on one time line. Whoever opened it holds all
/// its titles by it.
/// </summary>
internal sealed class Reel
{
    /// <summary>The shortest reel that is begun again when it is over; below it a player would be sent little but beginnings.</summary>
    private const long ShortestLoop = 100;

    private ReadOnlyMemory<byte>?[]? _metadata;

    /// <param name="parts">At least one; their titles are held by the reel from now on.</param>
    /// <param name="loops">Whether it begins again when it is over.</param>
    public Reel(ImmutableArray<ReelPart> parts, bool loops)
    {
        Parts = parts;
        Length = parts[^1].End - ReelTime.Zero;
        Period = Length - (parts[0].JointIn - parts[0].In);
        Loops = loops && Period >= ShortestLoop;
    }

    /// <summary>The parts in their order.</summary>
    public ImmutableArray<ReelPart> Parts { get; }

    /// <summary>How long the first round takes, in milliseconds.</summary>
    public long Length { get; }

    /// <summary>How long each round after the first takes, in milliseconds: without what comes before the first presentation.</summary>
    public long Period { get; }

    /// <summary>Whether it begins again when it is over.</summary>
    public bool Loops { get; }

    /// <summary>Whether it is one title from its beginning to its end, played once.</summary>
    public bool IsWhole => Parts is [{ } only] && only.In <= only.Title.Strip.RunUpEnd && only.Out >= only.Title.Strip.EndTime && !Loops;

    /// <summary>How long it plays, in seconds; 0 when it never ends.</summary>
    public double Seconds => Loops ? 0 : IsWhole ? Parts[0].Title.Duration.TotalSeconds : Length / 1000.0;

    /// <summary>What the rounds before a time took, in milliseconds; 0 in the first round, and when there is but one.</summary>
    public long RoundsBefore(ReelTime time) =>
        Loops ? Math.Max(0, time - ReelTime.Zero - (Length - Period)) / Period * Period : 0;

    /// <summary>The part that a time of the reel lies in; the last one for times behind its end.</summary>
    public int PartAt(ReelTime time)
    {
        int low = 0;
        int high = Parts.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (Parts[middle].At <= time)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>The body of the onMetaData message when a part begins: the part's own, with the length of the whole.</summary>
    public ReadOnlyMemory<byte> MetadataOf(int part)
    {
        if (IsWhole)
        {
            return Parts[0].Title.Metadata;
        }

        _metadata ??= new ReadOnlyMemory<byte>?[Parts.Length];
        return _metadata[part] ??= ReelMetadata.Write(this, Parts[part]);
    }

    /// <summary>What it takes in memory besides its titles, in bytes, about.</summary>
    public int ByteSize => 64 * Parts.Length;

    /// <summary>Ends the hold of all titles.</summary>
    public void Release()
    {
        foreach (ReelPart part in Parts)
        {
            part.Title.Release();
        }
    }
}

/// <summary>A title in a reel, from one time of it to another.</summary>
/// <param name="Title">Held by the reel.</param>
/// <param name="In">
/// Where in the title the part begins. In the reel's first part it may lie before the presentation begins; in the others what is for
/// decoders only plays while the part before ends.
/// </param>
/// <param name="Out">Where in the title it ends, later than <paramref name="In"/>.</param>
/// <param name="At">Where in the reel it begins.</param>
internal readonly record struct ReelPart(Title Title, TitleTime In, TitleTime Out, ReelTime At)
{
    /// <summary>Why this viewer has no picture or no sound of it though the film has; a line each, null for nothing to say.</summary>
    public IReadOnlyList<string>? Missing { get; init; }

    /// <summary>How long the part plays, in milliseconds.</summary>
    public long Length => Out - In;

    /// <summary>Where in the reel it ends.</summary>
    public ReelTime End => At + Length;

    /// <summary>The title's time that comes when the part before is over.</summary>
    public TitleTime JointIn => TitleTime.Max(In, TitleTime.Min(Title.Strip.StartTime, Out - 1));

    /// <summary>The reel's time of a time of the title.</summary>
    public ReelTime ToReel(TitleTime time) => At + (time - In);

    /// <summary>The title's time of a time of the reel.</summary>
    public TitleTime ToTitle(ReelTime time) => In + (time - At);
}
