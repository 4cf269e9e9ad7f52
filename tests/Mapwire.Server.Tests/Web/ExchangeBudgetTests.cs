using System.Net;
using Mapwire.Server.Sending;
using Mapwire.Server.Web;
using Xunit;

namespace Mapwire.Server.Tests.Web;

/// <summary>What the requests of one of Kestrel's connections may make the server hold.</summary>
public sealed class ExchangeBudgetTests
{
    private static readonly IPEndPoint Peer = new(IPAddress.Parse("192.0.2.1"), 5000);

    [Theory]
    [InlineData(131_072, 3)]
    [InlineData(1 << 20, 24)]
    [InlineData(1 << 30, 100)]
    public void Requests_that_the_client_was_told_of_have_room_however_long_the_writes_of_the_first_are(long max, int expected)
    {
        ExchangeLimits limits = new(max, "option", new HeldBytes(1 << 30, "all"));
        ExchangeBudget budget = new(limits, Peer);
        Assert.Equal(expected, limits.MaxExchanges);
        long held = 0;
        for (int i = 0; i < expected; i++)
        {
            int taken = budget.TryBegin(1000, out string? reason, out _);
            Assert.Null(reason);
            held += taken + Enumerable.Range(0, 3).Sum(_ => Begin(budget));
        }

        Assert.InRange(held, 1, max);
    }

    [Fact]
    public void Requests_with_large_heads_are_refused_beyond_the_limit_and_have_room_again_when_others_are_over()
    {
        ExchangeBudget budget = new(new ExchangeLimits(131_072, "option", new HeldBytes(1 << 30, "all")), Peer);
        int first = budget.TryBegin(32_000, out string? reason, out bool isFirst);
        Assert.Null(reason);
        Assert.False(isFirst);
        Assert.Equal(0, budget.TryBegin(32_000, out reason, out isFirst));
        Assert.Contains("option", reason, StringComparison.Ordinal);
        Assert.True(isFirst);
        budget.TryBegin(32_000, out reason, out isFirst);
        Assert.NotNull(reason);
        Assert.False(isFirst); // a line a connection
        budget.End(first);
        Assert.NotEqual(0, budget.TryBegin(32_000, out reason, out _));
        Assert.Null(reason);
    }

    [Fact]
    public void What_requests_hold_counts_with_what_the_other_connections_of_their_address_hold()
    {
        HeldBytes all = new(262_144, "all");
        ExchangeLimits limits = new(131_072, "option", all);
        ExchangeBudget one = new(limits, Peer);
        ExchangeBudget two = new(limits, new IPEndPoint(Peer.Address, 5001));
        int[] taken = [.. Enumerable.Range(0, 3).Select(_ => one.TryBegin(0, out string? none, out bool _))];
        Assert.NotEqual(0, two.TryBegin(0, out string? reason, out _));
        Assert.Equal(0, two.TryBegin(0, out reason, out _));
        Assert.Contains("all", reason, StringComparison.Ordinal);
        one.BeginWrite(out int more);
        Assert.Equal(0, more);
        foreach (int bytes in taken)
        {
            one.End(bytes);
        }

        Assert.NotEqual(0, two.TryBegin(0, out _, out _));
        int counted = 0;
        Assert.Null(all.Count(Peer, ref counted, 65_536)); // and is let go of
        Assert.NotNull(all.Count(Peer, ref counted, 65_537));
    }

    private static int Begin(ExchangeBudget budget)
    {
        budget.BeginWrite(out int more);
        return more;
    }
}
