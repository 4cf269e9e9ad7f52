using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>For how many messages viewers are woken: by what waking them costs.</summary>
public sealed class LivePassesTests
{
    /// <summary>Milliseconds from one message of a stream of 25 pictures and 43 sounds a second to the next.</summary>
    private const double Interval = 1000.0 / 68;

    private readonly LivePasses _passes = new();
    private double _start; // of the next run

    [Theory]
    [InlineData(1, 0.4)]
    [InlineData(50, 0.4)]
    [InlineData(500, 4)]
    [InlineData(500, 7)] // on a processor that is nearly half as fast
    public void Few_viewers_are_woken_for_each_message(int viewers, double milliseconds)
    {
        Assert.True(viewers > 0);
        Run(seconds: 10, () => _passes.MessagesPerPass, milliseconds);
        Assert.Equal(1, _passes.MessagesPerPass);
        Assert.Equal(milliseconds / Interval, _passes.WantedShare, 0.02);
    }

    [Fact]
    public void Passes_over_many_viewers_take_a_tenth_of_the_time()
    {
        double share = Run(seconds: 20, () => _passes.MessagesPerPass, 16);
        Assert.InRange(_passes.MessagesPerPass, 8, 12);
        Assert.InRange(share, 0.08, 0.13);
    }

    [Fact]
    public void The_time_that_passes_take_falls_where_more_would_be_needed_and_never_exceeds_half_of_it()
    {
        double before = 0.55;
        foreach (double milliseconds in (double[])[8, 10, 12, 16])
        {
            double share = Run(seconds: 20, () => _passes.MessagesPerPass, milliseconds);
            Assert.InRange(share, 0.05, before);
            before = share;
        }
    }

    [Fact]
    public void Several_streams_on_a_loop_share_its_time()
    {
        for (double time = 0; time < 10_000; time += Interval)
        {
            for (int stream = 0; stream < 4; stream++)
            {
                _passes.Count(4, 1, (long)time);
            }
        }

        Assert.Equal(4 * 4 / Interval, _passes.WantedShare, 0.05);
        Assert.InRange(_passes.MessagesPerPass, 8, 12);
    }

    [Fact]
    public void What_was_long_ago_does_not_count()
    {
        Run(seconds: 10, () => 1, 16);
        Assert.InRange(_passes.MessagesPerPass, 8, 12);
        _passes.Count(0.1, 1, 20_000);
        Assert.Equal(1, _passes.MessagesPerPass);
    }

    [Fact]
    public void All_audiences_of_a_loop_count_together()
    {
        EventLoop one = new("one");
        EventLoop other = new("other");
        Assert.Same(LivePasses.Of(one), LivePasses.Of(one));
        Assert.NotSame(LivePasses.Of(one), LivePasses.Of(other));
        one.Stop(TimeSpan.FromSeconds(10));
        other.Stop(TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData(0, 60, 100)]
    [InlineData(20, 2, 45)] // it would take more than there is
    public async Task A_loop_gathers_messages_where_its_viewers_take_long(int milliseconds, int least, int most)
    {
        const int Messages = 100;
        EventLoop loop = new("test");
        SlowViewer viewer = new(loop, TimeSpan.FromMilliseconds(milliseconds));
        LiveAudience audience = new(loop, latency: 250);
        audience.Add(viewer);
        loop.Start();
        for (int i = 0; i < Messages; i++)
        {
            audience.Wake();
            await Task.Delay(TimeSpan.FromMilliseconds(15), TestContext.Current.CancellationToken);
        }

        Assert.InRange(viewer.Wakes, least, most);
        int before = viewer.Wakes;
        audience.Wake(); // the last one is not forgotten
        Assert.True(SpinWait.SpinUntil(() => viewer.Wakes > before, TimeSpan.FromSeconds(10)));
        Assert.True(loop.Stop(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void The_clock_goes_on_in_a_pass_that_takes_long()
    {
        EventLoop loop = new("test");
        LiveAudience audience = new(loop, latency: 250);
        SlowViewer[] viewers = [.. Enumerable.Range(0, 40).Select(_ => new SlowViewer(loop, TimeSpan.FromMilliseconds(2)))];
        Array.ForEach(viewers, audience.Add);
        loop.Start();
        audience.Wake();
        Assert.True(SpinWait.SpinUntil(() => viewers[0].Wakes == 1, TimeSpan.FromSeconds(10))); // the last one of the pass
        Assert.True(loop.Stop(TimeSpan.FromSeconds(10)));
        Assert.InRange(viewers[0].SeenAt - viewers[^1].SeenAt, 40, 10_000); // 78 ms, less what one look is old
    }

    /// <summary>Messages that come evenly, and passes that take their time, made for as many of them as is said.</summary>
    /// <returns>The share of the time that they took in the second half.</returns>
    private double Run(int seconds, Func<double> messagesPerPass, double milliseconds)
    {
        double start = _start;
        double end = start + (seconds * 1000);
        double taken = 0;
        double last = start;
        while (_start < end)
        {
            int messages = (int)(_start / Interval) - (int)(last / Interval);
            _passes.Count(milliseconds, messages, (long)_start);
            taken += _start > start + (seconds * 500) ? milliseconds : 0;
            last = _start;
            double next = (Math.Floor(last / Interval) + 1) * Interval; // the next message
            double gathered = messagesPerPass();
            _start = Math.Max(next, last + Math.Max(milliseconds, gathered > 1 ? gathered * Interval : 0));
        }

        return taken / (seconds * 500);
    }

    private sealed class SlowViewer(EventLoop loop, TimeSpan takes) : ILiveViewer
    {
        private int _wakes;

        public int Wakes => Volatile.Read(ref _wakes);

        /// <summary>The loop's clock when it was called last.</summary>
        public long SeenAt { get; private set; }

        public void OnLive()
        {
            SeenAt = loop.Now;
            Thread.Sleep(takes);
            Volatile.Write(ref _wakes, _wakes + 1);
        }
    }
}
