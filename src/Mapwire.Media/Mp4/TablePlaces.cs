using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4;

/// <summary>Of samples that the tables of a <c>stbl</c> describe: the table that says it, or the <c>stbl</c> itself where none does.</summary>
internal sealed class TablePlaces : SamplePlaces
{
    private readonly FilePlace[] _places;

    /// <param name="stbl">The body of the box, from its start.</param>
    /// <exception cref="Mp4FormatException">It has two tables of a kind.</exception>
    internal TablePlaces(BoxReader stbl)
    {
        _places = new FilePlace[(int)SampleFact.Description + 1];
        Set(SampleFact.Size, stbl, BoxType.Stsz, BoxType.Stz2);
        Set(SampleFact.Offset, stbl, BoxType.Stco, BoxType.Co64);
        Set(SampleFact.DecodeTime, stbl, BoxType.Stts, 0);
        Set(SampleFact.Composition, stbl, BoxType.Ctts, 0);
        Set(SampleFact.Sync, stbl, BoxType.Stss, 0);
        Set(SampleFact.Description, stbl, BoxType.Stsc, 0);
    }

    /// <inheritdoc/>
    internal override FilePlace Of(in TableCursor sample, SampleFact fact) => _places[(int)fact];

    private void Set(SampleFact fact, BoxReader stbl, uint type, uint other)
    {
        bool isThere = BoxSearch.TryFind(stbl, type, out BoxReader box) || (other != 0 && BoxSearch.TryFind(stbl, other, out box));
        BoxReader place = isThere ? box : stbl;
        _places[(int)fact] = FilePlace.Box(place.Type, place.Offset);
    }
}
