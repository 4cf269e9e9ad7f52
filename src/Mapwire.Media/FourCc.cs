using System.Buffers.Binary;

namespace Mapwire.Media;

/// <summary>A four-character code: the type of a box, a sample entry, a brand, a handler (ISO/IEC 14496-12, 4.2).</summary>
/// <param name="Value">The four bytes, first character in the most significant byte.</param>
public readonly record struct FourCc(uint Value)
{
    /// <summary>The code of four characters of Latin-1 text, as in <c>new FourCc("moov")</c>.</summary>
    /// <param name="text">Exactly four characters up to U+00FF.</param>
    /// <exception cref="ArgumentException">The text is not four such characters.</exception>
    public FourCc(string text)
        : this(FromText(text))
    {
    }

    /// <summary>The code in the first four bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than four.</exception>
    public static FourCc Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt32BigEndian(bytes));

    /// <summary>Writes the four bytes.</summary>
    public void WriteTo(Span<byte> destination) => BinaryPrimitives.WriteUInt32BigEndian(destination, Value);

    /// <summary>
    /// The four characters; a byte that is not printable ASCII is written as <c>\xNN</c>, so that a log line stays one line.
    /// </summary>
    public override string ToString()
    {
        Span<char> text = stackalloc char[16];
        int length = 0;
        for (int shift = 24; shift >= 0; shift -= 8)
        {
            byte b = (byte)(Value >> shift);
            if (b is >= 0x20 and < 0x7F)
            {
                text[length++] = (char)b;
                continue;
            }

            text[length++] = '\\';
            text[length++] = 'x';
            text[length++] = HexDigit(b >> 4);
            text[length++] = HexDigit(b & 15);
        }

        return new string(text[..length]);
    }

    private static char HexDigit(int value) => (char)(value < 10 ? '0' + value : 'A' + value - 10);

    private static uint FromText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length != 4 || text.AsSpan().ContainsAnyExceptInRange('\0', '\u00FF'))
        {
            throw new ArgumentException("A four-character code has exactly four characters up to U+00FF.", nameof(text));
        }

        return (uint)(text[0] << 24 | text[1] << 16 | text[2] << 8 | text[3]);
    }
}
