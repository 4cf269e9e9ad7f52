namespace Mapwire.Media.Mp4;

/// <summary>Finds a box among its siblings.</summary>
internal static class BoxSearch
{
    /// <summary>The one child of a type. All siblings' headers are checked on the way.</summary>
    /// <exception cref="Mp4FormatException">There are two, or a sibling's header is impossible.</exception>
    internal static bool TryFind(BoxReader parent, uint type, out BoxReader body)
    {
        body = default;
        bool found = false;
        while (parent.TryReadBox(out BoxHeader header, out BoxReader child))
        {
            if (header.Type.Value != type)
            {
                continue;
            }

            if (found)
            {
                throw new Mp4FormatException(Mp4Error.DuplicateBox, header.Type.ToString(), header.Offset, $"'{parent.Type}' has a second '{header.Type}'");
            }

            found = true;
            body = child;
        }

        return found;
    }

    /// <summary>The one child of a type, which must be there.</summary>
    /// <exception cref="Mp4FormatException">It is not, or there are two, or a sibling's header is impossible.</exception>
    internal static BoxReader Find(BoxReader parent, uint type)
    {
        if (!TryFind(parent, type, out BoxReader body))
        {
            parent.Fail(Mp4Error.MissingBox, $"'{parent.Type}' has no '{new FourCc(type)}'");
        }

        return body;
    }
}
