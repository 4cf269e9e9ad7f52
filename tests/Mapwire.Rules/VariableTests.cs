using System.Text.RegularExpressions;

namespace Mapwire.Rules;

/// <summary>CONTRIBUTING says of every variable that tests or programs read what it does; <c>./test.sh --nightly</c> sets what it calls a
/// gate.</summary>
public sealed partial class VariableTests
{
    private const string Page = "CONTRIBUTING.md";

    [Fact]
    public void The_table_of_variables_has_all_that_are_read_and_no_other() =>
        Violations.None(
            Differences(Repository.Read(Page), ((string[])["src", "tests"]).SelectMany(Repository.Sources)
                .Where(source => source.Project != "Mapwire.Rules").SelectMany(Read)),
            $"The table in {Page} is what the code reads.");

    [Fact]
    public void A_variable_that_is_not_in_the_table_is_found()
    {
        SourceFile source = new("tests/A.cs", "Rounds.Of(\"MAPWIRE_A_ROUNDS\", 3); Environment.GetEnvironmentVariable(\"MAPWIRE_B\");");
        Violations.Found(Differences("| `MAPWIRE_B` | b | | | | |\n| `MAPWIRE_C` | c | | | | |", Read(source)),
            "MAPWIRE_A_ROUNDS is read", "MAPWIRE_C is not read");
        Assert.Empty(Differences("| `MAPWIRE_A_ROUNDS` | a | | | | |\n| `MAPWIRE_B` | b | | | | |", Read(source)));
    }

    [Fact]
    public void The_nightly_run_sets_every_gate() =>
        Violations.None(Unset(Repository.Read(Page), Repository.Read("test.sh")), "./test.sh --nightly runs the gates of the table.");

    [Fact]
    public void A_gate_that_the_nightly_run_leaves_out_is_found()
    {
        Violations.Found(Unset("| `MAPWIRE_A` | a | 5 | 1,000 | 2 h | |", "export MAPWIRE_A=${MAPWIRE_A:-100}"), "MAPWIRE_A");
        Assert.Empty(Unset("| `MAPWIRE_A` | a | 5 | 1,000 | 2 h | |\n| `MAPWIRE_B` | b | | | | |", "export MAPWIRE_A=${MAPWIRE_A:-1000}"));
    }

    private static IEnumerable<string> Read(SourceFile source) =>
        ReadPattern().Matches(source.Text).Select(match => match.Groups[1].Value);

    private static IEnumerable<string> Differences(string page, IEnumerable<string> read)
    {
        string[] used = [.. read.Distinct(StringComparer.Ordinal)], named = [.. Rows(page).Select(row => row[1].Trim('`'))];
        return used.Except(named, StringComparer.Ordinal).Select(name => $"{name} is read and not in the table")
            .Concat(named.Except(used, StringComparer.Ordinal).Select(name => $"{name} is not read"));
    }

    private static IEnumerable<string> Unset(string page, string script) =>
        Rows(page).Select(row => (Name: row[1].Trim('`'), Gate: row[4].Replace(",", "", StringComparison.Ordinal)))
            .Where(row => row.Gate.Length > 0 && !script.Contains($"{row.Name}=${{{row.Name}:-{row.Gate}}}", StringComparison.Ordinal)
                && !script.Contains($" {row.Name}={row.Gate} ", StringComparison.Ordinal)) // for one run of a program
            .Select(row => $"{row.Name} is not set to {row.Gate}");

    /// <summary>The cells of each row, the first being before the first bar.</summary>
    private static IEnumerable<string[]> Rows(string page) =>
        page.Split('\n').Where(line => line.StartsWith("| `MAPWIRE_", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries));

    [GeneratedRegex(@"(?:GetEnvironmentVariable|Rounds\.Of|\bRead)\(\s*""(MAPWIRE_\w+)""")]
    private static partial Regex ReadPattern();
}
