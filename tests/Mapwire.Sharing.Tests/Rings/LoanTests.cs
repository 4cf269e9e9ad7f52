using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Rings;

/// <summary>Loans of a ring that are used after they have ended.</summary>
public sealed class LoanTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public void A_loan_of_a_disposed_producer_does_not_commit_over_the_next_producers_message()
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, 4096);
        using RingConsumer consumer = ring.OpenConsumer();
        RingProducer old = ring.OpenProducer();
        Assert.True(old.TryLoan(16, out RingLoan late));
        old.Dispose();
        using RingProducer producer = ring.OpenProducer();
        Assert.True(producer.TryLoan(100, out RingLoan loan));
        loan.Bytes.Fill(2);
        Type? refused = null, alsoRefused = null;
        try
        {
            late.Bytes.Fill(7);
        }
        catch (ObjectDisposedException exception)
        {
            refused = exception.GetType();
        }

        try
        {
            late.Commit();
        }
        catch (ObjectDisposedException exception)
        {
            alsoRefused = exception.GetType();
        }

        late.Dispose();
        Assert.Equal(0, ring.Waiting);
        loan.Commit();
        Assert.True(producer.TryWrite("hello"u8));
        List<byte[]> messages = Drain(consumer);
        Assert.Equal([.. Enumerable.Repeat((byte)2, 100)], messages[0]);
        Assert.Equal("hello"u8.ToArray(), messages[1]);
        Assert.Equal((typeof(ObjectDisposedException), typeof(ObjectDisposedException)), (refused, alsoRefused));
    }

    [Fact]
    public void A_producer_of_many_that_is_disposed_with_a_loan_open_does_not_block_the_ring()
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, 4096, RingProducers.Multiple);
        using RingConsumer consumer = ring.OpenConsumer();
        RingProducer leaving = ring.OpenProducer();
        Assert.True(leaving.TryLoan(8, out RingLoan late));
        leaving.Dispose();
        using RingProducer producer = ring.OpenProducer();
        Assert.True(producer.TryWrite("next"u8));
        Assert.True(consumer.Wait(Patience));
        Assert.Equal(["next"u8.ToArray()], Drain(consumer));
        bool refused = false;
        try
        {
            late.Commit();
        }
        catch (ObjectDisposedException)
        {
            refused = true;
        }

        Assert.True(refused);
        late.Dispose();
    }

    [Fact]
    public void A_producer_of_many_that_is_collected_with_a_loan_open_does_not_block_the_ring()
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, 4096, RingProducers.Multiple);
        using RingConsumer consumer = ring.OpenConsumer();
        OtherThread.Run(() => Drop(ring));
        using RingProducer producer = ring.OpenProducer();
        Assert.True(producer.TryWrite("next"u8));
        Assert.False(consumer.TryPeek(out _));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(consumer.Wait(Patience));
        Assert.Equal(["next"u8.ToArray()], Drain(consumer));
    }

    private static void Drop(SharedRing ring)
    {
        RingProducer producer = ring.OpenProducer();
        Assert.True(producer.TryLoan(8, out RingLoan first));
        Assert.True(producer.TryLoan(8, out _));
        first.Dispose();
    }

    [Fact]
    public void A_loan_of_the_only_producer_ends_when_the_next_one_is_taken()
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, 4096);
        using RingConsumer consumer = ring.OpenConsumer();
        using RingProducer producer = ring.OpenProducer();
        Assert.True(producer.TryLoan(8, out RingLoan first));
        Assert.True(producer.TryLoan(8, out RingLoan second));
        second.Bytes.Fill(2);
        bool refused = false;
        try
        {
            first.Commit();
        }
        catch (InvalidOperationException)
        {
            refused = true;
        }

        first.Dispose();
        Assert.True(refused);
        Assert.Empty(Drain(consumer));
        second.Commit();
        Assert.Equal([.. Enumerable.Repeat((byte)2, 8)], Assert.Single(Drain(consumer)));
    }

    [Theory]
    [InlineData(RingProducers.Single)]
    [InlineData(RingProducers.Multiple)]
    public void A_committed_loan_gives_its_bytes_no_more(RingProducers producers)
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, 4096, producers);
        using RingConsumer consumer = ring.OpenConsumer();
        using RingProducer producer = ring.OpenProducer();
        foreach (bool commits in (bool[])[true, false])
        {
            Assert.True(producer.TryLoan(8, out RingLoan loan));
            loan.Bytes.Fill(3);
            if (commits)
            {
                loan.Commit();
            }
            else
            {
                loan.Dispose();
            }

            bool bytesRefused = false, commitRefused = false;
            try
            {
                loan.Bytes.Fill(9);
            }
            catch (InvalidOperationException)
            {
                bytesRefused = true;
            }

            try
            {
                loan.Commit();
            }
            catch (InvalidOperationException)
            {
                commitRefused = true;
            }

            loan.Dispose();
            Assert.Equal((true, true), (bytesRefused, commitRefused));
        }

        Assert.Equal([.. Enumerable.Repeat((byte)3, 8)], Assert.Single(Drain(consumer)));
    }

    [Fact]
    public void A_loan_of_many_committed_twice_does_not_commit_another_loan_at_its_place()
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, 1024, RingProducers.Multiple);
        using RingConsumer consumer = ring.OpenConsumer();
        using RingProducer producer = ring.OpenProducer();
        Assert.True(producer.TryLoan(248, out RingLoan first)); // a quarter of the ring: the fifth is at its place
        first.Commit();
        for (int i = 0; i < 3; i++)
        {
            Assert.True(producer.TryWrite(new byte[248]));
        }

        Assert.Equal(4, Drain(consumer).Count);
        Assert.True(producer.TryLoan(248, out RingLoan fifth));
        bool refused = false;
        try
        {
            first.Commit();
        }
        catch (InvalidOperationException)
        {
            refused = true;
        }

        Assert.True(refused);
        Assert.Empty(Drain(consumer));
        fifth.Dispose();
    }

    [Fact]
    public void A_loan_that_was_never_taken_refuses_to_commit()
    {
        bool refused = false;
        try
        {
            default(RingLoan).Commit();
        }
        catch (InvalidOperationException)
        {
            refused = true;
        }

        Assert.True(refused);
        Assert.True(default(RingLoan).Bytes.IsEmpty);
        default(RingLoan).Dispose();
    }

    [Fact]
    public void A_ring_of_a_disposed_segment_opens_no_producer()
    {
        SharedMemory memory = _segments.Make();
        SharedRing one = SharedRing.Create(memory, 0, 1024), many = SharedRing.Create(memory, 4096, 1024, RingProducers.Multiple);
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(one.OpenProducer);
        Assert.Throws<ObjectDisposedException>(many.OpenProducer);
        Assert.Throws<ObjectDisposedException>(many.OpenConsumer);
    }

    private static List<byte[]> Drain(RingConsumer consumer)
    {
        List<byte[]> messages = new();
        consumer.Drain(messages, static (message, all) => all.Add(message.ToArray()));
        return messages;
    }
}
