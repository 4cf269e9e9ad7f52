using System.Reflection;
using Xunit;

namespace Mapwire.Memory.Tests.Readme;

/// <summary>The README says what is true: its code is compiled and run, and it leaves nothing out.</summary>
public sealed class ReadmeTests
{
    private static readonly string[] Readme = Lines("Mapwire.Memory.README.md");

    [Fact]
    public void Every_code_block_is_one_that_runs()
    {
        string[] source = [.. Lines("ExampleTests.cs"), .. Lines("SharingExampleTests.cs")];
        List<List<string>> blocks = [];
        bool inside = false;
        foreach (string line in Readme)
        {
            if (line == "```csharp")
            {
                blocks.Add([]);
            }
            else if (inside && line != "```")
            {
                blocks[^1].Add(line);
            }

            inside = line == "```csharp" || (inside && line != "```");
        }

        Assert.True(blocks.Count >= 10, $"{blocks.Count} blocks");
        foreach (List<string> block in blocks)
        {
            Assert.True(
                Enumerable.Range(0, source.Length - block.Count).Any(start => source.Skip(start).Take(block.Count).SequenceEqual(block)),
                "Not in ExampleTests.cs: " + string.Join('\n', block));
        }
    }

    [Fact]
    public void Every_public_type_and_capability_is_named()
    {
        string text = string.Join('\n', Readme);
        IEnumerable<string> names = typeof(MappedFile).Assembly.GetExportedTypes()
            .Where(type => type.Namespace is "Mapwire.Memory" or "Mapwire.Memory.Sharing").Select(type => type.Name.Split('`')[0])
            .Concat(Enum.GetNames<MemoryCapability>());
        Assert.DoesNotContain(names, name => !text.Contains(name, StringComparison.Ordinal));
    }

    private static string[] Lines(string resource)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        using StreamReader reader = new(stream);
        return [.. reader.ReadToEnd().ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim())];
    }
}
