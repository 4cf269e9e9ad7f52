namespace Mapwire.Server;

/// <summary>
/// A text from outside in a log line. It is cleaned (<see cref="TerminalText"/>) when the line is written, so no caller can forget to.
/// </summary>
/// <param name="Text">The text as it came. Never with a query: that is where tokens are.</param>
internal readonly record struct LogText(string Text)
{
    /// <summary>The longest text of a line, in characters: a reason that names a title, an item and a place in it.</summary>
    private const int MaxLength = 500;

    /// <summary>Takes any text as one to be cleaned.</summary>
    public static implicit operator LogText(string text) => new(text);

    /// <summary>The cleaned text.</summary>
    public override string ToString() => TerminalText.Clean(Text, MaxLength);
}
