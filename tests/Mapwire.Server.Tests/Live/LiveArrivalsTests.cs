using Mapwire.Server.Live;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>Who waits for a live stream is told what concerns it, and when its time is over.</summary>
public sealed class LiveArrivalsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly LiveArrivals _arrivals = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task News_of_a_stream_are_told_to_all_who_wait_for_it_and_to_no_other()
    {
        using LiveArrival one = _arrivals.Add("cam");
        using LiveArrival two = _arrivals.Add("cam");
        using LiveArrival other = _arrivals.Add("other");
        Task[] waits = [one.WaitAsync(1_000, Cancellation), two.WaitAsync(1_000, Cancellation), other.WaitAsync(1_000, Cancellation)];
        _arrivals.Announce("cam");
        await Task.WhenAll(waits[..2]).WaitAsync(Patience, Cancellation);
        Assert.False(waits[2].IsCompleted);
        _arrivals.Announce("other");
        await waits[2].WaitAsync(Patience, Cancellation);
    }

    [Fact]
    public async Task News_between_a_look_and_the_wait_behind_it_are_not_missed_and_are_told_once()
    {
        using LiveArrival arrival = _arrivals.Add("cam");
        _arrivals.Announce("cam");
        _arrivals.Announce("cam");
        Assert.True(arrival.WaitAsync(1_000, Cancellation).IsCompletedSuccessfully);
        Task next = arrival.WaitAsync(1_000, Cancellation);
        Assert.False(next.IsCompleted);
        _arrivals.Announce("cam");
        await next.WaitAsync(Patience, Cancellation);
    }

    [Fact]
    public async Task A_wait_ends_with_its_time_and_not_before()
    {
        using LiveArrival soon = _arrivals.Add("cam");
        using LiveArrival late = _arrivals.Add("cam");
        Task first = soon.WaitAsync(1_000, Cancellation);
        Task second = late.WaitAsync(2_000, Cancellation);
        _arrivals.Tick(999);
        Assert.False(first.IsCompleted);
        _arrivals.Tick(1_000);
        await first.WaitAsync(Patience, Cancellation);
        Assert.False(second.IsCompleted);
        _arrivals.Tick(2_000);
        await second.WaitAsync(Patience, Cancellation);
    }

    [Fact]
    public async Task Whoever_leaves_waits_no_longer_and_nothing_stays_of_it()
    {
        using CancellationTokenSource gone = new();
        LiveArrival arrival = _arrivals.Add("cam");
        Task wait = arrival.WaitAsync(1_000, gone.Token);
        Assert.Equal(1, _arrivals.Count);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        arrival.Dispose();
        arrival.Dispose(); // once counts
        Assert.Equal(0, _arrivals.Count);
        _arrivals.Announce("cam");
        _arrivals.Tick(long.MaxValue);
    }
}
