using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4;

/// <summary>
/// Of samples that the tables of a <c>stbl</c> describe: the table that says it, or the <c>stbl</c> itself where none does.
/// </summary>
internal sealed class TablePlaces : SamplePlaces
{
    private readonly FileLocation[] _places;

    /// <param name="stbl">The body of the box, from its start.</param>
    /// <exception cref="Mp4FormatException">It has two tables of a kind.</exception>
    internal TablePlaces(BoxReader stbl)
    {
        _places = new FileLocation[(int)SampleField.Description + 1];
        Set(SampleField.Size, stbl, BoxType.Stsz, BoxType.Stz2);
        Set(SampleField.Offset, stbl, BoxType.Stco, BoxType.Co64);
        Set(SampleField.DecodeTime, stbl, BoxType.Stts, 0);
        Set(SampleField.Composition, stbl, BoxType.Ctts, 0);
        Set(SampleField.Sync, stbl, BoxType.Stss, 0);
        Set(SampleField.Description, stbl, BoxType.Stsc, 0);
    }

    /// <inheritdoc/>
    internal override FileLocation Of(in TableCursor sample, SampleField fact) => _places[(int)fact];

    private void Set(SampleField fact, BoxReader stbl, uint type, uint other)
    {
        bool isThere = BoxSearch.TryFind(stbl, type, out BoxReader box) || (other != 0 && BoxSearch.TryFind(stbl, other, out box));
        BoxReader place = isThere ? box : stbl;
        _places[(int)fact] = FileLocation.Box(place.Type, place.Offset);
    }
}
