using System.Diagnostics;

namespace Mapwire.Mutation;

/// <summary>
/// Tries each mutant by the unit tests, and the survivors by the conformance suite. What was found is kept, so that a run can go on.
/// </summary>
internal sealed class MutationRun(MutationOptions options, MutatedTree tree)
{
    private const string Survived = "survived";

    /// <summary>A mutant that takes so many times as long as no mutant hangs.</summary>
    private const int TimesSlower = 4;

    /// <summary>How often the tests may fail without a mutant: what fails each time is no chance.</summary>
    private const int MaxBaselines = 3;

    /// <summary>What is added to that, for tests that are over at once.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

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
                string verdict = Neighbours(mutant) is { } near
                    ? Judge(unit, [.. unitArguments, "-namespace", near], mutant, (limit / TimesSlower) + Grace, "unit tests")
                    : Survived;
                Note(mutant, verdict == Survived ? Judge(unit, unitArguments, mutant, limit, "unit tests") : verdict);
            }
        });

        return options.Conformance ? TryConformance() : Report();
    }

    /// <summary>The tests of the folder that a mutant is in, which are tried first: they are few and kill most. Null where there are none.
    /// </summary>
    private string? Neighbours(Mutant mutant)
    {
        string folder = mutant.File.Split('/')[2];
        return Directory.Exists(Path.Combine(options.Root, "tests/Mapwire.Server.Tests", folder))
            ? $"Mapwire.Server.Tests.{folder}*"
            : null;
    }

    private int TryConformance()
    {
        string conformance = Build("Mapwire.Conformance");
        string[] arguments = ["-noLogo", "-noColor", "-stopOnFail"];
        TimeSpan limit = Baseline(conformance, arguments);
        foreach (Mutant mutant in tree.Mutants.Where(mutant => Results()[mutant.ToString()] == Survived))
        {
            Note(mutant, Judge(conformance, arguments, mutant, limit, "conformance suite"));
        }

        return Report();
    }

    /// <summary>
    /// Tries a mutant. It is killed when a test fails twice, once more alone or with all others: one failure may be chance on a busy
    /// machine.
    /// </summary>
    private static string Judge(string program, string[] arguments, Mutant mutant, TimeSpan limit, string by)
    {
        TestOutcome outcome = Command.Try(program, arguments, mutant.Number, limit);
        if (outcome.Result == TestResult.Failed)
        {
            string? test = outcome.Failed?.Split('(')[0]; // without what a theory was given
            bool failsAlone = test is not null
                && Command.Try(program, ["-noLogo", "-noColor", "-method", test], mutant.Number, limit).Result == TestResult.Failed;
            outcome = failsAlone ? outcome : Command.Try(program, arguments, mutant.Number, limit);
        }

        return outcome.Result switch
        {
            TestResult.Passed => Survived,
            TestResult.Hung => $"killed by the {by} (they hung)",
            _ => $"killed by the {by} ({outcome.Failed ?? "the program crashed"})",
        };
    }

    /// <summary>How long one mutant may take: some times what the tests take with none.</summary>
    private static TimeSpan Baseline(string program, string[] arguments)
    {
        for (int attempt = 0; attempt < MaxBaselines; attempt++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            TestOutcome outcome = Command.Try(program, arguments, mutant: 0, TimeSpan.FromHours(1));
            if (outcome.Result == TestResult.Passed)
            {
                Console.WriteLine($"without a mutant {program} takes {watch.Elapsed.TotalSeconds:F1} s");
                return (watch.Elapsed * TimesSlower) + Grace;
            }

            Console.WriteLine($"without a mutant {program} fails: {outcome.Failed ?? "it crashed"}");
        }

        throw new InvalidOperationException($"{program} fails without a mutant, {MaxBaselines} times.");
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
        Mutant[] survivors = [.. tree.Mutants.Where(mutant => results[mutant.ToString()] == Survived)];
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
