using System.Globalization;
using System.Text;

namespace Mapwire.Server;

/// <summary>Makes file names and clients' words safe to show: one line, with nothing in it that a terminal or a log reader obeys.</summary>
public static class TerminalText
{
    /// <summary>The longest text shown by default, in characters: a name of 60,000 would bury the rest of a log line.</summary>
    public const int MaxLength = 200;

    /// <summary>
    /// Writes every character that is not seen as itself as <c>\uNNNN</c>, and cuts the text to a length with an ellipsis.
    /// </summary>
    /// <param name="text">A name or a text that comes from outside.</param>
    /// <param name="maxLength">The most characters of the result, at least 1.</param>
    public static string Clean(string text, int maxLength = MaxLength)
    {
        if (text.Length <= maxLength && !text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text; // as nearly all are
        }

        StringBuilder clean = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (clean.Length > maxLength)
            {
                break;
            }

            if (IsVisible(rune))
            {
                clean.Append(rune);
            }
            else
            {
                clean.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            }
        }

        if (clean.Length > maxLength)
        {
            int end = Math.Max(0, maxLength - 1);
            clean.Length = end > 0 && char.IsHighSurrogate(clean[end - 1]) ? end - 1 : end;
            clean.Append('…');
        }

        return clean.ToString();
    }

    /// <summary>
    /// Control characters move the cursor, format characters (U+202E, U+FEFF) turn or hide text, separators (U+2028) end lines.
    /// </summary>
    private static bool IsVisible(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate);
}
