using System.Globalization;
using System.Text;

namespace Mapwire.Cli;

/// <summary>Makes names of files and words of clients fit for a terminal: one line, nothing that a terminal obeys or turns around.</summary>
internal static class TerminalText
{
    /// <summary>The text with all that is not seen as itself written as <c>\uNNNN</c>, cut to a width with an ellipsis.</summary>
    /// <param name="text">Somebody else's words.</param>
    /// <param name="width">The most characters.</param>
    public static string Clean(string text, int width = 200)
    {
        StringBuilder clean = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (clean.Length > width)
            {
                break;
            }

            if (IsHarmless(rune))
            {
                clean.Append(rune);
            }
            else
            {
                clean.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            }
        }

        if (clean.Length > width)
        {
            int end = Math.Max(0, width - 1);
            clean.Length = end > 0 && char.IsHighSurrogate(clean[end - 1]) ? end - 1 : end;
            clean.Append('…');
        }

        return clean.ToString();
    }

    /// <summary>Control characters move cursors, format characters turn the direction of what follows, separators end lines.</summary>
    private static bool IsHarmless(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate);
}
