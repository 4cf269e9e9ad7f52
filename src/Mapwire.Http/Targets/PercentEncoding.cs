using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace Mapwire.Http.Targets;

/// <summary>Percent-encoding of UTF-8 (RFC 3986, section 2.1), once and no more.</summary>
public static class PercentEncoding
{
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    private static readonly SearchValues<char> UnreservedCharacters = SearchValues.Create(Unreserved);

    private static readonly SearchValues<byte> UnreservedBytes = SearchValues.Create(Encoding.ASCII.GetBytes(Unreserved));

    /// <summary>Encodes a file name as one segment of a path, so that <see cref="RequestTarget"/> reads the same name.</summary>
    /// <remarks>
    /// All but the unreserved characters (RFC 3986, section 2.3) is encoded, so the result means the same in a URL, an attribute of a
    /// playlist, XML, HTML and JSON.
    /// </remarks>
    /// <param name="name">The name, decoded.</param>
    /// <param name="segment">The segment; null when no target can name it.</param>
    /// <returns>
    /// Whether a target can name it: false for an empty name, ".", "..", one with '/' or NUL, one whose parts between '\' are dot segments,
    /// and one that is no Unicode text (half of a surrogate pair).
    /// </returns>
    public static bool TryEncodeSegment(string name, [NotNullWhen(true)] out string? segment)
    {
        segment = null;
        if (name.Length == 0 || name.AsSpan().ContainsAny('/', '\0'))
        {
            return false;
        }

        foreach (Range range in name.AsSpan().Split('\\'))
        {
            if (name.AsSpan(range) is "." or "..")
            {
                return false;
            }
        }

        if (!name.AsSpan().ContainsAnyExcept(UnreservedCharacters))
        {
            segment = name;
            return true;
        }

        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(name.Length)];
        if (Utf8.FromUtf16(name, bytes, out _, out int count, replaceInvalidSequences: false) != OperationStatus.Done)
        {
            return false;
        }

        StringBuilder encoded = new(count * 3);
        foreach (byte value in bytes.AsSpan(0, count))
        {
            if (UnreservedBytes.Contains(value))
            {
                encoded.Append((char)value);
            }
            else
            {
                encoded.Append('%').Append(Digit(value >> 4)).Append(Digit(value & 0xF));
            }
        }

        segment = encoded.ToString();
        return true;
    }

    /// <summary>Decodes a path or a part of a query.</summary>
    /// <param name="text">The text as sent.</param>
    /// <param name="isForm">Whether '+' is a space.</param>
    /// <param name="decoded">The text; empty when it is refused.</param>
    internal static TargetRefusal Decode(ReadOnlySpan<byte> text, bool isForm, out string decoded)
    {
        decoded = "";
        if (isForm ? !text.ContainsAny((byte)'%', (byte)'+') : !text.Contains((byte)'%'))
        {
            return Take(text, ref decoded);
        }

        byte[] bytes = new byte[text.Length]; // decoding never makes it longer
        int count = 0;
        for (int i = 0; i < text.Length; i++)
        {
            byte value = text[i];
            if (value == '%')
            {
                if (!Hexadecimal.TryRead(text[(i + 1)..], out value))
                {
                    return TargetRefusal.Escape;
                }

                if (value == 0)
                {
                    return TargetRefusal.Nul;
                }

                i += 2;
            }
            else if (value == '+' && isForm)
            {
                value = (byte)' ';
            }

            bytes[count++] = value;
        }

        return Take(bytes.AsSpan(0, count), ref decoded);
    }

    private static TargetRefusal Take(ReadOnlySpan<byte> text, ref string decoded)
    {
        if (!Utf8.IsValid(text))
        {
            return TargetRefusal.Utf8;
        }

        decoded = Encoding.UTF8.GetString(text);
        return TargetRefusal.None;
    }

    private static char Digit(int value) => (char)(value < 10 ? '0' + value : 'A' + value - 10);
}
