namespace Mapwire.Media.Codecs;

/// <summary>
/// The NAL units at the beginning of a sample, each behind its length (ISO/IEC 14496-15, 5.3.2): as many as lie whole in the bytes that
/// are there, whatever the lengths say, and no more than a sample has before its picture.
/// </summary>
internal ref struct NalUnitReader
{
    /// <summary>A sample has some dozen units in front of its picture; one of empty units is not followed for long.</summary>
    private const int MaxUnits = 1024;

    private readonly int _lengthSize;
    private ReadOnlySpan<byte> _rest;
    private int _read;

    /// <param name="sample">The sample, or its beginning.</param>
    /// <param name="lengthSize">Bytes of a length: 1, 2 or 4.</param>
    internal NalUnitReader(ReadOnlySpan<byte> sample, int lengthSize)
    {
        _rest = sample;
        _lengthSize = lengthSize;
    }

    /// <param name="unit">The next unit with its header, at least one byte.</param>
    /// <returns>False when there is no more that is whole.</returns>
    internal bool TryRead(out ReadOnlySpan<byte> unit)
    {
        unit = default;
        while (unit.IsEmpty)
        {
            if (_read++ == MaxUnits || _rest.Length < _lengthSize)
            {
                return false;
            }

            uint length = 0;
            foreach (byte part in _rest[.._lengthSize])
            {
                length = length << 8 | part;
            }

            _rest = _rest[_lengthSize..];
            if (length > (uint)_rest.Length)
            {
                return false;
            }

            unit = _rest[..(int)length];
            _rest = _rest[(int)length..];
        }

        return true;
    }
}
