using System.Text;
using System.Text.RegularExpressions;

namespace Mapwire.Rules;

/// <summary>What is committed belongs to nobody's machine, and the solution holds every project.</summary>
public sealed class PlaceTests
{
    /// <summary>Home folders of the usual systems and hosts of package registries; in pieces, so that this file has none.</summary>
    private static readonly Regex Private = new(string.Join('|', [
        "(?<![\\w.~])/" + "home/\\w", "(?<![\\w.~])/" + "root/", "(?<![\\w.~])/" + "Users/\\w", "(?<![\\w.~])/" + "work/",
        "[A-Za-z]:\\\\+" + "Users\\\\",
        "api\\.nuget" + "\\.org", "registry\\.npm" + "js", "py" + "pi\\.org", "proxy\\.gol" + "ang\\.org", "files\\.python" + "hosted",
    ]));

    [Fact]
    public void No_file_names_a_machine_or_a_registry() =>
        Violations.None(TextFiles().SelectMany(MachinePaths), "Paths of one machine and registry hosts are not committed.");

    [Fact]
    public void A_private_path_is_found()
    {
        Violations.Found(MachinePaths(new("docs/a.md", "see /" + "home/ann/films")), "docs/a.md(1)");
        Violations.Found(MachinePaths(new("docs/a.md", "\n\"C:\\" + "Users\\ann\"")), "docs/a.md(2)");
        Violations.Found(MachinePaths(new("a.config", "https://api.nuget" + ".org/v3/index.json")), "a.config");
        Assert.Empty(MachinePaths(new("docs/a.md", "rtmp://localhost/vod/home/film.mp4 and ~/work/films")));
    }

    [Fact]
    public void The_solution_holds_every_project()
    {
        string solution = Repository.Read("Mapwire.slnx");
        Violations.None(Missing(solution, Repository.Files("", "*.csproj")), "Mapwire.slnx lacks a project.");
    }

    [Fact]
    public void A_project_outside_the_solution_is_found() =>
        Violations.Found(Missing("<Solution><Project Path=\"src/A/A.csproj\" /></Solution>", ["src/A/A.csproj", "src/B/B.csproj"]),
        "src/B/B.csproj");

    [Fact]
    public void No_room_is_empty() =>
        Violations.None(
            Repository.Projects("src").Where(project => Repository.Sources(project.Folder).Count < 2).Select(project => project.Path),
            "A room whose work comes later is not created yet.");

    private static IEnumerable<string> Missing(string solution, IEnumerable<string> projects) =>
        projects.Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal));

    private static IEnumerable<string> MachinePaths(SourceFile file) =>
        Private.Matches(file.Text).Select(match => $"{file.Path}({file.LineOf(match.Index)}): {match.Value}");

    private static IEnumerable<SourceFile> TextFiles()
    {
        foreach (string path in Repository.Files())
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(Repository.Root, path));
            if (!bytes.AsSpan(0, Math.Min(bytes.Length, 8192)).Contains((byte)0))
            {
                yield return new SourceFile(path, Encoding.UTF8.GetString(bytes));
            }
        }
    }
}
