using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Mapwire.Mutation;

/// <summary>
/// A copy of the repository that holds all mutants at once, each behind a switch, so that it is built once and the environment variable
/// MAPWIRE_MUTANT says which one is on.
/// </summary>
internal sealed partial class MutatedTree
{
    private const string Room = "src/Mapwire.Server";

    /// <summary>Attempts to build: each one drops the mutants that do not compile and draws others in their place.</summary>
    private const int MaxBuilds = 12;

    private MutatedTree(IReadOnlyList<Mutant> mutants) => Mutants = mutants;

    /// <summary>Those that compile, as many as were asked for.</summary>
    public IReadOnlyList<Mutant> Mutants { get; }

    public static MutatedTree Create(MutationOptions options)
    {
        Copy(options.Root, options.Tree);
        Dictionary<string, SyntaxNode> files =
            Directory.EnumerateFiles(Path.Combine(options.Root, Room), "*.cs", SearchOption.AllDirectories)
            .Where(static path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToDictionary(path => Path.GetRelativePath(options.Root, path),
            static path => CSharpSyntaxTree.ParseText(File.ReadAllText(path)).GetRoot());
        Queue<Mutant> drawn = new(Draw(files, options.Seed));
        List<Mutant> chosen = [];
        for (int build = 0; build < MaxBuilds; build++)
        {
            while (chosen.Count < options.Count && drawn.TryDequeue(out Mutant? next))
            {
                if (!chosen.Any(mutant => mutant.Target.Span.IntersectsWith(next.Target.Span) && mutant.File == next.File))
                {
                    chosen.Add(next);
                }
            }

            Write(options.Tree, files, chosen);
            HashSet<int> bad = BadMutants(options.Tree);
            if (bad.Count == 0)
            {
                return new MutatedTree(chosen);
            }

            Console.WriteLine($"{bad.Count} of {chosen.Count} do not compile; others are drawn");
            chosen.RemoveAll(mutant => bad.Contains(mutant.Number));
        }

        throw new InvalidOperationException($"The tree does not build after {MaxBuilds} attempts.");
    }

    /// <summary>
    /// All statements in the order that the seed gives, with one change each, drawn as well. A statement's place in that order and its
    /// change come from the seed and from the statement itself, so that what is changed elsewhere draws no other mutants.
    /// </summary>
    private static IEnumerable<Mutant> Draw(Dictionary<string, SyntaxNode> files, int seed)
    {
        List<(ulong Lot, string File, SyntaxNode Statement)> statements = [];
        foreach ((string file, SyntaxNode root) in files)
        {
            Dictionary<string, int> seen = new(StringComparer.Ordinal);
            foreach (SyntaxNode statement in Mutator.Statements(root))
            {
                string text = $"{Member(statement)}: {statement}";
                int before = seen[text] = seen.GetValueOrDefault(text) + 1;
                statements.Add((Lot($"{seed} {file} {before} {text}"), file, statement));
            }
        }

        Console.WriteLine($"{statements.Count} statements in {files.Count} files");
        int number = 0;
        foreach ((ulong lot, string file, SyntaxNode statement) in statements.OrderBy(static statement => statement.Lot))
        {
            IReadOnlyList<(SyntaxNode Target, SyntaxNode Replacement, string Change)> changes = Mutator.Changes(statement);
            if (changes.Count > 0)
            {
                (SyntaxNode target, SyntaxNode replacement, string change) = changes[(int)(lot % (ulong)changes.Count)];
                int line = target.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
                yield return new Mutant(++number, file, line, target, replacement, change);
            }
        }
    }

    /// <summary>The name of what a statement stands in, such as a method's.</summary>
    private static string Member(SyntaxNode statement) => statement.FirstAncestorOrSelf<MemberDeclarationSyntax>() switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        PropertyDeclarationSyntax property => property.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        _ => "",
    };

    private static ulong Lot(string text) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static void Write(string tree, Dictionary<string, SyntaxNode> files, List<Mutant> mutants)
    {
        foreach ((string file, SyntaxNode root) in files)
        {
            Dictionary<SyntaxNode, Mutant> here = mutants.Where(mutant => mutant.File == file).ToDictionary(static mutant => mutant.Target);
            SyntaxNode mutated = root.ReplaceNodes(here.Keys, (original, rewritten) => Switched(here[original], rewritten));
            WriteIfChanged(Path.Combine(tree, file), mutated.ToFullString());
        }

        WriteIfChanged(Path.Combine(tree, Room, "MutantSwitch.cs"), """
            namespace Mapwire.Server;

            /// <summary>Which mutant is on.</summary>
            internal static class MutantSwitch
            {
                private static readonly int Active =
                    int.TryParse(System.Environment.GetEnvironmentVariable("MAPWIRE_MUTANT"), out int number) ? number : 0;

                public static bool Is(int number) => Active == number;
            }

            """);
    }

    private static SyntaxNode Switched(Mutant mutant, SyntaxNode original)
    {
        string on = $"global::Mapwire.Server.MutantSwitch.Is({mutant.Number.ToString(CultureInfo.InvariantCulture)})";
        return original is StatementSyntax
            ? SyntaxFactory.ParseStatement($"if (!{on}) {{ {original.WithoutTrivia()} }}").WithTriviaFrom(original)
            : SyntaxFactory.ParseExpression($"({on} ? {mutant.Replacement.WithoutTrivia()} : {original.WithoutTrivia()})")
                .WithTriviaFrom(original);
    }

    private static void WriteIfChanged(string path, string text)
    {
        if (!File.Exists(path) || File.ReadAllText(path) != text)
        {
            File.WriteAllText(path, text);
        }
    }

    /// <summary>Builds the server, and tells which mutants the compiler refuses.</summary>
    private static HashSet<int> BadMutants(string tree)
    {
        string output =
            Command.Read(tree, "dotnet",
            $"build {Room} -c Release --nologo -v quiet -clp:NoSummary -p:RunAnalyzers=false -p:TreatWarningsAsErrors=false");
        HashSet<int> bad = [];
        foreach (Match error in CompilerError().Matches(output))
        {
            string path = error.Groups["file"].Value;
            int line = int.Parse(error.Groups["line"].ValueSpan, CultureInfo.InvariantCulture) - 1;
            SyntaxNode root = CSharpSyntaxTree.ParseText(File.ReadAllText(path)).GetRoot();
            int place =
                root.SyntaxTree.GetText().Lines[line].Start + int.Parse(error.Groups["column"].ValueSpan, CultureInfo.InvariantCulture) - 1;
            for (SyntaxNode? node = root.FindToken(place).Parent; node is not null; node = node.Parent)
            {
                MatchCollection switches = Switch().Matches(node.ToString());
                if (switches.Count > 0)
                {
                    bad.UnionWith(switches.Select(static found => int.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture)));
                    break;
                }
            }
        }

        return bad.Count > 0 || !output.Contains("error", StringComparison.Ordinal) ? bad : throw new InvalidOperationException(output);
    }

    private static void Copy(string root, string tree)
    {
        Directory.CreateDirectory(tree);
        foreach (string path in Command.Read(root, "git", "ls-files -z").Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            string from = Path.Combine(root, path);
            string to = Path.Combine(tree, path);
            if (File.Exists(from) && !path.StartsWith(Room, StringComparison.Ordinal))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(from, to, overwrite: true);
            }
            else if (File.Exists(from))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                if (!path.EndsWith(".cs", StringComparison.Ordinal))
                {
                    File.Copy(from, to, overwrite: true);
                }
            }
        }
    }

    [GeneratedRegex(@"(?<file>/[^\s(]+\.cs)\((?<line>\d+),(?<column>\d+)\): error")]
    private static partial Regex CompilerError();

    [GeneratedRegex(@"MutantSwitch\.Is\((\d+)\)")]
    private static partial Regex Switch();
}
