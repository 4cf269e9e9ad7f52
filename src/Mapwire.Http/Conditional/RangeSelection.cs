using System.Collections.Immutable;

namespace Mapwire.Http.Conditional;

/// <summary>What a Range makes of an answer.</summary>
public enum RangeOutcome
{
    /// <summary>The whole representation, as if there were no Range.</summary>
    Whole,

    /// <summary>The parts.</summary>
    Parts,

    /// <summary>Status 416.</summary>
    NotSatisfiable,
}

/// <summary>Which parts of a representation a Range asks for (RFC 9110, sections 14.1.2 and 14.2).</summary>
/// <remarks>
/// The RFC lets a server ignore or refuse much. Chosen is what nginx's range filter answers (1.22 was read and is compared in the
/// tests), since players are known to work with it:
/// <list type="bullet">
/// <item>another unit than bytes, and nothing behind <c>bytes=</c>: the whole</item>
/// <item>anything malformed in the list, an empty element too, or a number past 63 bits: not satisfiable</item>
/// <item>a range that lies behind the end, or ends before it begins: left out; if none is left, not satisfiable</item>
/// <item>ranges that are together longer than the whole: the whole, so overlapping ones cost no more than a plain request</item>
/// <item>an empty representation: the whole, if the range begins at 0</item>
/// <item>the others in the order asked for, neither sorted nor joined</item>
/// </list>
/// One limit is ours, since nginx has none: <see cref="MaxRanges"/>.
/// </remarks>
public static class RangeSelection
{
    /// <summary>
    /// The most ranges that are answered in parts; for more, the whole is. As Apache's <c>MaxRanges</c>, which has been 200 since
    /// thousands of
    /// ranges were an attack (CVE-2011-3192). A head of 8 KiB could ask for 2,000, each with a delimiter of a hundred bytes or more.
    /// </summary>
    public const int MaxRanges = 200;

    /// <summary>Reads a Range and compares it with a length.</summary>
    /// <param name="field">The field value.</param>
    /// <param name="length">The representation's length in bytes.</param>
    /// <param name="ranges">The parts; empty unless the outcome is <see cref="RangeOutcome.Parts"/>.</param>
    public static RangeOutcome Select(ReadOnlySpan<byte> field, long length, out ImmutableArray<ByteRange> ranges)
    {
        // bytes=0-499, -500, 9500-
        ranges = [];
        if (field.Length <= 6 || !System.Text.Ascii.EqualsIgnoreCase(field[..6], "bytes="u8))
        {
            return RangeOutcome.Whole;
        }

        ImmutableArray<ByteRange>.Builder selected = ImmutableArray.CreateBuilder<ByteRange>(1);
        RangeReader reader = new(field[6..]);
        long total = 0;
        do
        {
            if (!reader.TryRead(length, out long first, out long end))
            {
                return RangeOutcome.NotSatisfiable;
            }

            if (first < end)
            {
                if (selected.Count == MaxRanges)
                {
                    return RangeOutcome.Whole;
                }

                if (total > long.MaxValue - (end - first))
                {
                    return RangeOutcome.NotSatisfiable;
                }

                total += end - first;
                selected.Add(new ByteRange(first, end - first));
            }
            else if (first == 0)
            {
                return RangeOutcome.Whole; // there is no byte at all
            }
        }
        while (reader.TrySkipComma());

        if (selected.Count == 0)
        {
            return RangeOutcome.NotSatisfiable;
        }

        if (selected.Count > 1 && total > length)
        {
            return RangeOutcome.Whole;
        }

        ranges = selected.DrainToImmutable();
        return RangeOutcome.Parts;
    }

    private ref struct RangeReader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        /// <summary>Reads one range up to the comma behind it.</summary>
        /// <param name="length">The representation's length.</param>
        /// <param name="first">The first byte.</param>
        /// <param name="end">Just past the last byte, and at most the length.</param>
        public bool TryRead(long length, out long first, out long end)
        {
            first = 0;
            end = 0;
            SkipSpaces();
            bool isSuffix = Skip('-');
            if (!isSuffix)
            {
                if (!TryReadNumber(out first))
                {
                    return false;
                }

                SkipSpaces();
                if (!Skip('-'))
                {
                    return false;
                }

                SkipSpaces();
                if (IsAtEndOfRange)
                {
                    end = length;
                    return true;
                }
            }

            if (!TryReadNumber(out long last))
            {
                return false;
            }

            SkipSpaces();
            if (isSuffix)
            {
                first = last < length ? length - last : 0;
                last = length - 1;
            }

            end = last >= length ? length : last + 1;
            return IsAtEndOfRange;
        }

        public bool TrySkipComma() => Skip(',');

        private readonly bool IsAtEndOfRange => _rest.IsEmpty || _rest[0] == ',';

        private bool Skip(char character)
        {
            bool isThere = !_rest.IsEmpty && _rest[0] == character;
            _rest = isThere ? _rest[1..] : _rest;
            return isThere;
        }

        private void SkipSpaces() => _rest = _rest.TrimStart((byte)' ');

        private bool TryReadNumber(out long number)
        {
            number = 0;
            int digits = 0;
            for (; digits < _rest.Length && char.IsAsciiDigit((char)_rest[digits]); digits++)
            {
                int digit = _rest[digits] - '0';
                if (number > (long.MaxValue - digit) / 10)
                {
                    return false;
                }

                number = number * 10 + digit;
            }

            _rest = _rest[digits..];
            return digits > 0;
        }
    }
}
