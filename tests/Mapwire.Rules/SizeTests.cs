namespace Mapwire.Rules;

/// <summary>A file that nobody can hold in mind is two files.</summary>
public sealed class SizeTests
{
    private const int MostLines = 400;

    [Fact]
    public void No_source_file_is_too_long() => Violations.None(Repository.Sources("src").SelectMany(TooLong), $"No file of src/ is longer than {MostLines} lines.");

    [Fact]
    public void A_long_file_is_found()
    {
        Violations.Found(TooLong(new SourceFile("src/A.cs", new string('\n', MostLines + 1))), "401");
        Assert.Empty(TooLong(new SourceFile("src/A.cs", new string('\n', MostLines))));
    }

    private static IEnumerable<string> TooLong(SourceFile source)
    {
        int lines = source.Text.Count(c => c == '\n');
        return lines > MostLines ? [$"{source.Path}: {lines} lines"] : [];
    }
}
