namespace Mapwire.Media.Codecs;

/// <summary>Reads a bit string, most significant bit first. Past the end it reads zeros and remembers that it did.</summary>
/// <remarks>So a parser needs one check at its end instead of one a field; loops are bounded by their own limits.</remarks>
internal ref struct BitReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly bool _removesEmulation;
    private int _byte;
    private int _bit;
    private int _zeros;

    /// <param name="bytes">The bit string.</param>
    /// <param name="removesEmulation">Whether 00 00 03 stands for 00 00, as inside a NAL unit (ITU-T H.264, 7.3.1).</param>
    internal BitReader(ReadOnlySpan<byte> bytes, bool removesEmulation = false)
    {
        _bytes = bytes;
        _removesEmulation = removesEmulation;
    }

    /// <summary>Whether something was read that is not there.</summary>
    internal bool IsPastEnd { get; private set; }

    /// <summary>Bits not read yet (emulation prevention bytes counted).</summary>
    internal readonly int Remaining => Math.Max(0, (_bytes.Length - _byte) * 8 - _bit);

    internal bool ReadFlag() => ReadBit() != 0;

    /// <param name="count">0 to 32.</param>
    internal uint ReadBits(int count)
    {
        uint value = 0;
        for (int i = 0; i < count; i++)
        {
            value = value << 1 | ReadBit();
        }

        return value;
    }

    internal void Skip(int count)
    {
        for (int i = 0; i < count && !IsPastEnd; i++)
        {
            ReadBit();
        }
    }

    /// <summary>ue(v), ITU-T H.264, 9.1. More than 31 leading zeros count as past the end.</summary>
    internal uint ReadExpGolomb()
    {
        int zeros = 0;
        while (ReadBit() == 0)
        {
            if (IsPastEnd || ++zeros > 31)
            {
                IsPastEnd = true;
                return 0;
            }
        }

        return (1u << zeros) - 1 + ReadBits(zeros);
    }

    /// <summary>se(v), ITU-T H.264, 9.1.1.</summary>
    internal int ReadSignedExpGolomb()
    {
        uint code = ReadExpGolomb();
        return (code & 1) != 0 ? (int)(code / 2 + 1) : -(int)(code / 2);
    }

    private uint ReadBit()
    {
        if (_byte >= _bytes.Length)
        {
            IsPastEnd = true;
            return 0;
        }

        if (_bit == 0 && _removesEmulation)
        {
            if (_zeros >= 2 && _bytes[_byte] == 3)
            {
                _zeros = 0;
                if (++_byte >= _bytes.Length)
                {
                    IsPastEnd = true;
                    return 0;
                }
            }

            _zeros = _bytes[_byte] == 0 ? _zeros + 1 : 0;
        }

        uint bit = (uint)(_bytes[_byte] >> (7 - _bit)) & 1;
        if (++_bit == 8)
        {
            _bit = 0;
            _byte++;
        }

        return bit;
    }
}
