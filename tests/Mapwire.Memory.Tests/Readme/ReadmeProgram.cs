using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

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

    /// <summary>The program as a class among others, so that one build has all of them: its statements are a method, its types are in its
    /// namespace. Nothing in it is changed.</summary>
    public string ToClass(int number)
    {
        CompilationUnitSyntax unit =
            CSharpSyntaxTree.ParseText(Code, new CSharpParseOptions(LanguageVersion.Latest)).GetCompilationUnitRoot();
        string statements = string.Concat(unit.Members.OfType<GlobalStatementSyntax>().Select(member => member.ToFullString()));
        string types =
            string.Concat(unit.Members.Where(member => member is not GlobalStatementSyntax).Select(member => member.ToFullString()));
        string body = statements.Contains("await ", StringComparison.Ordinal) ? "async Task" : "Task";
        string end = body == "Task" ? "return Task.CompletedTask;" : "";
        return $$"""
            {{unit.Usings.ToFullString()}}
            namespace Example{{number}}
            {
                internal static class Program
                {
                    public static {{body}} Run()
                    {
                        {{statements}}
                        {{end}}
                    }
                }
                {{types}}
            }
            """;
    }

    private static void Assert(bool condition, string message)
    {
        if (!condition)
        {
            throw new FormatException(message);
        }
    }
}
