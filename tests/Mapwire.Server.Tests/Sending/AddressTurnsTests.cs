using System.Net;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

public sealed class AddressTurnsTests
{
    private static readonly IPAddress One = IPAddress.Parse("127.0.0.1");

    [Fact]
    public async Task What_is_too_much_for_an_address_waits_in_order_and_other_addresses_do_not()
    {
        AddressTurns turns = new(2);
        Assert.True(turns.EnterAsync(One).IsCompleted);
        Assert.True(turns.EnterAsync(One).IsCompleted);
        Task third = turns.EnterAsync(One);
        Task fourth = turns.EnterAsync(IPAddress.Parse("::ffff:127.0.0.1")); // the same host
        Assert.False(third.IsCompleted);
        Assert.True(turns.EnterAsync(IPAddress.Parse("127.0.0.2")).IsCompleted);
        turns.Leave(One);
        await third.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(fourth.IsCompleted);
        turns.Leave(One);
        await fourth.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        turns.Leave(One);
        turns.Leave(One);
        Assert.True(turns.EnterAsync(One).IsCompleted); // as if nothing had been
        Assert.True(turns.EnterAsync(One).IsCompleted);
        Assert.False(turns.EnterAsync(One).IsCompleted);
    }

    [Fact]
    public void An_IPv6_host_is_its_network_and_no_limit_is_none()
    {
        AddressTurns turns = new(1);
        Assert.True(turns.EnterAsync(IPAddress.Parse("2001:db8::1")).IsCompleted);
        Assert.False(turns.EnterAsync(IPAddress.Parse("2001:db8::2")).IsCompleted);
        Assert.True(turns.EnterAsync(IPAddress.Parse("2001:db8:0:1::1")).IsCompleted);
        Assert.True(turns.EnterAsync(null).IsCompleted);
        AddressTurns free = new(0);
        for (int i = 0; i < 100; i++)
        {
            Assert.True(free.EnterAsync(One).IsCompleted);
        }

        free.Leave(One);
    }
}
