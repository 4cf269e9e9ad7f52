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
        Assert.True(turns.EnterAsync(One, "a").IsCompleted);
        Assert.True(turns.EnterAsync(One, "b").IsCompleted);
        Task third = turns.EnterAsync(One, "c");
        Task fourth = turns.EnterAsync(IPAddress.Parse("::ffff:127.0.0.1"), "d"); // the same host
        Assert.False(third.IsCompleted);
        Assert.True(turns.EnterAsync(IPAddress.Parse("127.0.0.2"), "e").IsCompleted);
        turns.Leave(One, "a");
        await third.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(fourth.IsCompleted);
        turns.Leave(One, "b");
        await fourth.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        turns.Leave(One, "c");
        turns.Leave(One, "d");
        Assert.True(turns.EnterAsync(One, "a").IsCompleted); // as if nothing had been
        Assert.True(turns.EnterAsync(One, "b").IsCompleted);
        Assert.False(turns.EnterAsync(One, "c").IsCompleted);
    }

    [Fact]
    public async Task Many_who_ask_for_the_same_take_one_turn_until_the_last_of_them_is_done()
    {
        AddressTurns turns = new(2);
        for (int i = 0; i < 20; i++)
        {
            Assert.True(turns.EnterAsync(One, "hung").IsCompleted);
        }

        Assert.True(turns.EnterAsync(One, "good").IsCompleted);
        Task[] waiting = [turns.EnterAsync(One, "next"), turns.EnterAsync(One, "next")];
        for (int i = 0; i < 20; i++)
        {
            Assert.False(waiting[0].IsCompleted);
            turns.Leave(One, "hung");
        }

        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_wait_that_is_ended_leaves_its_place_to_those_behind_it()
    {
        AddressTurns turns = new(1);
        using CancellationTokenSource gone = new();
        Assert.True(turns.EnterAsync(One, "a").IsCompleted);
        Task second = turns.EnterAsync(One, "b", gone.Token);
        Task third = turns.EnterAsync(One, "c", TestContext.Current.CancellationToken);
        gone.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.True(turns.EnterAsync(One, "b", gone.Token).IsCanceled); // too late, and takes no turn
        Assert.True(turns.EnterAsync(One, "a", gone.Token).IsCanceled);
        Assert.False(third.IsCompleted);
        turns.Leave(One, "a");
        await third.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        turns.Leave(One, "c");
        Assert.True(turns.EnterAsync(One, "d").IsCompleted);
    }

    [Fact]
    public async Task A_wait_that_is_ended_lets_those_behind_it_share_a_turn_that_has_begun()
    {
        AddressTurns turns = new(1);
        using CancellationTokenSource gone = new();
        Assert.True(turns.EnterAsync(One, "a").IsCompleted);
        Task first = turns.EnterAsync(One, "b");
        Task other = turns.EnterAsync(One, "c", gone.Token);
        Task second = turns.EnterAsync(One, "b");
        turns.Leave(One, "a");
        await first.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(second.IsCompleted); // in order
        gone.Cancel();
        await second.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
    }

    [Fact]
    public async Task A_turn_that_has_come_is_kept_when_its_wait_is_ended_too_late()
    {
        AddressTurns turns = new(1);
        using CancellationTokenSource gone = new();
        Assert.True(turns.EnterAsync(One, "a").IsCompleted);
        Task second = turns.EnterAsync(One, "b", gone.Token);
        turns.Leave(One, "a");
        gone.Cancel();
        await second.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(turns.EnterAsync(One, "c").IsCompleted);
    }

    [Fact]
    public void An_IPv6_host_is_its_network_and_no_limit_is_none()
    {
        AddressTurns turns = new(1);
        Assert.True(turns.EnterAsync(IPAddress.Parse("2001:db8::1"), "a").IsCompleted);
        Assert.False(turns.EnterAsync(IPAddress.Parse("2001:db8::2"), "b").IsCompleted);
        Assert.True(turns.EnterAsync(IPAddress.Parse("2001:db8:0:1::1"), "b").IsCompleted);
        Assert.True(turns.EnterAsync(null, "b").IsCompleted);
        AddressTurns free = new(0);
        for (int i = 0; i < 100; i++)
        {
            Assert.True(free.EnterAsync(One, $"{i}").IsCompleted);
        }

        free.Leave(One, "0");
    }
}
