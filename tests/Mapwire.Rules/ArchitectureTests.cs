namespace Mapwire.Rules;

/// <summary>The page that explains the house knows all of its rooms, and only those.</summary>
public sealed class ArchitectureTests
{
    private const string Page = "docs/ARCHITECTURE.md";

    [Fact]
    public void Every_project_is_on_the_page() =>
        Violations.None(Unnamed(Repository.Read(Page), [.. Rooms(), "Mapwire.Conformance", "Mapwire.Rules"]), $"{Page} lacks a project.");

    [Fact]
    public void A_project_that_is_not_on_the_page_is_found() =>
        Violations.Found(Unnamed("| `src/Mapwire.Memory` | pages |", ["Mapwire.Memory", "Mapwire.Media"]), "Mapwire.Media");

    [Fact]
    public void The_page_names_no_folder_that_is_gone() =>
        Violations.None(Gone(Repository.Read(Page)), $"{Page} names what does not exist.");

    [Fact]
    public void A_folder_that_is_gone_is_found() => Violations.Found(Gone("| `src/Mapwire.Basement` | coal |"), "src/Mapwire.Basement");

    [Fact]
    public void Decision_records_are_numbered_and_stand_in_the_index_with_their_titles()
    {
        string index = Repository.Read("docs/adr/README.md");
        string[] records = [.. Repository.Files("docs/adr", "*.md").Where(static path => path != "docs/adr/README.md")];
        Assert.NotEmpty(records);
        Assert.All(records, path => Assert.Matches(@"^docs/adr/\d{4}-[a-z0-9-]+\.md$", path));
        Assert.Distinct(records.Select(path => Path.GetFileName(path)[..4]));
        Assert.All(records, path =>
        {
            string name = Path.GetFileName(path);
            string title = Repository.Read(path).Split('\n')[0];
            Assert.Contains($"| [{name[..4]}]({name}) | {title[(title.IndexOf(". ", StringComparison.Ordinal) + 2)..]} |", index,
                StringComparison.Ordinal);
        });
    }

    private static IEnumerable<string> Rooms() => Repository.Projects("src").Select(project => project.Name);

    private static IEnumerable<string> Unnamed(string page, IEnumerable<string> projects) =>
        projects.Where(name => !page.Contains(name, StringComparison.Ordinal));

    private static IEnumerable<string> Gone(string page) =>
        System.Text.RegularExpressions.Regex.Matches(page, @"`((?:src|tests|samples|bench|docs)/[\w./-]*?)/?`")
            .Select(match => match.Groups[1].Value)
            .Where(path => !Path.Exists(Path.Combine(Repository.Root, path)));
}
