namespace Mapwire.Rules;

/// <summary>Blanks what is not code in a C# text: comments, and what stands in string and character literals.</summary>
/// <remarks>
/// A scanner for rules about words, not a compiler: code inside an interpolation's braces is blanked with its string.
/// Newlines and lengths are kept, so positions stay true.
/// </remarks>
internal static class CodeOnly
{
    /// <param name="text">Of a file.</param>
    /// <param name="keepsLiterals">Whether only comments are blanked.</param>
    public static string Of(string text, bool keepsLiterals = false)
    {
        char[] code = text.ToCharArray();
        int at = 0;
        while (at < text.Length)
        {
            int end = text[at] switch
            {
                '/' when Next(text, at) == '/' => LineEnd(text, at),
                '/' when Next(text, at) == '*' => After(text, at + 2, "*/"),
                '\'' => AfterEscaped(text, at + 1, '\''),
                '"' or '$' or '@' => AfterString(text, at),
                _ => at,
            };
            if (end == at)
            {
                at++;
                continue;
            }

            if (keepsLiterals && text[at] != '/')
            {
                at = end;
                continue;
            }

            for (; at < end; at++)
            {
                code[at] = code[at] is '\n' or '\r' ? code[at] : ' ';
            }
        }

        return new string(code);
    }

    private static char Next(string text, int at) => at + 1 < text.Length ? text[at + 1] : '\0';

    private static int LineEnd(string text, int at) => text.IndexOf('\n', at) is int end and >= 0 ? end : text.Length;

    private static int After(string text, int at, string mark) =>
        text.IndexOf(mark, Math.Min(at, text.Length), StringComparison.Ordinal) is int end and >= 0 ? end + mark.Length : text.Length;

    /// <summary>Past the string literal that begins here, prefixes included; the same position if none does.</summary>
    private static int AfterString(string text, int at)
    {
        int quote = at;
        bool verbatim = false;
        int dollars = 0;
        for (; quote < text.Length && text[quote] is '$' or '@'; quote++)
        {
            verbatim |= text[quote] == '@';
            dollars += text[quote] == '$' ? 1 : 0;
        }

        if (quote >= text.Length || text[quote] != '"')
        {
            return at; // @identifier
        }

        int quotes = 1;
        while (quote + quotes < text.Length && text[quote + quotes] == '"')
        {
            quotes++;
        }

        if (quotes >= 3 && !verbatim)
        {
            return After(text, quote + quotes, new string('"', quotes));
        }

        if (verbatim)
        {
            return AfterVerbatim(text, quote + 1);
        }

        return dollars > 0 ? AfterInterpolated(text, quote + 1) : AfterEscaped(text, quote + 1, '"');
    }

    private static int AfterEscaped(string text, int at, char close)
    {
        for (; at < text.Length; at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
            else if (text[at] == close || text[at] == '\n')
            {
                return at + 1;
            }
        }

        return text.Length;
    }

    private static int AfterVerbatim(string text, int at)
    {
        for (; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                if (Next(text, at) != '"')
                {
                    return at + 1;
                }

                at++;
            }
        }

        return text.Length;
    }

    /// <summary>An interpolation's holes may hold strings of their own.</summary>
    private static int AfterInterpolated(string text, int at)
    {
        int depth = 0;
        while (at < text.Length)
        {
            char c = text[at];
            if (depth == 0 && c == '\\')
            {
                at += 2;
            }
            else if (c is '{' or '}' && depth == 0 && Next(text, at) == c)
            {
                at += 2;
            }
            else if (depth > 0 && (c is '"' or '$' or '@') && AfterString(text, at) is int end && end > at)
            {
                at = end;
            }
            else if (depth == 0 && c == '"')
            {
                return at + 1;
            }
            else
            {
                depth += c == '{' ? 1 : c == '}' && depth > 0 ? -1 : 0;
                at++;
            }
        }

        return text.Length;
    }
}
