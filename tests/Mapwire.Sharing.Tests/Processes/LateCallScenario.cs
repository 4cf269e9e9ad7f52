using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>A call is stopped between two steps while its segment is disposed, others take over what it held, and it goes on. Nothing of
/// theirs may have changed. Exits with 0, or says what has changed.</summary>
internal static class LateCallScenario
{
    private const int Recursive = 64, Readers = 1 << 10, Barrier = 1 << 13, Cell = 1 << 14, Ring = 1 << 15, Many = Ring + (1 << 12),
        News = Many + (1 << 12);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly byte[] Message = new byte[200];

    private static SharedMemoryOptions _options = new();
    private static SharedMemory _first = null!;
    private static SharedMemory _second = null!;

    public static readonly string[] Names =
    [
        "mutex", "mutex with waiter", "recursive acquire", "recursive thread", "write lock", "cancelled write lock", "read lock", "barrier",
        "cell", "single writer of cell", "producer", "committing producer", "one of many producers", "consumer", "consumer of many",
        "broadcast writer",
    ];

    public static int Run(string folder, int index)
    {
        AppContext.SetSwitch("Mapwire.Memory.FaultPoints", true);
        _options = new SharedMemoryOptions { Folder = folder };
        using SharedMemory first = _first = SharedMemory.Create("late", 1 << 17, _options);
        using SharedMemory second = _second = SharedMemory.Open("late", _options);
        string? wrong = Find(Names[index])();
        Console.WriteLine(wrong ?? "unchanged");
        return wrong is null ? 0 : 1;
    }

    private static Func<string?> Find(string name) => name switch
    {
        "mutex" => () => Mutex(0, MutexOwner.Opening, FaultPoint.MutexReleasing, waits: false),
        "mutex with waiter" => () => Mutex(0, MutexOwner.Opening, FaultPoint.MutexReleasing, waits: true),
        "recursive acquire" => () => Mutex(Recursive, MutexOwner.RecursiveThread, FaultPoint.MutexOwned, waits: false),
        "recursive thread" => () => Mutex(Recursive, MutexOwner.RecursiveThread, FaultPoint.MutexReleasing, waits: false),
        "write lock" => () => WriteLock(@lock => @lock.ReleaseWrite()),
        "cancelled write lock" => CancelledWriteLock,
        "read lock" => ReadLock,
        "barrier" => Seat,
        "cell" => () => Write(FaultPoint.CellWritten, (cell, value) => cell.Write(value)),
        "single writer of cell" => () => Write(FaultPoint.CellWritten, (cell, value) => cell.WriteSingleWriter(value)),
        "producer" => () => Produce(Ring, RingProducers.Single, FaultPoint.RingWritten),
        "committing producer" => () => Produce(Ring, RingProducers.Single, FaultPoint.RingCommitting),
        "one of many producers" => () => Produce(Many, RingProducers.Multiple, FaultPoint.RingTailMoved),
        "consumer" => () => Consume(Ring, RingProducers.Single),
        "consumer of many" => () => Consume(Many, RingProducers.Multiple),
        "broadcast writer" => Broadcast,
        _ => throw new ArgumentException(name),
    };

    private static string? Mutex(long offset, MutexOwner owner, FaultPoint at, bool waits)
    {
        SharedMutex mutex = SharedMutex.Create(_first, offset, owner), theirs = SharedMutex.Open(_second, offset);
        Task<LockResult>? wait = null;
        return Late(at, () =>
        {
            mutex.Acquire();
            if (waits)
            {
                wait = theirs.AcquireAsync(Patience).AsTask();
            }

            mutex.Release();
        }, () =>
        {
            LockResult result = wait is null ? theirs.TryAcquire(Patience) : wait.GetAwaiter().GetResult();
            return result == LockResult.OwnerDied ? null : $"the mutex was not taken over but {result}";
        }, () => !theirs.IsOwned ? "the mutex was taken from its owner"
            : Takes(() => { theirs.Release(); return theirs.TryAcquire(); }, LockResult.Acquired));
    }

    private static string? WriteLock(Action<SharedReaderWriterLock> release)
    {
        SharedReaderWriterLock mine = SharedReaderWriterLock.Create(_first, Readers);
        SharedReaderWriterLock theirs = SharedReaderWriterLock.Open(_second, Readers);
        return Late(FaultPoint.WriterReleasing, () =>
        {
            mine.AcquireWrite();
            release(mine);
        }, () => Takes(() => theirs.TryAcquireWrite(Patience), LockResult.OwnerDied), () => StillWrites(theirs));
    }

    /// <summary>A writer that waits for a reader is cancelled, just when its segment is disposed.</summary>
    private static string? CancelledWriteLock()
    {
        SharedReaderWriterLock mine = SharedReaderWriterLock.Create(_first, Readers);
        SharedReaderWriterLock theirs = SharedReaderWriterLock.Open(_second, Readers);
        theirs.AcquireRead();
        return Late(FaultPoint.WriterReleasing, () => mine.TryAcquireWrite(TimeSpan.FromMilliseconds(20)), () =>
        {
            theirs.ReleaseRead();
            return Takes(() => theirs.TryAcquireWrite(Patience), LockResult.OwnerDied);
        }, () => StillWrites(theirs));
    }

    private static string? StillWrites(SharedReaderWriterLock theirs)
    {
        try
        {
            theirs.ReleaseWrite();
            return null;
        }
        catch (SynchronizationLockException)
        {
            return "the lock was taken from its writer";
        }
    }

    /// <summary>The slot's next process reads: what the late one counts or takes back is not to touch its count.</summary>
    private static string? ReadLock()
    {
        SharedReaderWriterLock mine = SharedReaderWriterLock.Create(_first, Readers);
        SharedReaderWriterLock theirs = SharedReaderWriterLock.Open(_second, Readers);
        SharedMemory? third = null;
        return Late(FaultPoint.ReaderCounting, () => mine.AcquireRead(), () =>
        {
            third = SharedMemory.Open("late", _options); // in the slot that is free now
            return Takes(() => SharedReaderWriterLock.Open(third, Readers).TryAcquireRead(), LockResult.Acquired);
        }, () =>
        {
            using SharedMemory last = third!;
            return Takes(() => theirs.TryAcquireWrite(TimeSpan.FromMilliseconds(200)), LockResult.TimedOut);
        });
    }

    private static string? Seat()
    {
        BarrierParticipant mine = SharedBarrier.Create(_first, Barrier, 2).Join(0);
        return Late(FaultPoint.BarrierArriving, () => mine.SignalAndWait(Patience), () =>
        {
            SharedBarrier.Open(_second, Barrier).Join(0);
            return null;
        }, () =>
        {
            try
            {
                SharedBarrier.Open(_second, Barrier).Join(0);
                return "the seat was taken from its process";
            }
            catch (InvalidOperationException)
            {
                return null; // a living process has it
            }
        });
    }

    private static string? Write(FaultPoint at, Action<SharedCell<long>, long> write)
    {
        SharedCell<long> cell = SharedCell.Create<long>(_first, Cell), theirs = SharedCell.Open<long>(_second, Cell);
        return Late(at, () => write(cell, 1), () =>
        {
            for (long value = 2; value < 7; value++)
            {
                theirs.Write(value);
            }

            return null;
        }, () => theirs.TryRead(out long value) && value == 6 ? null : $"the cell went back to {value} of version {theirs.Version}");
    }

    private static string? Produce(long offset, RingProducers producers, FaultPoint at)
    {
        SharedRing ring = SharedRing.Create(_first, offset, 1024, producers), theirs = SharedRing.Open(_second, offset);
        RingProducer producer = ring.OpenProducer();
        RingConsumer consumer = theirs.OpenConsumer();
        RingProducer? next = null;
        byte[] message = [.. Enumerable.Repeat((byte)9, Message.Length)];
        return Late(at, () => producer.TryWrite(message), () =>
        {
            next = theirs.OpenProducer();
            return Pass(next, consumer);
        }, () => FindDamage(theirs, next!, consumer));
    }

    private static string? Consume(long offset, RingProducers producers)
    {
        SharedRing ring = SharedRing.Create(_first, offset, 1024, producers), theirs = SharedRing.Open(_second, offset);
        RingProducer producer = theirs.OpenProducer();
        RingConsumer consumer = ring.OpenConsumer();
        RingConsumer? next = null;
        producer.TryWrite(Message);
        return Late(FaultPoint.RingFreed, consumer.Advance, () =>
        {
            next = theirs.OpenConsumer();
            return Pass(producer, next);
        }, () => FindDamage(theirs, producer, next!));
    }

    private static string? Broadcast()
    {
        SharedBroadcast news = SharedBroadcast.Create(_first, News, 1024), theirs = SharedBroadcast.Open(_second, News);
        BroadcastWriter writer = news.OpenWriter();
        BroadcastReader? reader = null;
        return Late(FaultPoint.BroadcastWritten, () => writer.Write(Message), () =>
        {
            BroadcastWriter next = theirs.OpenWriter();
            for (int i = 0; i < 30; i++)
            {
                next.Write(Message);
            }

            reader = theirs.OpenReader();
            next.Write(Message);
            return null;
        }, () => reader!.TryRead(new byte[1024], out int length, out long lost) && (length, lost) == (Message.Length, 0)
            && !reader.TryRead(new byte[1024], out _, out _) ? null : "the broadcast went back");
    }

    private static string? Pass(RingProducer producer, RingConsumer consumer)
    {
        consumer.Wait(TimeSpan.FromMilliseconds(100));
        consumer.Drain(0, static (_, _) => { });
        for (int i = 0; i < 30; i++)
        {
            if (!producer.Write(Message, Patience) || !consumer.Wait(Patience) || consumer.Drain(0, static (_, _) => { }) != 1)
            {
                return $"message {i} did not pass";
            }
        }

        return null;
    }

    private static string? FindDamage(SharedRing ring, RingProducer producer, RingConsumer consumer)
    {
        if (ring.Waiting != 0)
        {
            return $"the ring's ends went back: {ring.Waiting} bytes wait";
        }

        SharedRing.Open(_second, ring.Offset); // checks the ends
        return Pass(producer, consumer);
    }

    /// <summary>Stops a call at a point, disposes of its segment, lets others take over as soon as they may, and lets the call go on,
    /// before they do if they have to wait for that.</summary>
    private static string? Late(FaultPoint at, Action call, Func<string?> takeOver, Func<string?> check)
    {
        using ManualResetEventSlim reached = new(), goOn = new();
        Thread? late = null;
        int stopped = 0;
        FaultPoints.Reached = point =>
        {
            if (point == at && Thread.CurrentThread == late && Interlocked.Exchange(ref stopped, 1) == 0)
            {
                reached.Set();
                goOn.Wait();
            }
        };
        late = new Thread(() =>
        {
            try
            {
                call();
            }
            catch (ObjectDisposedException)
            {
                // It may be told or not.
            }
        });
        late.Start();
        if (!reached.Wait(Patience))
        {
            return $"{at} is not reached";
        }

        _first.Dispose();
        bool held = _second.Users.Count > 1; // the call is waited for
        string? wrong = held ? null : takeOver();
        goOn.Set();
        late.Join();
        if (held)
        {
            if (!SpinWait.SpinUntil(() => _second.Users.Count == 1, Patience))
            {
                return "the slot is not left after the call";
            }

            wrong = takeOver();
        }

        return wrong ?? check();
    }

    private static string? Takes(Func<LockResult> take, LockResult expected) =>
        take() is var result && result == expected ? null : $"{result} instead of {expected}";
}
