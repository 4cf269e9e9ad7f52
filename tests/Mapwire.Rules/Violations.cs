namespace Mapwire.Rules;

/// <summary>How a rule speaks: a list of places, empty when the house is in order.</summary>
internal static class Violations
{
    public static void None(IEnumerable<string> violations, string rule)
    {
        string[] found = [.. violations];
        Assert.True(found.Length == 0, $"{rule}{Environment.NewLine}  {string.Join(Environment.NewLine + "  ", found)}");
    }

    /// <summary>A rule that finds nothing in a bad example protects nothing.</summary>
    public static void Found(IEnumerable<string> violations, params string[] words)
    {
        string[] found = [.. violations];
        Assert.True(found.Length > 0, "the rule finds nothing in its bad example");
        Assert.All(words, word => Assert.Contains(found, violation => violation.Contains(word, StringComparison.Ordinal)));
    }
}
