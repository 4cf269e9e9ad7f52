using Mapwire.Fuzzing;
using Xunit;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>
/// Damaged playlists, hostile viewers of FLV and hostile publishers without end; docs/fuzzing.md says how to run it for longer, and what to
/// do with what it finds.
/// </summary>
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

    [Fact]
    public void Whatever_a_viewer_of_FLV_sends_it_gets_its_stream_and_pongs_or_is_ended()
    {
        FuzzOptions options = FuzzOptions.FromEnvironment(seconds: 5);
        if (options.Cases is { } cases)
        {
            options = options with { Cases = Math.Max(1, cases / 100) }; // each sends some seconds of a film, twice
        }

        Console.WriteLine($"Fuzzing viewers of FLV, MAPWIRE_FUZZ_SEED={options.Seed}");
        using FlvSubject subject = new();
        FuzzTally tally = FuzzLoop.Run(subject, options);
        Console.WriteLine($"Fuzzed viewers of FLV: {tally}");
        Assert.True(tally.Cases > 50, $"Only {tally.Cases} cases ran.");
        Assert.InRange(tally.Accepted, 1, tally.Cases - 1);
    }

    [Fact]
    public void Whatever_publishers_send_viewers_have_right_bytes_in_order_and_the_next_publisher_is_heard()
    {
        FuzzOptions options = FuzzOptions.FromEnvironment(seconds: 5);
        if (options.Cases is { } cases)
        {
            options = options with { Cases = Math.Max(1, cases / 100) }; // each is a server with its publishers and viewers
        }

        Console.WriteLine($"Fuzzing publishers, MAPWIRE_FUZZ_SEED={options.Seed}");
        using PublishSubject subject = new();
        FuzzTally tally = FuzzLoop.Run(subject, options);
        Console.WriteLine($"Fuzzed publishers: {tally}");
        Assert.True(tally.Cases > 100, $"Only {tally.Cases} cases ran.");
        Assert.InRange(tally.Accepted, 1, tally.Cases - 1);
    }
}
