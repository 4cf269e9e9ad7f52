using System.Reflection;

namespace Mapwire.Rules;

/// <summary>The compiler refuses what BannedSymbols.txt lists; here: that it is asked to, and that every line means something.</summary>
public sealed class BannedSymbolsTests
{
    [Fact]
    public void The_list_is_given_to_the_compiler()
    {
        string props = Repository.Read("Directory.Build.props");
        Assert.Contains("Include=\"Microsoft.CodeAnalysis.BannedApiAnalyzers\"", props, StringComparison.Ordinal);
        Assert.Contains("<AdditionalFiles Include=\"$(RepositoryRoot)BannedSymbols.txt\" />", props, StringComparison.Ordinal);
        Violations.None(
            Repository.Files("", ".editorconfig").Where(path => Repository.Read(path).Contains("RS0030", StringComparison.Ordinal)),
            "RS0030 stays what it is.");
    }

    [Fact]
    public void Every_line_bans_something_that_exists_and_says_why() =>
        Violations.None(Repository.Read("BannedSymbols.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries).SelectMany(Meaningless),
        "A misspelt symbol bans nothing.");

    [Theory]
    [InlineData("P:System.DateTime.Noww; because")]
    [InlineData("M:System.GC.Collect(System.String); because")]
    [InlineData("N:System.IO.MemoryMapped; because")]
    [InlineData("P:System.DateTime.Now")]
    public void A_line_that_bans_nothing_is_found(string line) => Violations.Found(Meaningless(line), line);

    private static IEnumerable<string> Meaningless(string line)
    {
        string[] parts = line.Split(';', 2);
        if (parts.Length < 2 || string.IsNullOrWhiteSpace(parts[1]) || !Exists(parts[0].Trim()))
        {
            yield return line;
        }
    }

    private static bool Exists(string id)
    {
        string name = id[2..];
        string member = name.Split('(')[0];
        return id[0] switch
        {
            'N' => Types().Any(type => type.Namespace == name),
            'T' => Types().Any(type => type.FullName == name),
            _ => Types().Where(type => type.FullName == member[..member.LastIndexOf('.')]).SelectMany(type => type.GetMembers())
                .Any(found => IdOf(found) == id),
        };
    }

    private static string IdOf(MemberInfo member)
    {
        string name = $"{member.DeclaringType!.FullName}.{member.Name}";
        return member switch
        {
            PropertyInfo => "P:" + name,
            MethodInfo method when method.GetParameters() is { Length: > 0 } parameters =>
                $"M:{name}({string.Join(',', parameters.Select(parameter => parameter.ParameterType.FullName))})",
            MethodInfo => "M:" + name,
            _ => "F:" + name,
        };
    }

    private static IEnumerable<Type> Types() =>
        ((Assembly[])[typeof(object).Assembly, typeof(System.IO.MemoryMappedFiles.MemoryMappedFile).Assembly]).SelectMany(
            assembly => assembly.GetExportedTypes());
}
