using Microsoft.CodeAnalysis;

namespace Mapwire.Mutation;

/// <summary>One change to one statement.</summary>
/// <param name="Number">By which it is switched on; from 1.</param>
/// <param name="File">The path below the root.</param>
/// <param name="Line">Where it is, from 1.</param>
/// <param name="Target">The node that is replaced.</param>
/// <param name="Replacement">What it becomes while the mutant is on.</param>
/// <param name="Change">What was done, in words.</param>
internal sealed record Mutant(int Number, string File, int Line, SyntaxNode Target, SyntaxNode Replacement, string Change)
{
    public override string ToString() => $"{File}:{Line}: {Change}";

    /// <summary>The text of a node on one line, cut where it is long.</summary>
    public static string Text(SyntaxNode node)
    {
        string text = string.Join(' ', node.ToString().Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));
        return text.Length <= 90 ? text : text[..87] + "...";
    }
}
