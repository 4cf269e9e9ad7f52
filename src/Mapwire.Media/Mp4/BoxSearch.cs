namespace Mapwire.Media.Mp4;

/// <summary>Finds a box among its siblings.</summary>
internal static class BoxSearch
{
    /// <summary>The first child of a type; further ones are passed over, as other readers do.</summary>
    /// <exception cref="Mp4FormatException">The header of a box before it is impossible.</exception>
    internal static bool TryFind(BoxReader parent, uint type, out BoxReader body)
    {
        while (parent.TryReadBox(out BoxHeader header, out body))
        {
            if (header.Type.Value == type)
            {
                return true;
            }
        }

        body = default;
        return false;
    }

    /// <summary>The first child of a type, which must be there.</summary>
    /// <exception cref="Mp4FormatException">It is not, or the header of a box before it is impossible.</exception>
    internal static BoxReader Find(BoxReader parent, uint type)
    {
        if (!TryFind(parent, type, out BoxReader body))
        {
            parent.Fail(Mp4Error.MissingBox, $"'{parent.Type}' has no '{new FourCc(type)}'");
        }

        return body;
    }
}
