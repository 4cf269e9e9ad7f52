using System.Collections.Concurrent;
using Mapwire.Memory;
using Mapwire.Server.Sources;
using Mapwire.Server.Tests.Files;
using Xunit;

namespace Mapwire.Server.Tests.Sources;

public sealed class ReadQueueTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void What_is_needed_first_is_brought_first()
    {
        using ManualResetEventSlim go = new();
        using CountdownEvent done = new(5);
        ConcurrentQueue<int> order = new();
        ReadQueue queue = new("test", 1, request =>
        {
            go.Wait(Cancellation);
            order.Enqueue(request.Window);
            done.Signal();
        });
        queue.Add(Request(window: 0, neededAt: 0)); // the only thread is busy with it
        SpinWait.SpinUntil(() => queue.Waiting == 0, TimeSpan.FromSeconds(60));
        queue.Add(Request(1, 300));
        queue.Add(Request(2, 100));
        queue.Add(Request(3, 400));
        queue.Add(Request(4, 200));
        go.Set();
        Assert.True(done.Wait(TimeSpan.FromSeconds(60), Cancellation));
        Assert.Equal([0, 2, 4, 1, 3], order);
        End(queue);
    }

    [Fact]
    public void Of_two_windows_asked_for_at_once_none_waits_for_the_thread_that_was_idle()
    {
        for (int round = 0; round < 200; round++)
        {
            using CountdownEvent both = new(2);
            using ManualResetEventSlim primed = new();
            ReadQueue queue = new("test", 2, request =>
            {
                if (request.Window == 0)
                {
                    primed.Set();
                    return;
                }

                both.Signal();
                both.Wait(TimeSpan.FromSeconds(30), Cancellation); // a read that lasts until the other is read, too
            });
            queue.Add(Request(window: 0, neededAt: 0));
            Assert.True(primed.Wait(TimeSpan.FromSeconds(60), Cancellation));
            Assert.True(SpinWait.SpinUntil(() => queue.Idle == 1, TimeSpan.FromSeconds(60)));
            queue.Add(Request(1, 0));
            queue.Add(Request(2, 0));
            Assert.True(both.Wait(TimeSpan.FromSeconds(30), Cancellation), $"round {round}");
            End(queue);
        }
    }

    [Fact]
    public void Reads_that_hang_hold_up_no_other_while_there_are_threads()
    {
        using ManualResetEventSlim hang = new();
        using ManualResetEventSlim came = new();
        ReadQueue queue = new("test", 4, request =>
        {
            if (request.Window < 3)
            {
                hang.Wait(Cancellation);
            }
            else
            {
                came.Set();
            }
        });
        for (int window = 0; window < 4; window++)
        {
            queue.Add(Request(window, neededAt: window));
        }

        Assert.True(came.Wait(TimeSpan.FromSeconds(60), Cancellation));
        hang.Set();
        SpinWait.SpinUntil(() => queue.Waiting == 0, TimeSpan.FromSeconds(60));
        End(queue);
    }

    [Fact]
    public void A_window_whose_bringing_throws_costs_its_file_and_no_thread()
    {
        using TemporaryFolder folder = new();
        using MappedFile file = MappedFile.Open(folder.Add("film.mp4"));
        using MappedRegion region = file.Map();
        RecordingLog log = new();
        DeviceReader reader = new("unused", log);
        ConcurrentQueue<string> failures = new();
        Presence presence = new(file, region, region.Length, reader, reason =>
        {
            failures.Enqueue(reason);
            throw new InvalidOperationException("and one of whoever is told");
        });
        using CountdownEvent brought = new(2);
        ReadQueue queue = new("test", 1, _ =>
        {
            brought.Signal();
            throw new InvalidOperationException("a fault of ours");
        });
        queue.Add(new PresenceRequest(presence, 0, 1, 0, wasHere: false));
        queue.Add(new PresenceRequest(presence, 1, 1, 0, wasHere: false));
        Assert.True(brought.Wait(TimeSpan.FromSeconds(60), Cancellation));
        End(queue);
        Assert.Equal(["a fault of ours", "a fault of ours"], failures);
        Assert.Equal(4, log.Lines.Count);
        reader.Stop();
    }

    [Fact]
    public void A_window_waits_where_no_thread_can_be_started_and_is_brought_when_one_can()
    {
        FileThreadsTests.StartLimit limit = new(0);
        using ManualResetEventSlim came = new();
        ReadQueue queue = new("test", 2, _ => came.Set(), limit.Start);
        queue.Add(Request(0, neededAt: 0));
        Assert.Equal((0, 1), (queue.Threads, queue.Waiting));
        limit.Left = 1;
        Assert.True(came.Wait(TimeSpan.FromSeconds(60), Cancellation), "nobody tried again");
        End(queue);
    }

    /// <summary>Ends the threads before the test disposes of what they wait for.</summary>
    private static void End(ReadQueue queue)
    {
        queue.Stop();
        Assert.True(SpinWait.SpinUntil(() => queue.Threads == 0, TimeSpan.FromSeconds(60)), $"{queue.Threads} threads have not ended");
    }

    private static PresenceRequest Request(int window, long neededAt) =>
        new(null!, window, Presence.WindowLength, neededAt, wasHere: false);
}
