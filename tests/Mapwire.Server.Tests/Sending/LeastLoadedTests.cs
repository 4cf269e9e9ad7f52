using Mapwire.Server.Sending;
using Mapwire.Server.Tests.EventLoops;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

public sealed class LeastLoadedTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void A_loop_that_hangs_gets_no_new_connection_while_another_does_not()
    {
        ConnectionLoop[] loops = [.. Enumerable.Range(0, 2).Select(static i => new ConnectionLoop(
            $"test {i}", new ConnectionLimits(1000, 0, null, null, 0), NullLogger.Instance, new ScriptedPoller()))];
        using ManualResetEventSlim hangs = new();
        Assert.Same(loops[0], ConnectionLoop.LeastLoaded(loops, out bool isStuck));
        Assert.False(isStuck);
        foreach (ConnectionLoop loop in loops)
        {
            loop.Start();
        }

        loops[0].Post(hangs.Wait);
        Assert.True(SpinWait.SpinUntil(() => loops[0].IsStuck, Patience));
        Assert.Same(loops[1], ConnectionLoop.LeastLoaded(loops, out isStuck));
        Assert.True(isStuck);
        loops[1].Post(hangs.Wait);
        Assert.True(SpinWait.SpinUntil(() => loops[1].IsStuck, Patience));
        Assert.NotNull(ConnectionLoop.LeastLoaded(loops, out isStuck)); // all hang: some may come back
        hangs.Set();
        Assert.All(loops, static loop => Assert.True(loop.Stop(Patience)));
    }
}
