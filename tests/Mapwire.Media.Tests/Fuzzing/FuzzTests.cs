using Mapwire.Fuzzing;
using Xunit;

namespace Mapwire.Media.Tests.Fuzzing;

/// <summary>Damaged files without end; docs/fuzzing.md says how to run it for longer, and what to do with what it finds.</summary>
public sealed class FuzzTests
{
    [Fact]
    public void Damaged_files_are_read_or_refused_in_little_time_and_memory()
    {
        FuzzOptions options = FuzzOptions.FromEnvironment();
        Console.WriteLine($"Fuzzing films, MAPWIRE_FUZZ_SEED={options.Seed}");
        FuzzTally tally = FuzzLoop.Run(new FilmSubject(), options);
        Console.WriteLine($"Fuzzed films: {tally}");
        Assert.True(tally.Cases > 100, $"Only {tally.Cases} cases ran.");
        Assert.InRange(tally.Accepted, 1, tally.Cases - 1);
    }
}
