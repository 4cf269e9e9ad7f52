using Mapwire.Server.Loop;
using Mapwire.Server.Sending;
using Mapwire.Server.Tests.EventLoops;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

public sealed class RepeatedWarningTests
{
    private readonly List<long> _lines = [];
    private readonly EventLoop _loop = new("test", new ScriptedPoller()) { Now = 5 };
    private readonly RepeatedWarning _warning;

    public RepeatedWarningTests()
    {
        _warning = new RepeatedWarning(_loop, _lines.Add);
        _loop.Watch(_warning);
    }

    [Fact]
    public void A_flood_of_events_is_a_line_every_ten_seconds_with_their_number()
    {
        for (; _loop.Now < 30_000; _loop.Now += 10)
        {
            _warning.Report();
        }

        Assert.Equal([1, 1000, 1000], _lines);
        _loop.Stop(TimeSpan.Zero);
        Assert.Equal(3000, _lines.Sum());
    }

    [Fact]
    public void What_came_behind_a_line_is_told_when_ten_seconds_are_over_although_nothing_more_happens()
    {
        for (int i = 0; i < 500; i++)
        {
            _warning.Report();
        }

        Assert.Equal([1], _lines);
        Assert.Equal(10_005, _warning.Deadline);
        _loop.Now = 10_005;
        _warning.OnTimeout(_loop.Now);
        Assert.Equal([1, 499], _lines);
        _warning.OnTimeout(_loop.Now); // there is nothing more to tell
        _loop.Stop(TimeSpan.Zero);
        Assert.Equal([1, 499], _lines);
    }

    [Fact]
    public void What_was_not_told_is_told_at_the_end()
    {
        _warning.Report();
        _warning.Report();
        _loop.Stop(TimeSpan.Zero);
        Assert.Equal([1, 1], _lines);
    }
}
