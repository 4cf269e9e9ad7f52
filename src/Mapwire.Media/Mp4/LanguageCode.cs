using System.Buffers;
using System.Text;

namespace Mapwire.Media.Mp4;

/// <summary>The language of <c>mdhd</c> (ISO/IEC 14496-12, 8.4.2; QuickTime File Format, "Language code values").</summary>
internal static class LanguageCode
{
    /// <summary>The longest tag that RFC 5646 asks readers for (4.4.1).</summary>
    private const int MaxTagLength = 35;

    private static readonly SearchValues<byte> TagCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"u8);

    /// <summary>The first of QuickTime's Macintosh languages; the rest of that list has not been seen in sound tracks.</summary>
    private static readonly string[] Macintosh =
    [
        "eng", "fra", "deu", "ita", "nld", "swe", "spa", "dan", "por", "nor", "heb", "jpn", "ara", "fin", "ell", "isl",
        "mlt", "tur", "hrv", "zho", "urd", "hin", "tha", "kor", "lit", "pol", "hun", "est", "lav",
    ];

    /// <summary>The tag of <c>elng</c> (ISO/IEC 14496-12, 8.4.6); null for <c>und</c> and for what is no tag.</summary>
    internal static string? FromExtended(BoxReader box)
    {
        // version(8)=0 | flags(24) | extended_language, BCP 47, ended by a zero byte
        if (box.Remaining < 4)
        {
            return null;
        }

        box.Skip(4);
        ReadOnlySpan<byte> tag = box.ReadRemaining();
        int end = tag.IndexOf((byte)0);
        tag = end < 0 ? tag : tag[..end];
        bool isTag = tag.Length is >= 2 and <= MaxTagLength && !tag.ContainsAnyExcept(TagCharacters) && !tag.SequenceEqual("und"u8);
        return isTag ? Encoding.ASCII.GetString(tag) : null;
    }

    /// <summary>Whether <c>mdhd</c> has room for a language: three letters, no region and no script.</summary>
    internal static bool IsPackable(string? language) => language is { Length: 3 } && !language.AsSpan().ContainsAnyExceptInRange('a', 'z');

    /// <summary>The three letters in five bits each; <c>und</c> for a tag of another form, which takes an <c>elng</c> to tell.</summary>
    internal static ushort ToPacked(string? language)
    {
        string letters = IsPackable(language) ? language! : "und";
        return (ushort)((letters[0] - 0x60) << 10 | (letters[1] - 0x60) << 5 | (letters[2] - 0x60));
    }

    /// <summary>
    /// Three letters of five bits each, or a Macintosh language below 0x400; null for <c>und</c> and for what is neither.
    /// </summary>
    internal static string? FromPacked(ushort packed)
    {
        if (packed < 0x400)
        {
            return packed < Macintosh.Length ? Macintosh[packed] : null;
        }

        Span<char> letters =
        [
            (char)((packed >> 10 & 31) + 0x60),
            (char)((packed >> 5 & 31) + 0x60),
            (char)((packed & 31) + 0x60),
        ];
        if (letters.ContainsAnyExceptInRange('a', 'z') || letters.SequenceEqual("und"))
        {
            return null;
        }

        return new string(letters);
    }
}
