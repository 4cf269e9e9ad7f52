namespace Mapwire.Memory.Tests.Readme;

/// <summary>One example of the README: a whole program, and what it prints.</summary>
/// <param name="Code">The program.</param>
/// <param name="Output">Its output, with a newline after each line.</param>
internal sealed record ReadmeProgram(string Code, string Output)
{
    /// <summary>All examples of a text, in order.</summary>
    public static IReadOnlyList<ReadmeProgram> Parse(string markdown)
    {
        List<ReadmeProgram> programs = [];
        foreach (string part in markdown.ReplaceLineEndings("\n").Split("```csharp\n").Skip(1))
        {
            string[] code = part.Split("\n```\n\n```output\n", 2);
            Assert(code.Length == 2, "A program without its output: " + part[..Math.Min(200, part.Length)]);
            programs.Add(new ReadmeProgram(code[0], code[1].Split("\n```", 2)[0] + "\n"));
        }

        return programs;
    }

    private static void Assert(bool condition, string message)
    {
        if (!condition)
        {
            throw new FormatException(message);
        }
    }
}
