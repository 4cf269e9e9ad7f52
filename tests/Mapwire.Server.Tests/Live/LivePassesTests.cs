using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>For how many messages viewers are woken: by what waking them costs.</summary>
public sealed class LivePassesTests
{
    /// <summary>Milliseconds from one message of a stream of 25 pictures and 43 sounds a second to the next.</summary>
    private const double Interval = 1000.0 / 68;

    /// <summary>Messages that may wait for each other where 250 ms may pass.</summary>
    private const double Longest = 250 / Interval;

    private readonly LivePasses _passes = new();
    private double _start; // of the next run

    [Theory]
    [InlineData(0.01)]
    [InlineData(2.4)] // 500 viewers
    [InlineData(4.0)] // the same, on a processor that is half as fast
    public void Few_viewers_are_woken_for_each_message(double milliseconds)
    {
        Run(seconds: 10, milliseconds);
        Assert.Equal(1, _passes.MessagesPerPass);
        Assert.Equal(milliseconds / Interval, _passes.WantedShare, 0.02);
    }

    [Theory]
    [InlineData(6.5)] // 2,000 viewers, on a fast processor
    [InlineData(9.4)]
    [InlineData(16)] // and on a slow one
    public void Many_viewers_are_woken_for_as_many_messages_as_may_wait(double milliseconds)
    {
        double share = Run(seconds: 20, milliseconds);
        Assert.InRange(_passes.MessagesPerPass, Longest, double.MaxValue);
        Assert.Equal(milliseconds / Interval, _passes.WantedShare, 0.15); // as if a pass were made for each
        Assert.InRange(share, 0.05, 0.21);
    }

    [Fact]
    public void Passes_take_three_tenths_of_the_time_at_most_where_their_messages_may_wait_for_others()
    {
        for (double milliseconds = 0.5; milliseconds < 20; milliseconds += 0.5)
        {
            Assert.InRange(Run(seconds: 10, milliseconds), 0.01, 0.32);
        }
    }

    [Fact]
    public void Several_streams_on_a_loop_share_its_time()
    {
        for (double time = 0; time < 10_000; time += Interval)
        {
            for (int stream = 0; stream < 4; stream++)
            {
                _passes.Count(2.4, 1, (long)time); // one alone would be cheap
            }
        }

        Assert.Equal(4 * 2.4 / Interval, _passes.WantedShare, 0.05);
        Assert.InRange(_passes.MessagesPerPass, Longest, double.MaxValue);
    }

    [Fact]
    public void What_was_long_ago_does_not_count()
    {
        Run(seconds: 10, 16);
        Assert.InRange(_passes.MessagesPerPass, Longest, double.MaxValue);
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

    /// <summary>Messages that come evenly, and passes for as many of them as is said, and as may wait.</summary>
    /// <param name="seconds">For how long.</param>
    /// <param name="milliseconds">What a pass takes that is made for one message.</param>
    /// <returns>The share of the time that passes took in the second half.</returns>
    private double Run(int seconds, double milliseconds)
    {
        double start = _start;
        double end = start + (seconds * 1000);
        double taken = 0;
        double last = start;
        while (_start < end)
        {
            int messages = (int)(_start / Interval) - (int)(last / Interval);
            double took = milliseconds * (1 + (0.12 * Math.Max(0, messages - 1)));
            _passes.Count(took, messages, (long)_start);
            taken += _start > start + (seconds * 500) ? took : 0;
            last = _start;
            double next = (Math.Floor(last / Interval) + 1) * Interval; // the next message
            double gathered = Math.Min(_passes.MessagesPerPass, Longest);
            _start = Math.Max(next, last + Math.Max(took, gathered > 1 ? gathered * Interval : 0));
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
