namespace Mapwire.Server;

/// <summary>Makes a client's words fit for a log line: one line, no control characters for a terminal, no more than a line's length.</summary>
internal static class LogText
{
    private const int MaxLength = 200;

    /// <summary>The text with every control character written as <c>\uNNNN</c>, cut where it is too long.</summary>
    public static string Clean(string text)
    {
        string cut = text.Length > MaxLength ? string.Concat(text.AsSpan(0, MaxLength), "...") : text;
        return cut.Any(char.IsControl)
            ? string.Concat(cut.Select(static c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()))
            : cut;
    }
}
