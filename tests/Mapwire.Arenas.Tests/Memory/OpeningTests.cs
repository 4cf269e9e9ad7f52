using System.Diagnostics;
using Mapwire.Memory;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Sharing;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Memory;

/// <summary>Which openings of a file go together, and how long one waits for another.</summary>
public sealed class OpeningTests : IDisposable
{
    private static readonly ArenaOptions Shared = new() { Shared = true }, Reading = new() { ReadOnly = true };
    private static readonly ArenaOptions ReadingBeside = new() { ReadOnly = true, Shared = true };
    private readonly TempFolder _folder = new();

    private string Path => _folder["arena"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_arena_that_cannot_be_created_leaves_no_file_of_its_own()
    {
        using MappedRegion taken = MappedRegion.Allocate(1 << 16);
        foreach (ArenaDurability durability in Enum.GetValues<ArenaDurability>())
        {
            ArenaOptions wrong = new() { Address = taken.DangerousAddress, Durability = durability };
            Assert.Throws<IOException>(() => Arena.Create(Path, wrong));
            Assert.Throws<IOException>(() => Arena.CreateOrOpen(Path, wrong));
            Assert.Empty(Directory.GetFiles(_folder.Root));
            File.WriteAllBytes(Path, []);
            Assert.Throws<IOException>(() => Arena.Create(Path, wrong));
            Assert.Equal(0, new FileInfo(Path).Length);
            Arena.Create(Path, new ArenaOptions { Durability = durability }).Dispose();
            Assert.Throws<IOException>(() => Arena.CreateOrOpen(Path, wrong));
            Arena.Open(Path).Dispose();
            File.Delete(Path);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => Arena.Create(Path, new ArenaOptions { Size = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Arena.Create(Path, new ArenaOptions { Size = -1 }));
    }

    [Fact]
    public void Scopes_and_changes_that_end_twice_end_nobody_elses()
    {
        using Arena arena = Arena.Create(Path);
        Offset<long> place = arena.Allocate<long>();
        Arena.Scope scope = arena.EnterScope(), copy = scope;
        scope.Dispose();
        using (arena.EnterScope())
        {
            copy.Dispose();
            Assert.False(CanEnter(arena)); // whoever is in stays in
        }

        ArenaChange first = arena.BeginChange(), again;
        try
        {
            first.Edit(place) = 1;
            first.Complete();
            again = first;
        }
        finally
        {
            first.Dispose();
        }

        using (ArenaChange second = arena.BeginChange())
        {
            second.Edit(place) = 2;
            again.Dispose();
            Assert.False(CanEnter(arena));
        }

        Assert.Equal(1, arena.Get(place)); // the second was not completed
        Assert.True(CanEnter(arena));
        default(ArenaChange).Dispose();
        default(Arena.Scope).Dispose();
    }

    [Fact]
    public void A_complete_change_of_an_arena_that_was_disposed_of_in_it_is_reported_as_lost()
    {
        Arena arena = Arena.Create(Path);
        Offset<long> place = arena.Allocate<long>();
        Assert.Throws<ObjectDisposedException>(() =>
        {
            using ArenaChange change = arena.BeginChange();
            change.Edit(place) = 1;
            arena.Dispose();
            change.Complete();
        });
        using Arena again = Arena.Open(Path);
        Assert.Equal(0, again.Get(place));
    }

    [NotUnderWineFact("version 8 does not know MEM_RESERVE_PLACEHOLDER, so segments do not grow")]
    public void An_arena_that_was_disposed_of_in_a_change_is_not_mapped_again_by_what_follows_in_it()
    {
        SharedMemoryOptions options = new() { Folder = _folder.Root, MaxSize = 64 << 20 };
        using SharedMemory memory = SharedMemory.Create("arena-test", 1 << 20, options);
        Arena arena = Arena.Create(memory);
        Offset<long> place = arena.Allocate<long>();
        arena.Edit(place) = 42;
        using (ArenaChange change = arena.BeginChange())
        {
            arena.Dispose();
            Assert.Throws<ObjectDisposedException>(() => arena.Allocate<byte>(4 << 20)); // more than there is
        }

        arena.Dispose();
        Assert.Equal(42, memory.Read<long>(4096 + place.Value)); // the segment is open: it keeps its pages
    }

    private static bool CanEnter(Arena arena)
    {
        return Task.Factory.StartNew(() =>
        {
            try
            {
                using Arena.Scope scope = arena.EnterScope(TimeSpan.FromMilliseconds(50));
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }, TaskCreationOptions.LongRunning).Result;
    }

    [Fact]
    public void Readers_alone_and_sharers_keep_each_other_out()
    {
        Arena.Create(Path).Dispose();
        using (Arena one = Arena.Open(Path, Reading), two = Arena.Open(Path, Reading))
        {
            Assert.Throws<IOException>(() => Arena.Open(Path));
            Assert.Throws<IOException>(() => Arena.Open(Path, Shared));
        }

        using (Arena one = Arena.Open(Path, Shared), two = Arena.Open(Path, Shared))
        {
            Assert.Contains("Shared", Assert.Throws<IOException>(() => Arena.Open(Path, Reading)).Message, StringComparison.Ordinal);
            Assert.Throws<IOException>(() => Arena.Open(Path));
            two.Dispose();
            Assert.Throws<IOException>(() => Arena.Open(Path, Reading)); // the other is still there
        }

        using Arena again = Arena.Open(Path, Reading);
    }

    [Fact]
    public void A_reader_beside_writers_sees_whole_changes_and_makes_none()
    {
        using Arena writer = Arena.Create(Path, Shared);
        MappedList<long> list = new(writer);
        writer.SetRoot(list.Offset);
        using Arena reader = Arena.Open(Path, ReadingBeside);
        MappedList<long> view = new(reader, reader.GetRoot<ListHeader<long>>());
        Assert.Throws<InvalidOperationException>(() => view.Add(1));
        Assert.Throws<InvalidOperationException>(() => reader.Edit(new Offset<long>(40000)));
        bool stop = false;
        Thread writing = new(() =>
        {
            for (long i = 0; !Volatile.Read(ref stop); i++)
            {
                using ArenaChange change = writer.BeginChange();
                list.Clear();
                for (int j = 0; j < 20; j++)
                {
                    list.Add(i);
                }

                change.Complete();
            }
        });
        writing.Start();
        try
        {
            for (int i = 0; i < 300; i++)
            {
                using Arena.Scope scope = reader.EnterScope();
                long[] items = [.. view];
                Assert.True(items.Length == 0 || (items.Length == 20 && items.Distinct().Count() == 1));
                Assert.Empty(reader.Inspect().Problems);
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            writing.Join();
        }
    }

    [Fact]
    public void Waiting_for_another_opening_can_be_timed_and_cancelled()
    {
        using Arena one = Arena.Create(Path, Shared), two = Arena.Open(Path, Shared);
        RequireTimedAndCancelled(one, two, two.Allocate<long>());
    }

    [Fact]
    public void Waiting_for_another_thread_can_be_timed_and_cancelled()
    {
        using Arena arena = Arena.Create(Path, new ArenaOptions { Durability = ArenaDurability.PowerLoss });
        RequireTimedAndCancelled(arena, arena, arena.Allocate<long>());
        using ManualResetEventSlim held = new(), done = new();
        Thread other = Hold(arena, held, done);
        Assert.Throws<TimeoutException>(() => arena.Commit(TimeSpan.Zero));
        Assert.Throws<TimeoutException>(() => arena.Commit(TimeSpan.FromMilliseconds(20)));
        using CancellationTokenSource soon = new(20);
        Assert.Throws<OperationCanceledException>(() => arena.Commit(cancellationToken: soon.Token));
        done.Set();
        other.Join();
        arena.Commit(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void A_timeout_that_is_none_is_refused_also_when_nothing_is_waited_for()
    {
        using Arena arena = Arena.Create(Path);
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = arena.EnterScope(TimeSpan.FromSeconds(-5)));
        Assert.Throws<OperationCanceledException>(() => _ = arena.BeginChange(cancellationToken: new CancellationToken(canceled: true)));
        arena.EnterScope(Timeout.InfiniteTimeSpan).Dispose();
    }

    [Fact]
    public void A_sharer_that_ended_in_a_change_keeps_none_waiting_and_its_slot_is_given_out_again()
    {
        using Arena one = Arena.Create(Path, Shared);
        for (int i = 0; i < 600; i++) // more than there are slots
        {
            Arena.Open(Path, Shared).Dispose();
        }

        one.Allocate<long>();
        Assert.Equal(1, one.UsedBlocks);
    }

    [Fact]
    public void A_sharer_in_line_is_timed_and_cancelled_while_the_owner_is_stopped_in_its_release()
    {
        using Arena stopped = Arena.Create(Path, Shared), waiter = Arena.Open(Path, Shared), other = Arena.Open(Path, Shared);
        using ManualResetEventSlim held = new(), done = new(), reached = new(), goOn = new();
        Thread owner = Hold(stopped, held, done);
        FaultPoints.Reached = point =>
        {
            if (point == FaultPoint.MutexReleased && Thread.CurrentThread == owner && !reached.IsSet)
            {
                reached.Set();
                goOn.Wait();
            }
        };
        try
        {
            using CancellationTokenSource cancelled = new();
            Task timed = Task.Run(() => waiter.EnterScope(TimeSpan.FromSeconds(1)).Dispose());
            Task waits = Task.Run(() => other.EnterScope(cancellationToken: cancelled.Token).Dispose());
            Thread.Sleep(200); // one of them is in line by now: it has slept, at most 25 ms at a time
            done.Set();
            reached.Wait();
            Assert.Throws<TimeoutException>(() => timed.WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult());
            cancelled.Cancel();
            Assert.ThrowsAny<OperationCanceledException>(() => waits.WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult());
        }
        finally
        {
            goOn.Set();
            owner.Join();
            FaultPoints.Reached = null;
        }

        waiter.EnterScope(TimeSpan.FromSeconds(30)).Dispose();
    }

    [Fact]
    public void A_sharer_that_is_stopped_in_line_delays_the_others_once()
    {
        using Arena stopped = Arena.Create(Path, Shared), other = Arena.Open(Path, Shared);
        using ManualResetEventSlim held = new(), done = new(), reached = new(), goOn = new();
        Thread owner = Hold(other, held, done), inLine = new(() => stopped.EnterScope().Dispose());
        int sleeps = 0;
        FaultPoints.Reached = point =>
        {
            if (point == FaultPoint.Waiting && Thread.CurrentThread == inLine && ++sleeps == 3)
            {
                reached.Set();
                goOn.Wait();
            }
        };
        try
        {
            inLine.Start();
            reached.Wait();
            done.Set();
            owner.Join();
            for (int i = 0; i < 1000; i++) // 25 s if each had to wait for it
            {
                other.EnterScope(TimeSpan.FromSeconds(5)).Dispose();
            }

            Assert.False(goOn.IsSet);
        }
        finally
        {
            goOn.Set();
            inLine.Join();
            FaultPoints.Reached = null;
        }
    }

    [Fact]
    public void A_shared_arena_with_a_damaged_undo_log_is_refused_and_can_be_looked_at_again()
    {
        Arena.Create(Path, Shared).Dispose();
        using (FileStream file = File.OpenWrite(Path))
        {
            file.Position = ArenaHeader.StateAt;
            file.Write(BitConverter.GetBytes(8ul)); // a record that is not one
        }

        Assert.Throws<ArenaFormatException>(() => Arena.Open(Path, Shared));
        Assert.Throws<ArenaFormatException>(() => Arena.Open(Path, Shared));
    }

    private static void RequireTimedAndCancelled(Arena holder, Arena waiter, Offset<long> at)
    {
        using ManualResetEventSlim held = new(), done = new();
        Thread other = Hold(holder, held, done);
        Assert.Throws<TimeoutException>(() => waiter.EnterScope(TimeSpan.Zero).Dispose());
        long start = Stopwatch.GetTimestamp();
        Assert.Throws<TimeoutException>(() => _ = waiter.BeginChange(TimeSpan.FromMilliseconds(60)));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(50));
        using CancellationTokenSource soon = new(30);
        Assert.Throws<OperationCanceledException>(() => _ = waiter.EnterScope(cancellationToken: soon.Token));
        Assert.Throws<OperationCanceledException>(() => _ = waiter.BeginChange(TimeSpan.FromMinutes(5), soon.Token));
        done.Set();
        other.Join();
        using ArenaChange change = waiter.BeginChange(TimeSpan.FromSeconds(30));
        change.Edit(at) = 5;
        change.Complete();
    }

    private static Thread Hold(Arena arena, ManualResetEventSlim held, ManualResetEventSlim done)
    {
        Thread other = new(() =>
        {
            using ArenaChange change = arena.BeginChange();
            held.Set();
            done.Wait();
        });
        other.Start();
        held.Wait();
        return other;
    }
}
