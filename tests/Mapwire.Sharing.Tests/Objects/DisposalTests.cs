using Mapwire.Memory.Sharing;
using Mapwire.Memory.Tests.Support;
using Mapwire.Sharing.Tests.Processes;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Objects;

/// <summary>A segment that is disposed beside its users: all of them get ObjectDisposedException, and no access faults.</summary>
public sealed class DisposalTests : IDisposable
{
    private static readonly bool IsSlow = OperatingSystem.IsWindows(); // under Wine a segment takes a second
    private static readonly int Times = Rounds.Of("MAPWIRE_DISPOSAL_ROUNDS", usual: IsSlow ? 5 : 60);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public void A_segment_disposed_beside_its_users_throws_and_does_not_fault()
    {
        const int Count = 14;
        Action[] users = [];
        Exception?[] ends = new Exception?[Count];
        using Barrier turn = new(Count + 1); // before each round, when all have begun it, and after it
        // The same threads in all rounds: Wine ends the runtime if one ends just when a collection stops it.
        Thread[] threads = [.. Enumerable.Range(0, Count).Select(index => new Thread(() =>
        {
            for (int round = 0; round < Times; round++)
            {
                turn.SignalAndWait();
                Action use = users[index];
                turn.SignalAndWait();
                ends[index] = UseUntilItThrows(use);
                turn.SignalAndWait();
            }
        }) { IsBackground = true })];
        Array.ForEach(threads, thread => thread.Start());
        for (int round = 0; round < Times; round++)
        {
            SharedMemory memory = SharedMemory.Create("users", 1 << 17, _segments.Options);
            users = Users(memory);
            Assert.Equal(Count, users.Length);
            Assert.True(turn.SignalAndWait(Patience));
            Assert.True(turn.SignalAndWait(Patience));
            Thread.SpinWait(round * 50);
            memory.Dispose();
            Assert.True(turn.SignalAndWait(Patience), "a user goes on although its segment is disposed of");
            Assert.All(ends, end => Assert.IsType<ObjectDisposedException>(end));
        }

        Assert.All(threads, thread => Assert.True(thread.Join(Patience)));
    }

    private static Exception UseUntilItThrows(Action use)
    {
        try
        {
            while (true)
            {
                use();
                Thread.SpinWait(1);
            }
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    public static TheoryData<string> LateCalls => [.. LateCallScenario.Names];

    [Theory]
    [MemberData(nameof(LateCalls))]
    public void A_call_in_progress_while_its_segment_is_disposed_changes_nothing_of_those_that_take_over(string call)
    {
        using ChildProcess child = new(_segments.Folder, "late", $"{Array.IndexOf(LateCallScenario.Names, call)}");
        Assert.True(child.WaitForExit((int)Patience.TotalMilliseconds), "the ring or lock is unusable after the late call");
        Assert.Equal(("unchanged", 0), (child.ReadLine(), child.ExitCode));
    }

    [Fact]
    public void Pages_of_disposed_segments_are_unmapped_without_a_wait_for_them()
    {
        // 8 GiB in all. Without a hint to the collector none would be given back before the end.
        for (int round = 0; round < (IsSlow ? 8 : 256); round++)
        {
            using SharedMemory memory = SharedMemory.Create("many", 32 << 20, _segments.Options);
            SharedMutex.Create(memory, 0).Acquire();
        }

        if (OperatingSystem.IsLinux())
        {
            string own = Path.GetFileName(_segments.Folder);
            Assert.InRange(File.ReadLines("/proc/self/maps").Count(line => line.Contains(own, StringComparison.Ordinal)), 0, 150);
        }
    }

    private static Action[] Users(SharedMemory memory)
    {
        SharedMutex mutex = SharedMutex.Create(memory, 0);
        SharedSemaphore plain = SharedSemaphore.Create(memory, 64, 1), owned = SharedSemaphore.CreateOwned(memory, 128, 4);
        SharedEvent signal = SharedEvent.Create(memory, 320, manualReset: false);
        SharedCell<long> cell = SharedCell.Create<long>(memory, 512);
        SharedReaderWriterLock readers = SharedReaderWriterLock.Create(memory, 1024);
        SharedRing one = SharedRing.Create(memory, 1 << 14, 1 << 12), many =
            SharedRing.Create(memory, 1 << 15, 1 << 12, RingProducers.Multiple);
        RingProducer toOne = one.OpenProducer(), toMany = many.OpenProducer();
        RingConsumer fromOne = one.OpenConsumer(), fromMany = many.OpenConsumer();
        SharedBroadcast news = SharedBroadcast.Create(memory, 1 << 16, 1 << 12);
        BroadcastWriter writer = news.OpenWriter();
        BroadcastReader reader = news.OpenReader();
        byte[] copy = new byte[1 << 10], zeros = new byte[40];
        return
        [
            () =>
            {
                mutex.Acquire();
                mutex.Release();
            },
            () =>
            {
                plain.Acquire();
                plain.Release();
            },
            () =>
            {
                owned.Acquire();
                owned.Release();
            },
            () =>
            {
                signal.Set();
                signal.Wait(TimeSpan.FromMilliseconds(1));
            },
            () =>
            {
                readers.AcquireRead();
                readers.ReleaseRead();
            },
            () =>
            {
                cell.Write(1);
                cell.TryRead(out _);
            },
            () => toOne.Write(zeros, TimeSpan.FromMilliseconds(1)),
            () => fromOne.Wait(TimeSpan.FromMilliseconds(1)),
            () =>
            {
                if (fromOne.TryPeek(out _))
                {
                    memory.ThrowIfDisposed();
                }
            },
            () => toMany.Write(zeros, TimeSpan.FromMilliseconds(1)),
            () => fromMany.Drain(0, static (_, _) => { }),
            () => writer.Write(zeros),
            () => reader.TryRead(copy, out _, out _),
            () => memory.Read<long>(0),
        ];
    }
}
