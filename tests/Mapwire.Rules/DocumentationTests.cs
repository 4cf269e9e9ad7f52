using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Mapwire.Rules;

/// <summary>Every public member of src/ is documented: the compiler insists (CS1591 is an error), and nobody may tell it not to.</summary>
public sealed partial class DocumentationTests
{
    /// <summary>Where a missing document is nobody's loss: the sections of .editorconfig that may say so.</summary>
    private static readonly string[] Undocumented = ["tests/", "samples,bench", "samples/", "bench/"];

    [Fact]
    public void The_compiler_is_told_to_insist()
    {
        string props = Repository.Read("Directory.Build.props");
        Assert.Contains("<TreatWarningsAsErrors>true</TreatWarningsAsErrors>", props, StringComparison.Ordinal);
        Assert.Contains("<GenerateDocumentationFile>true</GenerateDocumentationFile>", props, StringComparison.Ordinal);
        Violations.None(
            Repository.Files("", "*.props").Select(path => new SourceFile(path, Repository.Read(path))).SelectMany(SilencingProperties),
            "CS1591 stays an error.");
        Violations.None(
            Repository.Projects("src").Select(project => new SourceFile(project.Path, project.Text)).SelectMany(SilencingProperties),
            "CS1591 stays an error.");
        Violations.None(Repository.Sources("src").SelectMany(SilencingPragmas), "CS1591 stays an error.");
        Violations.None(Repository.Files("", ".editorconfig").SelectMany(path => SilencingSections(path, Repository.Read(path))),
            "CS1591 stays an error.");
    }

    [Fact]
    public void Silence_is_found()
    {
        Violations.Found(SilencingProperties(new("a.csproj", "<P><NoWarn>$(NoWarn);CS1591</NoWarn></P>")), "1591");
        Violations.Found(SilencingProperties(new("a.csproj", "<P><WarningsNotAsErrors>1591</WarningsNotAsErrors></P>")), "1591");
        Violations.Found(SilencingProperties(new("a.csproj", "<P><GenerateDocumentationFile>false</GenerateDocumentationFile></P>")),
            "GenerateDocumentationFile");
        Violations.Found(SilencingProperties(new("a.csproj", "<P><TreatWarningsAsErrors> false</TreatWarningsAsErrors></P>")),
            "TreatWarningsAsErrors");
        Violations.Found(SilencingPragmas(new("a.cs", "#pragma warning disable CS1591\nclass A { }")), "1591");
        Violations.Found(SilencingPragmas(new("a.cs", "#pragma warning disable\nclass A { }")), "pragma");
        Assert.Empty(SilencingPragmas(new("a.cs", "#pragma warning disable CA1822 // because\nclass A { }")));
        Violations.Found(SilencingSections(".editorconfig", "[*.cs]\ndotnet_diagnostic.CS1591.severity = none\n"), "[*.cs]");
        Assert.Empty(SilencingSections(".editorconfig", "[tests/**.cs]\ndotnet_diagnostic.CS1591.severity = none\n"));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Every_public_type_is_in_the_documentation_file(string library)
    {
        Assembly assembly = Assembly.Load(library);
        XElement documents = XElement.Load(Path.Combine(AppContext.BaseDirectory, library + ".xml"));
        Violations.None(UndocumentedTypes(assembly.GetExportedTypes(), documents), $"{library} has public types without a document.");
    }

    [Fact]
    public void An_undocumented_type_is_found() =>
        Violations.Found(
            UndocumentedTypes([typeof(DocumentationTests)],
            XElement.Parse("<doc><members><member name=\"T:Other\"><summary>x</summary></member></members></doc>")),
            nameof(DocumentationTests));

    // The command is no library, and the analyzers are the compiler's: nobody calls them.
    public static TheoryData<string> Libraries() =>
        [.. Repository.Projects("src").Where(project => project.Name is not ("Mapwire.Cli" or "Mapwire.Memory.Analyzers"))
            .Select(project => project.Name)];

    private static IEnumerable<string> UndocumentedTypes(IEnumerable<Type> types, XElement documents)
    {
        HashSet<string> documented = [.. documents.Descendants("member")
            .Where(member => member.Elements().Any())
            .Select(member => (string)member.Attribute("name")!)];
        return types.Select(type => "T:" + type.FullName!.Replace('+', '.')).Where(name => !documented.Contains(name));
    }

    private static IEnumerable<string> SilencingProperties(SourceFile file) =>
        SilencingPropertyPattern().Matches(file.Text).Select(match => $"{file.Path}({file.LineOf(match.Index)}): {match.Value}");

    private static IEnumerable<string> SilencingPragmas(SourceFile file) =>
        SilencingPragmaPattern().Matches(file.Text).Select(match => $"{file.Path}({file.LineOf(match.Index)}): {match.Value.Trim()}");

    private static IEnumerable<string> SilencingSections(string path, string text)
    {
        string section = "(no section)";
        foreach (string line in text.Split('\n').Select(line => line.Trim()))
        {
            if (line.StartsWith('['))
            {
                section = line;
            }
            else if (SilencingSeverityPattern().IsMatch(line)
                && !Undocumented.Any(folder => section.Contains(folder, StringComparison.Ordinal)))
            {
                yield return $"{path} {section}: {line}";
            }
        }
    }

    [GeneratedRegex(@"<(NoWarn|WarningsNotAsErrors)\b[^>]*>[^<]*1591[^<]*<|"
        + @"<(GenerateDocumentationFile|TreatWarningsAsErrors)\b[^>]*>\s*false")]
    private static partial Regex SilencingPropertyPattern();

    [GeneratedRegex(@"^\s*#pragma\s+warning\s+disable(\s*(//.*)?$|[^\n/]*1591.*)", RegexOptions.Multiline)]
    private static partial Regex SilencingPragmaPattern();

    [GeneratedRegex(@"^dotnet_diagnostic\.CS1591\.severity\s*=\s*(?!error)")]
    private static partial Regex SilencingSeverityPattern();
}
