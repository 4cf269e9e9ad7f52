using System.Text.RegularExpressions;

namespace Mapwire.Rules;

/// <summary>A link of a page of the repository leads to a file that is there, and to a heading that the file has.</summary>
public sealed partial class LinkTests
{
    [Fact]
    public void Links_lead_to_files_and_headings_that_exist() =>
        Violations.None(Repository.Files("", "*.md").SelectMany(path => Dead(path, Repository.Read(path))), "A link leads nowhere.");

    [Fact]
    public void A_link_that_leads_nowhere_is_found()
    {
        Violations.Found(Dead("docs/a.md", "see [b](nothing.md)"), "docs/a.md: nothing.md");
        Violations.Found(Dead("docs/a.md", "# One\n[b](#two)"), "#two");
        Violations.Found(Dead("docs/a.md", "[b](../README.md#there-is-no-such-heading)"), "#there-is-no-such-heading");
        Assert.Empty(Dead("docs/a.md", "## Mapwire.Memory, `top`\n[b](#mapwirememory-top) [c](benchmarks.md#serving) [d](https://a.b/c)"));
    }

    private static IEnumerable<string> Dead(string page, string text)
    {
        foreach (string target in LinkPattern().Matches(text).Select(match => match.Groups[1].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal)))
        {
            string[] parts = target.Split('#', 2);
            string file = Path.GetRelativePath(Repository.Root,
                Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, parts[0])));
            string whole = Path.Combine(Repository.Root, file);
            if (parts[0].Length > 0 && !Path.Exists(whole))
            {
                yield return $"{page}: {target}";
            }
            else if (parts.Length == 2 && !Headings(parts[0].Length == 0 ? text : File.ReadAllText(whole)).Contains(parts[1]))
            {
                yield return $"{page}: {target}";
            }
        }
    }

    /// <summary>The anchors of a page, made as hosts of repositories make them.</summary>
    private static IEnumerable<string> Headings(string text) =>
        text.Split('\n').Where(line => line.StartsWith('#')).Select(line => Forgotten().Replace(
            line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex LinkPattern();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Forgotten();
}
