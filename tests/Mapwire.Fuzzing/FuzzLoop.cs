using System.Diagnostics;

namespace Mapwire.Fuzzing;

/// <summary>
/// Varies cases and runs them, for a time or a number of cases; keeps those that reach something new, and varies them further.
/// </summary>
public static class FuzzLoop
{
    /// <summary>No small case takes longer.</summary>
    private const double LongestMilliseconds = 100;

    /// <summary>A busy machine can hold up any case; one that is slow every time is slow itself.</summary>
    private const int Tries = 10;

    private const int LongestKept = 1 << 15;

    /// <summary>Runs until the time is over, or the cases are.</summary>
    /// <exception cref="BrokenPromiseException">A case broke a promise.</exception>
    public static FuzzTally Run(IFuzzSubject subject, FuzzOptions options)
    {
        Random random = new(options.Seed);
        FeatureSet features = new();
        using CaseInFlight flight = new(subject.Name);
        List<FuzzCase> seeds = [.. subject.Seeds()];
        if (options.SeedFolder is { } folder)
        {
            seeds.AddRange(
                Directory.GetFiles(folder).Order().Select(path => subject.Load(Path.GetFileName(path), File.ReadAllBytes(path))));
        }

        long accepted = 0;
        double slowest = 0;
        long mostAllocated = 0;
        CasePool pool = new();
        foreach (FuzzCase seed in seeds)
        {
            pool.Add(seed, Try(seed, "a seed"));
        }

        int kept = 0;
        long cases = 0;
        accepted = 0;
        Stopwatch watch = Stopwatch.StartNew();
        while (options.Cases is { } most ? cases < most : watch.Elapsed.TotalSeconds < options.Seconds)
        {
            cases++;
            FuzzCase next = subject.Vary(pool.Pick(random), pool.Pick(random), random);
            features.Begin();
            bool isAccepted = Try(next, $"case {cases} of seed {options.Seed}");
            if (features.News == 0 || next.Bytes.Length > LongestKept)
            {
                continue;
            }

            kept++;
            if (options.KeepFolder is not null)
            {
                Finds.Keep(options.KeepFolder, next);
            }

            pool.Keep(next, isAccepted, random);
        }

        return new FuzzTally(options.Seed, cases, accepted, features.Count, kept, slowest, mostAllocated, watch.Elapsed);

        bool Try(FuzzCase given, string which)
        {
            flight.Set(given);
            try
            {
                Cost cost = Measure(subject, given, features);
                accepted += cost.IsAccepted ? 1 : 0;
                slowest = Math.Max(slowest, cost.Milliseconds);
                mostAllocated = Math.Max(mostAllocated, cost.Allocated);
                flight.Clear();
                return cost.IsAccepted;
            }
            catch (Exception e)
            {
                flight.Clear();
                throw Describe(subject, given, which, e);
            }
        }
    }

    /// <summary>Runs one case as the loop does, for replaying a corpus.</summary>
    /// <returns>Whether it was accepted.</returns>
    public static bool RunOne(IFuzzSubject subject, FuzzCase given) => Measure(subject, given, new FeatureSet()).IsAccepted;

    private static Cost Measure(IFuzzSubject subject, FuzzCase given, FeatureSet features)
    {
        double best = double.MaxValue;
        for (int tries = 0; ; tries++)
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            long started = Stopwatch.GetTimestamp();
            bool isAccepted = subject.Run(given, features);
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            if (allocated > subject.MostAllocated(given))
            {
                throw new BrokenPromiseException(
                    $"{allocated} bytes were allocated for {given.Bytes.Length}, of at most {subject.MostAllocated(given)}");
            }

            if (best < LongestMilliseconds)
            {
                return new Cost(isAccepted, best, allocated);
            }

            if (tries == Tries)
            {
                throw new BrokenPromiseException($"it takes {best:0} ms");
            }
        }
    }

    private static BrokenPromiseException Describe(IFuzzSubject subject, FuzzCase given, string which, Exception found)
    {
        FuzzCase small = Shrinker.Shrink(given, smaller =>
        {
            try
            {
                Measure(subject, smaller, new FeatureSet());
                return false;
            }
            catch (Exception e)
            {
                return e.GetType() == found.GetType() && WithoutDigits(e.Message) == WithoutDigits(found.Message);
            }
        });
        string path = Finds.Write(subject.Name, small);
        return new BrokenPromiseException($"{subject.Name}, {which}: {path} ({small.Bytes.Length} bytes): {found.Message}", found);
    }

    private static string WithoutDigits(string text) => string.Concat(text.Where(c => !char.IsAsciiDigit(c)));

    private readonly record struct Cost(bool IsAccepted, double Milliseconds, long Allocated);
}
