using Mapwire.Fuzzing;
using Xunit;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>Damaged playlists without end; docs/fuzzing.md says how to run it for longer, and what to do with what it finds.</summary>
public sealed class FuzzTests
{
    [Fact]
    public void Damaged_playlists_are_read_or_refused_with_a_place()
    {
        FuzzOptions options = FuzzOptions.FromEnvironment(seconds: 5);
        Console.WriteLine($"Fuzzing playlists, MAPWIRE_FUZZ_SEED={options.Seed}");
        FuzzTally tally = FuzzLoop.Run(new PlaylistSubject(), options);
        Console.WriteLine($"Fuzzed playlists: {tally}");
        Assert.True(tally.Cases > 100, $"Only {tally.Cases} cases ran.");
        Assert.InRange(tally.Accepted, 1, tally.Cases - 1);
    }
}
