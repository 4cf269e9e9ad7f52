using System.Text.RegularExpressions;

namespace Mapwire.Rules;

/// <summary>Nothing is promised for later, and no test is set aside.</summary>
public sealed partial class UnfinishedTests
{
    [Fact]
    public void Nothing_is_left_for_later() =>
        Violations.None(
            ((string[])["src", "tests", "samples", "bench"]).SelectMany(Repository.Sources)
                .Where(source => !source.Path.EndsWith("/UnfinishedTests.cs", StringComparison.Ordinal)).SelectMany(LeftForLater),
            "Unfinished work is not committed.");

    [Fact]
    public void Work_left_for_later_is_found()
    {
        Violations.Found(LeftForLater(new("src/A.cs", "// TODO: later")), "TODO");
        Violations.Found(LeftForLater(new("src/A.cs", "/* FIXME */")), "FIXME");
        Violations.Found(LeftForLater(new("src/A.cs", "throw new NotImplementedException();")), "NotImplementedException");
        Violations.Found(LeftForLater(new("src/A.cs", "#if false\n#endif")), "#if false");
        Assert.Empty(LeftForLater(new("src/A.cs", "// a todo list for others\nint autoDotOdo;")));
    }

    [Fact]
    public void No_test_is_set_aside() => Violations.None(Repository.Sources("tests").SelectMany(SetAside), "Every test runs.");

    [Fact]
    public void A_test_set_aside_is_found()
    {
        Violations.Found(SetAside(new("tests/A.cs", "[Fact(Skip = \"flaky\")]")), "Skip");
        Violations.Found(SetAside(new("tests/A.cs", "[Theory(DisplayName = \"x\", Explicit = true)]")), "Explicit");
        Violations.Found(SetAside(new("tests/A.cs", "[Fact(SkipUnless = nameof(X))]")), "SkipUnless");
        Assert.Empty(SetAside(new("tests/A.cs", "[Fact]\nvoid A() => list.Skip(1); // Skip = nothing")));
    }

    private static IEnumerable<string> LeftForLater(SourceFile source) =>
        UnfinishedPattern().Matches(source.Text).Select(match => $"{source.Path}({source.LineOf(match.Index)}): {match.Value}");

    private static IEnumerable<string> SetAside(SourceFile source) => source.Find(SetAsidePattern(), "a test set aside");

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|\bNotImplementedException\b|^\s*#if\s+(false|0)\b", RegexOptions.Multiline)]
    private static partial Regex UnfinishedPattern();

    [GeneratedRegex(@"\[(?:Fact|Theory|InlineData|MemberData)\s*\([^\]]*\b(?:Skip|SkipWhen|SkipUnless|Explicit)\s*=")]
    private static partial Regex SetAsidePattern();
}
