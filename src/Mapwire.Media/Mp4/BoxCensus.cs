namespace Mapwire.Media.Mp4;

/// <summary>
/// Counts the boxes inside a movie or fragment box before they are read, so that the cost of reading them is known. What is malformed ends
/// its level here; whoever needs it says so.
/// </summary>
internal static class BoxCensus
{
    /// <param name="box">The body of the box.</param>
    /// <param name="limits">How many boxes there may be, and how deep.</param>
    /// <exception cref="Mp4FormatException">There are more, or they are deeper.</exception>
    internal static void Check(BoxReader box, MediaLimits limits)
    {
        int count = 0;
        Check(box, default, 1, ref count, limits);
    }

    private static void Check(BoxReader box, FourCc handler, int depth, ref int count, MediaLimits limits)
    {
        handler = BoxTree.FindHandler(box.Type, handler, box.Rest);
        while (TryReadBox(ref box, out BoxHeader header, out BoxReader child))
        {
            if (++count > limits.Boxes)
            {
                throw Mp4FormatException.TooMuch(header.Type.ToString(), header.Offset, $"there are {count} boxes",
                    nameof(MediaLimits.Boxes), limits.Boxes);
            }

            if (depth >= limits.Depth)
            {
                throw Mp4FormatException.TooMuch(
                    header.Type.ToString(), header.Offset, $"the box is {depth + 1} levels deep", nameof(MediaLimits.Depth), limits.Depth);
            }

            int skip = BoxTree.ChildrenAt(header.Type, box.Type, handler, child.Rest);
            if (skip < 0 || skip > child.Remaining)
            {
                continue;
            }

            child.Skip(skip);
            Check(child, handler, depth + 1, ref count, limits);
        }
    }

    private static bool TryReadBox(ref BoxReader box, out BoxHeader header, out BoxReader child)
    {
        try
        {
            return box.TryReadBox(out header, out child);
        }
        catch (Mp4FormatException)
        {
            header = default;
            child = default;
            return false;
        }
    }
}
