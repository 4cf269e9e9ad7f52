using System.Diagnostics;

namespace Mapwire.Mutation;

/// <summary>
/// Tries each mutant by the unit tests, and the survivors by the conformance suite. What was found is kept, so that a run can go on.
/// </summary>
internal sealed class MutationRun(MutationOptions options, MutatedTree tree)
{
    /// <summary>A mutant that takes so many times as long as no mutant hangs.</summary>
    private const int TimesSlower = 4;

    private readonly string _results = Path.Combine(options.Tree, $"mutants-{options.Seed}.txt");
    private readonly Lock _lock = new();

    public int Run()
    {
        string unit = Build("Mapwire.Server.Tests");
        string[] unitArguments = ["-noLogo", "-noColor", "-stopOnFail", "-class-", "*.FuzzTests"];
        TimeSpan limit = Baseline(unit, unitArguments);
        Dictionary<string, string> known = Results();
        Parallel.ForEach(tree.Mutants, new ParallelOptions { MaxDegreeOfParallelism = options.Jobs }, mutant =>
        {
            if (!known.ContainsKey(mutant.ToString()))
            {
                Note(mutant, Verdict(Command.Try(unit, unitArguments, mutant.Number, limit), "unit tests"));
            }
        });

        return options.Conformance ? TryConformance() : Report();
    }

    private int TryConformance()
    {
        string conformance = Build("Mapwire.Conformance");
        string[] arguments = ["-noLogo", "-noColor", "-stopOnFail"];
        TimeSpan limit = Baseline(conformance, arguments);
        foreach (Mutant mutant in tree.Mutants.Where(mutant => Results()[mutant.ToString()] == "survived"))
        {
            Note(mutant, Verdict(Command.Try(conformance, arguments, mutant.Number, limit), "conformance suite"));
        }

        return Report();
    }

    private static string Verdict(int? code, string by) => code switch
    {
        0 => "survived",
        null => $"killed by the {by} (it hung)",
        _ => $"killed by the {by}",
    };

    /// <summary>How long one mutant may take: some times what the tests take with none.</summary>
    private static TimeSpan Baseline(string program, string[] arguments)
    {
        Stopwatch watch = Stopwatch.StartNew();
        if (Command.Try(program, arguments, mutant: 0, TimeSpan.FromHours(1)) is not 0)
        {
            throw new InvalidOperationException($"{program} fails without a mutant.");
        }

        Console.WriteLine($"without a mutant {program} takes {watch.Elapsed.TotalSeconds:F1} s");
        return (watch.Elapsed * TimesSlower) + TimeSpan.FromSeconds(30);
    }

    private string Build(string project)
    {
        string output =
            Command.Read(options.Tree, "dotnet",
            $"build tests/{project} -c Release --nologo -v quiet -clp:NoSummary -p:RunAnalyzers=false -p:TreatWarningsAsErrors=false");
        string program = Path.Combine(options.Tree, "tests", project, "bin/Release/net10.0", project);
        return output.Contains(": error", StringComparison.Ordinal) || !File.Exists(program)
            ? throw new InvalidOperationException(output)
            : program;
    }

    private void Note(Mutant mutant, string verdict)
    {
        lock (_lock)
        {
            File.AppendAllText(_results, $"{verdict}\t{mutant}\n");
            Console.WriteLine($"{verdict}: {mutant}");
        }
    }

    /// <summary>The last verdict on each mutant.</summary>
    private Dictionary<string, string> Results()
    {
        Dictionary<string, string> results = [];
        foreach (string[] parts in (File.Exists(_results) ? File.ReadAllLines(_results) : []).Select(static line => line.Split('\t')))
        {
            results[parts[1]] = parts[0];
        }

        return results;
    }

    private int Report()
    {
        Dictionary<string, string> results = Results();
        Mutant[] survivors = [.. tree.Mutants.Where(mutant => results[mutant.ToString()] == "survived")];
        string explained = Path.Combine("tests", "Mapwire.Mutation", "survivors.txt");
        KnownSurvivors known = KnownSurvivors.Parse(File.ReadLines(Path.Combine(options.Root, explained)));
        foreach (Mutant survivor in survivors)
        {
            Console.WriteLine($"SURVIVED {survivor}\n  {known.Explain(survivor) ?? $"NOT EXPLAINED in {explained}"}");
        }

        int unexplained = survivors.Count(survivor => known.Explain(survivor) is null);
        Console.WriteLine($"{survivors.Length} survived, {unexplained} of them without an explanation");
        Console.WriteLine($"{tree.Mutants.Count - survivors.Length} of {tree.Mutants.Count} mutants killed (seed {options.Seed})");
        return 0;
    }
}
