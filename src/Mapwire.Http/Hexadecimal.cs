namespace Mapwire.Http;

/// <summary>Two hexadecimal digits, as a '%' has them behind it (RFC 3986, section 2.1).</summary>
internal static class Hexadecimal
{
    /// <summary>Reads the first two digits.</summary>
    /// <param name="digits">The digits, in either case, and what follows them.</param>
    /// <param name="value">The byte they stand for.</param>
    /// <returns>Whether there are two digits.</returns>
    public static bool TryRead(ReadOnlySpan<byte> digits, out byte value)
    {
        value = 0;
        if (digits.Length < 2 || !char.IsAsciiHexDigit((char)digits[0]) || !char.IsAsciiHexDigit((char)digits[1]))
        {
            return false;
        }

        value = (byte)(DigitOf(digits[0]) << 4 | DigitOf(digits[1]));
        return true;
    }

    private static int DigitOf(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
