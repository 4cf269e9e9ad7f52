using Mapwire.Fuzzing;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>Hostile peers without end; docs/fuzzing.md says how to run it for longer, and what to do with what it finds.</summary>
public sealed class FuzzTests
{
    [Fact]
    public void Whatever_a_peer_sends_is_understood_or_refused()
    {
        FuzzOptions options = FuzzOptions.FromEnvironment();
        Console.WriteLine($"Fuzzing RTMP, MAPWIRE_FUZZ_SEED={options.Seed}");
        FuzzTally tally = FuzzLoop.Run(new RtmpSubject(), options);
        Console.WriteLine($"Fuzzed RTMP: {tally}");
        Assert.True(tally.Cases > 100, $"Only {tally.Cases} cases ran.");
        Assert.InRange(tally.Accepted, 1, tally.Cases - 1);
    }
}
