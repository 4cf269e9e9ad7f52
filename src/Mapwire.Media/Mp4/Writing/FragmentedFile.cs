namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// A rendition as one fragmented MP4 of known length: an init part and all segments one after another. Parts are made when they are sent,
/// so a long film takes no more memory than one of its segments. Immutable; any number of threads may use it.
/// </summary>
/// <example>
/// <code>
/// for (int part = file.IndexAt(from); part &lt; file.Count &amp;&amp; file.GetOffset(part) &lt; to; part++)
///     Send(file.CreatePart(part));
/// </code>
/// </example>
public sealed class FragmentedFile
{
    private readonly Rendition _rendition;
    private readonly ReadOnlyMemory<byte> _init;
    private readonly long[] _offsets; // of each part and the end

    /// <summary>Puts the segments of a rendition behind one init part. A piece of a film is one whose timeline has a start.</summary>
    /// <param name="rendition">Of any layout.</param>
    public FragmentedFile(Rendition rendition)
    {
        ArgumentNullException.ThrowIfNull(rendition);
        _rendition = rendition;
        _init = rendition.CreateStreamInit();
        _offsets = new long[rendition.Count + 2];
        _offsets[1] = _init.Length;
        for (int i = 0; i < rendition.Count; i++)
        {
            _offsets[i + 2] = _offsets[i + 1] + rendition.GetStreamLength(i);
        }
    }

    /// <summary>The bytes of the whole.</summary>
    public long Length => _offsets[^1];

    /// <summary>How many parts there are: the init part and the segments.</summary>
    public int Count => _offsets.Length - 1;

    /// <summary>Where a part begins, in bytes.</summary>
    /// <param name="part">Counted from 0; <see cref="Count"/> for the end.</param>
    public long GetOffset(int part) => _offsets[part];

    /// <summary>The part that a byte is in.</summary>
    /// <param name="offset">0 to <see cref="Length"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such byte.</exception>
    public int IndexAt(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, Length);
        int found = Array.BinarySearch(_offsets, offset);
        return found < 0 ? ~found - 1 : found;
    }

    /// <summary>A part's bytes.</summary>
    /// <param name="part">Counted from 0: the init part, then the segments.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such part.</exception>
    public PieceList CreatePart(int part) =>
        part == 0 ? new PieceList.Builder().Add(_init).Build() : _rendition.CreateSegment(part - 1, isOfStream: true);
}
