using System.Runtime.InteropServices;
using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Objects;

/// <summary>Scopes for <c>using</c>, layouts that compute offsets, and objects that many processes create at once.</summary>
public sealed class GuardTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public async Task Scopes_release_what_they_hold_and_say_that_an_owner_died()
    {
        SharedMemory memory = _segments.Make(), dying = _segments.Open();
        SharedMutex mutex = SharedMutex.Create(memory, 0);
        SharedSemaphore permits = SharedSemaphore.CreateOwned(memory, 64, 2);
        SharedReaderWriterLock readers = SharedReaderWriterLock.Create(memory, 1024);
        using (SharedMutex.Scope scope = mutex.Enter())
        {
            Assert.False(scope.OwnerDied);
            Assert.True(mutex.IsOwned);
            Assert.False(SharedMutex.Open(dying, 0).TryEnter(TimeSpan.Zero, out SharedMutex.Scope none));
            none.Dispose();
            Assert.True(mutex.IsOwned);
        }

        using (await mutex.EnterAsync())
        {
            await Task.Yield();
        }

        Assert.True(mutex.TryEnter(TimeSpan.Zero, out SharedMutex.Scope taken));
        taken.Dispose();
        taken.Dispose();
        Assert.Throws<SynchronizationLockException>(mutex.Release);
        using (readers.EnterRead())
        {
            Assert.True(readers.TryEnterRead(TimeSpan.Zero, out SharedReaderWriterLock.Scope second));
            second.Dispose();
            Assert.False(readers.TryEnterWrite(TimeSpan.Zero, out _));
        }

        using (await readers.EnterReadAsync())
        {
            Assert.False(readers.TryEnterWrite(TimeSpan.Zero, out _));
        }

        using (await permits.EnterAsync())
        {
            Assert.Equal(1, permits.Available);
        }

        SharedMutex.Open(dying, 0).Enter();
        SharedSemaphore.Open(dying, 64).Enter();
        SharedSemaphore.Open(dying, 64).Enter();
        SharedReaderWriterLock.Open(dying, 1024).EnterWrite();
        dying.Abandon();
        Assert.False(readers.TryEnterRead(TimeSpan.Zero, out SharedReaderWriterLock.Scope told) && !told.OwnerDied);
        told.Dispose();
        using (SharedMutex.Scope first = mutex.Enter())
        using (SharedSemaphore.Scope second = permits.Enter())
        using (SharedReaderWriterLock.Scope third = await readers.EnterWriteAsync())
        {
            Assert.True(first.OwnerDied && second.OwnerDied && third.OwnerDied);
        }

        using (SharedReaderWriterLock.Scope after = readers.EnterWrite())
        {
            Assert.False(after.OwnerDied);
        }
    }

    [Fact]
    public void A_layout_computes_offsets_size_and_id()
    {
        SharedLayout layout = new("jobs");
        SharedLayoutEntry<SharedMutex> mutex = layout.AddMutex("guard");
        SharedLayoutEntry<SharedSemaphore> permits = layout.AddOwnedSemaphore("permits", 3);
        SharedLayoutEntry<SharedReaderWriterLock> readers = layout.AddReaderWriterLock("readers");
        SharedLayoutEntry<SharedEvent> signal = layout.AddEvent("signal", manualReset: true, set: true);
        SharedLayoutEntry<SharedCondition> condition = layout.AddCondition("condition");
        SharedLayoutEntry<SharedBarrier> barrier = layout.AddBarrier("barrier", 2);
        SharedLayoutEntry<SharedRing> ring = layout.AddRing("ring", 1024, RingProducers.Multiple);
        SharedLayoutEntry<SharedBroadcast> news = layout.AddBroadcast("news", 1024);
        SharedLayoutEntry<SharedCell<long>> cell = layout.AddCell<long>("cell");
        SharedLayoutEntry<SharedSemaphore> plain = layout.AddSemaphore("plain", 2, 5);
        SharedLayoutValue<long> values = layout.AddValue<long>("values", 10);
        Assert.Throws<ArgumentException>(() => layout.AddMutex("guard"));
        using SharedMemory made = layout.CreateOrOpen("layout", _segments.Options), opened = layout.Open("layout", _segments.Options);
        Assert.Equal(layout.Size, made.Size);
        Assert.Throws<InvalidOperationException>(() => layout.AddMutex("late"));
        using (mutex.Open(made).Enter())
        using (readers.Open(opened).EnterRead())
        {
            Assert.Equal(3, permits.Open(opened).Available);
            Assert.Equal(2, plain.Open(opened).Available);
            Assert.True(signal.Open(opened).IsSet);
            condition.Open(opened).Notify();
            Assert.Equal(2, barrier.Open(opened).Participants);
            values.At(made, 9) = 7;
            Assert.Equal(7, values.At(opened, 9));
            Assert.Throws<ArgumentOutOfRangeException>(() => values.At(opened, 10));
            cell.Open(made).Write(5);
            Assert.True(cell.Open(opened).TryRead(out long value) && value == 5);
            using RingProducer producer = ring.Open(made).OpenProducer();
            Assert.True(producer.TryWrite("x"u8));
            using BroadcastWriter writer = news.Open(made).OpenWriter();
        }

        SharedLayout same = new("jobs"), other = new("jobs");
        same.AddMutex("guard");
        other.AddMutex("guard", MutexOwner.RecursiveThread);
        Assert.NotEqual(same.LayoutId, other.LayoutId);
        Assert.NotEqual(same.LayoutId, layout.LayoutId);
        SharedLayout again = new("jobs");
        again.AddMutex("guard");
        Assert.Equal(same.LayoutId, again.LayoutId);
        Assert.Equal(SharedMemoryError.OtherLayout,
            Assert.Throws<SharedMemoryFormatException>(() => same.Open("layout", _segments.Options)).Error);
    }

    [Fact]
    public async Task Of_a_race_to_create_an_object_one_creates_it()
    {
        SharedMemory memory = _segments.Make(1 << 20);
        SharedMemory[] openings = [memory, _segments.Open(), _segments.Open(), _segments.Open()];
        for (int round = 0; round < 20; round++)
        {
            long at = round * 64, ringAt = (1 << 16) + round * 2048;
            await Task.WhenAll(openings.Select(opening => Task.Factory.StartNew(() =>
            {
                SharedSemaphore permits = SharedSemaphore.CreateOrOpen(opening, at, available: 4, maximum: 4);
                Assert.Equal(LockResult.Acquired, permits.TryAcquire()); // a second creation would give the permits anew
                using RingProducer producer = SharedRing.CreateOrOpen(opening, ringAt, 1024, RingProducers.Multiple).OpenProducer();
                Assert.True(producer.TryWrite("message"u8));
            }, TaskCreationOptions.LongRunning)));
            Assert.Equal(0, SharedSemaphore.Open(memory, at).Available);
            using RingConsumer consumer = SharedRing.Open(memory, ringAt).OpenConsumer();
            Assert.Equal(4, consumer.Drain(0, static (message, _) => Assert.Equal("message"u8, message)));
        }

        Assert.Throws<InvalidOperationException>(() => SharedSemaphore.Create(memory, 0, 1));
        Assert.Throws<SharedMemoryFormatException>(() => SharedSemaphore.CreateOrOpen(memory, 0, 4, 5));
        Assert.Throws<SharedMemoryFormatException>(() => SharedMutex.CreateOrOpen(memory, 0));
        Assert.False(SharedMutex.CreateOrOpen(memory, 1 << 15).IsOwned);
        Assert.Equal(2, SharedBarrier.CreateOrOpen(memory, (1 << 15) + 64, 2).Participants);
        Assert.Equal(0, SharedCell.CreateOrOpen<long>(memory, (1 << 15) + 256).Version);
    }

    [Fact]
    public void Create_clears_what_was_in_its_bytes_before()
    {
        SharedMemory memory = _segments.Make(1 << 16);
        memory.AsSpan(4, 20_000).Fill(0xff);
        memory.At<int>(8192) = 0;
        Assert.Equal(3, SharedSemaphore.CreateOwned(memory, 0, 3).Available);
        Assert.Equal(LockResult.Acquired, SharedReaderWriterLock.Create(memory, 8192).TryAcquireWrite());
    }

    [Fact]
    public void Types_of_automatic_layout_are_refused_and_alignment_is_the_types_own()
    {
        SharedMemory memory = _segments.Make();
        Assert.Throws<ArgumentException>(() => SharedCell.Create<(double X, double Y)>(memory, 0));
        Assert.Throws<ArgumentException>(() => memory.At<(int A, long B)>(0));
        memory.At<Six>(8) = new Six { A = 1, B = 2, C = 3 };
        Assert.Equal(3, memory.Read<Six>(8).C);
        memory.At<Six>(2) = default;
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.At<Six>(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.At<long>(4));
        memory.At<decimal>(8) = 1.5m;
        SharedCell.Create<Guid>(memory, 1024).Write(Guid.NewGuid());
        SharedCell.Create<DateTime>(memory, 2048).Write(DateTime.UtcNow);
        Assert.True(SharedCell.Open<DateTime>(memory, 2048).TryRead(out _));
    }

    [Fact]
    public void A_cell_of_a_type_with_other_fields_is_refused()
    {
        SharedMemory memory = _segments.Make();
        SharedCell.Create<TwoLongs>(memory, 0).Write(new TwoLongs { One = 1, Two = 2 });
        Assert.Equal(SharedMemoryError.NoSuchObject,
            Assert.Throws<SharedMemoryFormatException>(() => SharedCell.Open<TwoDoubles>(memory, 0)).Error);
        Assert.Throws<SharedMemoryFormatException>(() => SharedCell.CreateOrOpen<TwoDoubles>(memory, 0));
        Assert.Throws<SharedMemoryFormatException>(() => SharedCell.Open<IntsAndLong>(memory, 0));
        Assert.Throws<SharedMemoryFormatException>(() => SharedCell.Open<Guid>(memory, 0));
        Assert.True(SharedCell.Open<SameByAnotherName>(memory, 0).TryRead(out SameByAnotherName value));
        Assert.Equal((1, 2), (value.First, value.Second));
    }

    [Fact]
    public void A_layout_id_tells_types_with_other_fields_apart()
    {
        Assert.NotEqual(Cells<TwoLongs>(), Cells<TwoDoubles>());
        Assert.NotEqual(Cells<TwoLongs>(), Cells<IntsAndLong>());
        Assert.Equal(Cells<TwoLongs>(), Cells<SameByAnotherName>());
        Assert.NotEqual(Values<TwoLongs>(), Values<TwoDoubles>());
        Assert.Equal(Values<TwoLongs>(), Values<SameByAnotherName>());

        static Guid Cells<T>() where T : unmanaged
        {
            SharedLayout layout = new("types");
            layout.AddCell<T>("cell");
            return layout.LayoutId;
        }

        static Guid Values<T>() where T : unmanaged
        {
            SharedLayout layout = new("types");
            layout.AddValue<T>("value");
            return layout.LayoutId;
        }
    }

    [Theory]
    [InlineData(100, 100, 8292)] // it cannot grow: no more than is needed
    [InlineData(100, 1 << 20, 65536)]
    [InlineData(65536 - 8192, 1 << 20, 65536)]
    [InlineData(65536 - 8191, 1 << 20, 131072)]
    [InlineData(100, 101, 8293)] // not beyond what it may become
    public void A_segment_that_can_grow_is_whole_granules(long size, long maxSize, long expected)
    {
        Assert.Equal(expected, SegmentSpace.GetFileSize(size, maxSize, 1 << 16));
        Assert.Equal(8192 + size, SegmentSpace.GetFileSize(size, maxSize, 1)); // where a view can be extended
    }

    [Fact]
    public async Task A_ring_is_read_as_an_async_sequence()
    {
        SharedMemory memory = _segments.Make();
        SharedRing ring = SharedRing.Create(memory, 0, 1024);
        using RingConsumer consumer = ring.OpenConsumer();
        using CancellationTokenSource stop = new();
        Task writing = Task.Run(() =>
        {
            using RingProducer producer = ring.OpenProducer();
            for (int i = 0; i < 500; i++)
            {
                Assert.True(producer.Write(BitConverter.GetBytes(i), Patience));
            }
        });
        int next = 0;
        await foreach (ReadOnlyMemory<byte> message in consumer.ReadAllAsync(stop.Token))
        {
            Assert.Equal(next++, BitConverter.ToInt32(message.Span));
            if (next == 500)
            {
                break;
            }
        }

        await writing.WaitAsync(Patience);
        Assert.Equal(0, ring.Waiting); // the last one was released when the loop was left
        Task reading = Task.Run(async () =>
        {
            await foreach (ReadOnlyMemory<byte> message in consumer.ReadAllAsync(stop.Token))
            {
                Assert.Fail("There is no message.");
            }
        });
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Patience));
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Six
    {
        public short A;
        public short B;
        public short C;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TwoLongs
    {
        public long One, Two;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct SameByAnotherName
    {
        public long First, Second;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TwoDoubles
    {
        public double One, Two;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct IntsAndLong
    {
        public int One, Two;
        public long Three;
    }
}
