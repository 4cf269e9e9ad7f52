using System.Reflection;
using Xunit;

namespace Mapwire.Memory.Tests.Readme;

/// <summary>The README leaves nothing out. That its programs run is shown by <c>PackageTests</c>.</summary>
public sealed class ReadmeTests
{
    private static readonly string Readme = Read("Mapwire.Memory.README.md");

    [Fact]
    public void Every_public_type_and_capability_is_named()
    {
        IEnumerable<string> names = typeof(MappedFile).Assembly.GetExportedTypes()
            .Where(type => type is { IsNested: false, Namespace: "Mapwire.Memory" or "Mapwire.Memory.Sharing" })
                .Select(type => type.Name.Split('`')[0])
            .Concat(Enum.GetNames<MemoryCapability>());
        Assert.DoesNotContain(names, name => !Readme.Contains(name, StringComparison.Ordinal));
    }

    [Fact]
    public void The_first_screen_has_a_whole_program()
    {
        ReadmeProgram first = ReadmeProgram.Parse(Readme)[0];
        int line = Readme[..Readme.IndexOf("```output", StringComparison.Ordinal)].Split('\n').Length;
        Assert.True(line <= 40, $"the first program ends on line {line}");
        Assert.StartsWith("using Mapwire.Memory;", first.Code);
    }

    [Fact]
    public void Every_lock_in_the_README_is_guarded()
    {
        foreach (ReadmeProgram program in ReadmeProgram.Parse(Readme))
        {
            Assert.DoesNotContain(".Release()", program.Code.Contains("finally", StringComparison.Ordinal) ? "" : program.Code);
        }
    }

    private static string Read(string resource)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
