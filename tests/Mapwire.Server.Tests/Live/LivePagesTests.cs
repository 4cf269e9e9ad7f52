using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Tests.EventLoops;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>Which pages are used again, and when.</summary>
public sealed class LivePagesTests : IDisposable
{
    private const int Segment = LivePages.SegmentLength;

    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly LivePages _pages;

    public LivePagesTests() => _pages = new LivePages(4 * Segment, new LoopPhases([_loop]));

    public void Dispose()
    {
        _pages.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Segments_are_given_until_there_are_none()
    {
        LiveRun[] runs = [.. Enumerable.Range(0, 4).Select(_ => _pages.TryTake(1)!)];
        Assert.Equal([0, 1, 2, 3], runs.Select(static run => run.First));
        Assert.Null(_pages.TryTake(1));
        Assert.Equal(1, _pages.Fullness);
        _pages.Retire(runs[2]);
        Assert.Equal(2, _pages.TryTake(Segment)!.First); // no loop was in a round
    }

    [Fact]
    public void A_message_that_is_longer_than_a_segment_lies_in_one_piece()
    {
        LiveRun first = _pages.TryTake(1)!;
        LiveRun second = _pages.TryTake(1)!;
        _pages.Retire(first);
        LiveRun large = _pages.TryTake(Segment + 1)!;
        Assert.Equal((2, 2), (large.First, large.Count)); // the free one before is alone
        Assert.Null(_pages.TryTake(Segment + 1));
        _pages.Retire(second);
        Assert.Equal(0, _pages.TryTake(2 * Segment)!.First);
    }

    [Fact]
    public void What_a_viewer_has_been_sent_a_part_of_is_not_used_again_until_it_lets_go()
    {
        LiveRun run = _pages.TryTake(1)!;
        _pages.RunAt((long)run.Offset + 5).Hold();
        _pages.Retire(run);
        Assert.Equal(1, _pages.TryTake(1)!.First);
        run.LetGo();
        Assert.Equal(0, _pages.TryTake(1)!.First);
    }

    [Fact]
    public void What_a_loop_may_have_found_in_its_round_is_not_used_again_before_the_round_is_over()
    {
        using ManualResetEventSlim isInRound = new();
        using ManualResetEventSlim mayEnd = new();
        LiveRun run = _pages.TryTake(1)!;
        _loop.Start();
        _loop.Post(() =>
        {
            isInRound.Set();
            mayEnd.Wait();
        });
        Assert.True(isInRound.Wait(TimeSpan.FromSeconds(30)));
        _pages.Retire(run);
        Assert.Equal(1, _pages.TryTake(1)!.First);
        mayEnd.Set();
        LiveRun? again = null;
        Assert.True(SpinWait.SpinUntil(
            () => (again = _pages.TryTake(1)) is { First: 0 }, TimeSpan.FromSeconds(30)), $"{again?.First}");
    }
}
