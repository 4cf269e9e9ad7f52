using Mapwire.Fuzzing;

namespace Mapwire.Http.Tests.Fuzzing;

/// <summary>Hostile clients without end; docs/fuzzing.md says how to run it for longer, and what to do with what it finds.</summary>
public sealed class FuzzTests
{
    [Fact]
    public void Whatever_a_client_sends_is_understood_or_refused()
    {
        FuzzOptions options = FuzzOptions.FromEnvironment();
        Console.WriteLine($"Fuzzing HTTP, MAPWIRE_FUZZ_SEED={options.Seed}");
        FuzzTally tally = FuzzLoop.Run(new HttpSubject(), options);
        Console.WriteLine($"Fuzzed HTTP: {tally}");
        Assert.True(tally.Cases > 100, $"Only {tally.Cases} cases ran.");
        Assert.InRange(tally.Accepted, 1, tally.Cases - 1);
    }

    [Fact]
    public void The_same_seed_makes_the_same_cases()
    {
        FuzzOptions options = new() { Cases = 2_000, Seed = 5 };
        FuzzTally first = FuzzLoop.Run(new HttpSubject(), options);
        FuzzTally second = FuzzLoop.Run(new HttpSubject(), options);
        Assert.Equal(
            (first.Cases, first.Accepted, first.Features, first.Kept),
            (second.Cases, second.Accepted, second.Features, second.Kept));
        Assert.Equal(2_000, first.Cases);
    }
}
