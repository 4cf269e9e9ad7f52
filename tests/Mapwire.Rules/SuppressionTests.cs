using System.Text.RegularExpressions;

namespace Mapwire.Rules;

/// <summary>What the compiler says about trimming and Native AOT (IL2xxx, IL3xxx) is mended, never silenced: such a warning is a program
/// that fails when it is published.</summary>
public sealed partial class SuppressionTests
{
    [Fact]
    public void No_warning_about_trimming_or_AOT_is_suppressed() =>
        Violations.None(
            ((string[])["src", "samples"]).SelectMany(folder => Repository.Files(folder))
                .Concat(Repository.Files("", "Directory.*.*")).Concat(Repository.Files("", ".editorconfig")).Distinct()
                .Where(path => Path.GetExtension(path) is ".cs" or ".csproj" or ".props" or ".targets" or ".editorconfig" or ".md")
                .Select(path => new SourceFile(path, Repository.Read(path))).SelectMany(Suppressions),
            "Warnings about trimming and AOT are not suppressed.");

    [Theory]
    [InlineData("src/A.cs", "[UnconditionalSuppressMessage(\"Trimming\", \"IL2026\")]", "UnconditionalSuppressMessage")]
    [InlineData("src/A.cs", "#pragma warning disable IL3050", "IL3050")]
    [InlineData("src/A.csproj", "<NoWarn>$(NoWarn);IL2104</NoWarn>", "IL2104")]
    [InlineData("src/A.csproj", "<SuppressTrimAnalysisWarnings>true</SuppressTrimAnalysisWarnings>", "SuppressTrimAnalysisWarnings")]
    [InlineData("src/A.csproj", "<EnableAotAnalyzer>false</EnableAotAnalyzer>", "EnableAotAnalyzer")]
    [InlineData("src/A.csproj", "<IlcTreatWarningsAsErrors>false</IlcTreatWarningsAsErrors>", "IlcTreatWarningsAsErrors")]
    [InlineData(".editorconfig", "dotnet_diagnostic.IL2026.severity = none", "IL2026")]
    [InlineData("src/README.md", "#pragma warning disable IL2026", "IL2026")]
    public void A_suppression_is_found(string path, string text, string word) =>
        Violations.Found(Suppressions(new SourceFile(path, text)), word);

    private static IEnumerable<string> Suppressions(SourceFile file) =>
        SuppressionPattern().Matches(file.Text).Select(match => $"{file.Path}({file.LineOf(match.Index)}): {match.Value}");

    [GeneratedRegex(@"UnconditionalSuppressMessage|\bIL[23]\d{3}\b|SuppressTrimAnalysisWarnings|SuppressAotAnalysisWarnings"
        + @"|(EnableAotAnalyzer|EnableTrimAnalyzer|ILLinkTreatWarningsAsErrors|IlcTreatWarningsAsErrors)>\s*false")]
    private static partial Regex SuppressionPattern();
}
