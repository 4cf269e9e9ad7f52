namespace Mapwire.Media.Mp4;

/// <summary>The language of <c>mdhd</c> (ISO/IEC 14496-12, 8.4.2; QuickTime File Format, "Language code values").</summary>
internal static class LanguageCode
{
    /// <summary>The first of QuickTime's Macintosh languages; the rest of that list has not been seen in sound tracks.</summary>
    private static readonly string[] Macintosh =
    [
        "eng", "fra", "deu", "ita", "nld", "swe", "spa", "dan", "por", "nor", "heb", "jpn", "ara", "fin", "ell", "isl",
        "mlt", "tur", "hrv", "zho", "urd", "hin", "tha", "kor", "lit", "pol", "hun", "est", "lav",
    ];

    /// <summary>Three letters of five bits each, or a Macintosh language below 0x400; null for <c>und</c> and for what is neither.</summary>
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
