using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Processes;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Rings;

public sealed class SharedRingTests : IDisposable
{
    private const int Capacity = 1 << 12;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Theory]
    [InlineData(RingProducers.Single, 1)]
    [InlineData(RingProducers.Multiple, 1)]
    [InlineData(RingProducers.Multiple, 3)]
    public async Task Every_message_comes_whole_once_and_in_order(RingProducers kind, int producers)
    {
        const int messages = 20_000;
        SharedRing.Create(_segments.Make(), 0, Capacity, kind);
        using RingConsumer consumer = SharedRing.Open(_segments.Open(), 0).OpenConsumer();
        Task[] writing = [.. Enumerable.Range(0, producers).Select(id =>
        {
            RingProducer producer = SharedRing.Open(_segments.Open(), 0).OpenProducer();
            return Task.Factory.StartNew(() =>
            {
                var message = new byte[600];
                for (long number = 0; number < messages; number++)
                {
                    int length = RingMessages.LengthOf(number);
                    RingMessages.Fill(message.AsSpan(0, length), id, number);
                    Assert.True(producer.Write(message.AsSpan(0, length), Patience));
                    if (number % 11 == 0 && producer.TryLoan(100, out RingLoan loan)) { loan.Dispose(); // given back unused
} }
            }, TaskCreationOptions.LongRunning);
        })];
        var next = new long[producers];
        long seen = 0;
        while (seen < (long)messages * producers)
        {
            Assert.True(consumer.Wait(Patience));
            if (seen % 3 == 0)
            {
                Assert.True(consumer.TryPeek(out ReadOnlySpan<byte> message));
                Take(message, next);
                consumer.Advance();
                seen++;
            }
            else
            {
                seen += consumer.Drain(next, Take, most: 50);
            }
        }

        await Task.WhenAll(writing);
        Assert.False(consumer.TryPeek(out _));

        static void Take(ReadOnlySpan<byte> message, long[] next)
        {
            (long producer, long number) = RingMessages.Check(message);
            Assert.Equal(next[producer]++, number);
        }
    }

    [Theory]
    [InlineData(RingProducers.Single)]
    [InlineData(RingProducers.Multiple)]
    public void A_loan_in_a_using_is_committed_once(RingProducers kind)
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, Capacity, kind);
        using RingProducer producer = ring.OpenProducer();
        using RingConsumer consumer = ring.OpenConsumer();
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(producer.TryLoan(40, out RingLoan loan));
            using (loan) // which disposes of a copy
            {
                loan.Bytes.Fill((byte)i);
                if (i % 3 != 0)
                {
                    loan.Commit();
                }
            }

            Assert.Equal(i % 3 != 0, consumer.TryPeek(out ReadOnlySpan<byte> message));
            if (i % 3 == 0)
            {
                continue;
            }

            Assert.Equal(-1, message.IndexOfAnyExcept((byte)i));
            consumer.Advance();
            loan.Dispose(); // late, and without effect
            InvalidOperationException? ended = null;
            try
            {
                loan.Commit();
            }
            catch (InvalidOperationException failure)
            {
                ended = failure;
            }

            Assert.NotNull(ended);
        }
    }

    [Fact]
    public void A_full_ring_says_so_and_takes_again_when_read()
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, Capacity, RingProducers.Multiple);
        using RingProducer producer = ring.OpenProducer();
        using RingConsumer consumer = ring.OpenConsumer();
        int written = 0;
        while (producer.TryWrite(new byte[120]))
        {
            written++;
        }

        Assert.Equal(Capacity / 128, written);
        Assert.Equal(Capacity, ring.Waiting);
        Assert.False(producer.WaitForSpace(120, TimeSpan.FromMilliseconds(20)));
        Assert.Throws<ArgumentOutOfRangeException>(() => producer.TryWrite(new byte[ring.MaxMessageLength + 1]));
        Assert.Equal(3, consumer.Drain(0, static (_, _) => { }, most: 3));
        Assert.True(producer.WaitForSpace(120, TimeSpan.Zero));
        for (int i = 0; i < 3; i++)
        {
            Assert.True(producer.TryWrite(new byte[120]));
        }

        Assert.False(producer.TryWrite([]));
        Assert.Equal(written, consumer.Drain(0, static (message, _) => Assert.Equal(120, message.Length)));
        Assert.Equal(0, ring.Waiting);
        Assert.True(producer.TryWrite(new byte[ring.MaxMessageLength]));
    }

    [Fact]
    public void There_is_one_producer_and_one_consumer_until_they_leave_or_die()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open();
        SharedRing ring = SharedRing.Create(first, 0, Capacity), same = SharedRing.Open(second, 0);
        RingProducer producer = ring.OpenProducer();
        RingConsumer consumer = ring.OpenConsumer();
        Assert.Throws<InvalidOperationException>(same.OpenProducer);
        Assert.Throws<InvalidOperationException>(same.OpenConsumer);
        producer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => producer.TryWrite([1]));
        using RingProducer next = same.OpenProducer();
        Assert.True(next.TryWrite([1]));
        first.Abandon(); // the consumer's process is gone
        using RingConsumer heir = same.OpenConsumer();
        Assert.True(heir.TryPeek(out ReadOnlySpan<byte> message));
        Assert.Equal(1, message[0]);
        Assert.Throws<ObjectDisposedException>(() => consumer.TryPeek(out _));
    }

    [Fact]
    public async Task Async_waits_end_by_message_time_and_cancellation()
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, Capacity);
        using RingProducer producer = ring.OpenProducer();
        using RingConsumer consumer = ring.OpenConsumer();
        ValueTask<bool> wait = consumer.WaitAsync();
        Assert.False(wait.IsCompleted);
        Assert.True(producer.TryWrite([1]));
        Assert.True(await wait.AsTask().WaitAsync(Patience));
        consumer.Advance();
        Assert.False(await consumer.WaitAsync(TimeSpan.FromMilliseconds(10)));
        using CancellationTokenSource stop = new(20);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => consumer.WaitAsync(cancellationToken: stop.Token).AsTask());
        Assert.True(await producer.WaitForSpaceAsync(100));
    }

    [Fact]
    public void A_claim_of_an_earlier_round_fails_on_payload_of_zeros_and_of_round_numbers()
    {
        SharedMemory memory = _segments.Make();
        SharedRing ring = SharedRing.Create(memory, 0, 1024, RingProducers.Multiple);
        using RingProducer producer = ring.OpenProducer();
        using RingConsumer consumer = ring.OpenConsumer();
        for (int round = 0; round < 20; round++)
        {
            byte[] message = new byte[400]; // what a producer that stopped before its claim in an earlier round would find
            for (int at = 0; at < message.Length && round % 2 == 1; at += 8)
            {
                BitConverter.TryWriteBytes(message.AsSpan(at), (ulong)(round - 1) << 32);
            }

            Assert.True(producer.TryWrite(message));
            for (ulong earlier = 0; earlier < 20; earlier++)
            {
                ulong mark = RingRecord.PackFree(ring.Secret, earlier);
                Assert.NotEqual(0ul, mark);
                Assert.NotEqual(earlier << 32, mark);
                Assert.Equal(RingRecord.Free, RingRecord.StateOf(mark));
            }

            Assert.True(consumer.TryPeek(out ReadOnlySpan<byte> read));
            Assert.Equal(message, read);
            consumer.Advance();
        }

        Assert.NotEqual(ring.Secret, SharedRing.Create(memory, 4096, 1024, RingProducers.Multiple).Secret);
    }

    [Fact]
    public void A_loan_ends_when_the_only_producer_takes_another()
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, 1024);
        using RingProducer producer = ring.OpenProducer();
        using RingConsumer consumer = ring.OpenConsumer();
        Assert.True(producer.TryWrite(new byte[480]));
        Assert.True(producer.TryWrite(new byte[400]));
        consumer.Advance();
        Assert.True(producer.TryLoan(40, out RingLoan first));
        Assert.True(producer.TryLoan(300, out RingLoan second)); // behind padding, from the ring's beginning
        Assert.True(Ended(first));
        second.Commit();
        Assert.True(Ended(second));
        consumer.Advance();
        Assert.True(consumer.TryPeek(out ReadOnlySpan<byte> message));
        Assert.Equal(300, message.Length);
        consumer.Advance();
        Assert.False(consumer.TryPeek(out _));

        static bool Ended(RingLoan loan)
        {
            try
            {
                loan.Commit();
                return false;
            }
            catch (InvalidOperationException)
            {
                return true;
            }
        }
    }

    [Fact]
    public void Claims_say_whose_they_are_and_how_long()
    {
        foreach (int length in (int[])[0, 1, 8, 9, 1000, (1 << 27) - 8])
        {
            ulong token = ProcessSlots.PackToken(ProcessSlots.Count - 1, ProcessSlots.GenerationMask);
            ulong claim = RingRecord.PackClaim(length, token);
            Assert.True(RingRecord.IsClaimed(claim));
            Assert.Equal(token, RingRecord.TokenOf(claim));
            Assert.Equal(RingRecord.SpanOf(length), RingRecord.SpanOf(RingRecord.LengthOf(claim)));
            Assert.Equal(length, RingRecord.LengthOf(RingRecord.Pack(RingRecord.Ready, length)));
        }
    }

    [Fact]
    public void A_write_with_competitors_ends_when_its_own_timeout_passes()
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, 1024, RingProducers.Multiple);
        using RingProducer producer = ring.OpenProducer();
        while (producer.TryWrite(new byte[100]))
        {
        }

        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.False(producer.Write(new byte[200], TimeSpan.FromMilliseconds(100)));
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds, 90, 30_000);
        Assert.False(producer.Write(new byte[200], TimeSpan.Zero));
    }
}
