namespace Mapwire.Rules;

/// <summary>A line fits where it is read: beside its difference, without scrolling.</summary>
public sealed class LineTests
{
    /// <summary>As .editorconfig has it.</summary>
    private const int MaxLength = 140;

    [Fact]
    public void No_line_of_code_is_too_long()
    {
        Assert.Contains($"max_line_length = {MaxLength}", Repository.Read(".editorconfig"), StringComparison.Ordinal);
        Violations.None(((string[])["src", "tests", "samples", "bench"]).SelectMany(Repository.Sources).SelectMany(TooLong),
            $"A line has at most {MaxLength} columns; a long text is broken where its sentence pauses.");
    }

    [Fact]
    public void A_line_that_is_too_long_is_found()
    {
        Violations.Found(TooLong(new("src/A.cs", "class A;\n// " + new string('a', MaxLength - 2))), "src/A.cs(2): 141");
        Assert.Empty(TooLong(new("src/A.cs", "// " + new string('a', MaxLength - 3) + "\r\n")));
    }

    private static IEnumerable<string> TooLong(SourceFile source) =>
        source.Lines.Select((line, i) => (Length: line.TrimEnd('\r').Length, Number: i + 1))
            .Where(line => line.Length > MaxLength).Select(line => $"{source.Path}({line.Number}): {line.Length} columns");
}
