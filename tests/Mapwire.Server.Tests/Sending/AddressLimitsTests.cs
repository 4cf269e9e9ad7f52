using System.Net;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

public sealed class AddressLimitsTests
{
    private static readonly IPAddress One = IPAddress.Parse("127.0.0.1");
    private static readonly IPAddress Other = IPAddress.Parse("127.0.0.2");

    [Fact]
    public void An_address_has_so_many_connections_and_no_other_pays_for_it()
    {
        AddressLimits limits = new(3, 0, "MaxConnectionsPerAddress", "MaxConnectsPerAddress");
        for (int i = 0; i < 3; i++)
        {
            Assert.Null(limits.TryEnter(One, 0));
        }

        Assert.Contains("MaxConnectionsPerAddress", limits.TryEnter(One, 0), StringComparison.Ordinal);
        // the same host over [::]
        Assert.Contains("MaxConnectionsPerAddress", limits.TryEnter(One.MapToIPv6(), 0), StringComparison.Ordinal);
        Assert.Null(limits.TryEnter(Other, 0));
        limits.Leave(One);
        Assert.Null(limits.TryEnter(One, 0));
        Assert.NotNull(limits.TryEnter(One, 0));
    }

    [Fact]
    public void Connects_are_bounded_over_ten_seconds()
    {
        AddressLimits limits = new(0, 5, "MaxConnectionsPerAddress", "MaxConnectsPerAddress");
        int let = Enumerable.Range(0, 200).Count(_ => Enter(limits, 0));
        Assert.Equal(50, let);
        Assert.False(Enter(limits, 150)); // three quarters of one
        Assert.True(Enter(limits, 250));
        Assert.Equal(50, Enumerable.Range(0, 200).Count(_ => Enter(limits, 1_000_000))); // never more than ten seconds' worth
        Assert.Contains("MaxConnectsPerAddress", limits.TryEnter(One, 1_000_000), StringComparison.Ordinal);
        Assert.Null(limits.TryEnter(Other, 1_000_000));
    }

    [Fact]
    public void A_network_of_64_bits_is_one_address()
    {
        AddressLimits limits = new(1, 0, "MaxConnectionsPerAddress", "MaxConnectsPerAddress");
        Assert.Null(limits.TryEnter(IPAddress.Parse("2001:db8:1:2::1"), 0));
        Assert.NotNull(limits.TryEnter(IPAddress.Parse("2001:db8:1:2:ffff::7"), 0));
        Assert.Null(limits.TryEnter(IPAddress.Parse("2001:db8:1:3::1"), 0));
    }

    [Fact]
    public void Without_limits_nothing_is_counted()
    {
        AddressLimits limits = new(0, 0, "MaxConnectionsPerAddress", "MaxConnectsPerAddress");
        Assert.True(limits.IsEmpty);
        for (int i = 0; i < 100_000; i++)
        {
            Assert.Null(limits.TryEnter(One, 0));
        }

        limits.Leave(Other); // that was never there
    }

    private static bool Enter(AddressLimits limits, long now)
    {
        bool entered = limits.TryEnter(One, now) is null;
        if (entered)
        {
            limits.Leave(One);
        }

        return entered;
    }
}
