using Mapwire.Memory.Sharing;
using Xunit;

namespace Mapwire.Memory.Tests.Readme;

/// <summary>The examples of the README's part on shared memory: each code block there is a run of lines here, or in
/// <see cref="ExampleTests"/>.</summary>
public sealed class SharingExampleTests
{
    private readonly string name = $"readme-{Guid.NewGuid():n}";

    [Fact]
    public void Counter()
    {
        using SharedMemory memory = SharedMemory.CreateOrOpen(name, size: 4096, new SharedMemoryOptions
        {
            Initialize = made => SharedMutex.Create(made, 0), // once, before any other process can open it
        });
        SharedMutex mutex = SharedMutex.Open(memory, 0);

        using (SharedMutex.Scope scope = mutex.Enter())
        {
            if (scope.OwnerDied)
            {
                Console.WriteLine("Another process was killed while it held the mutex: repair what it left.");
            }

            memory.At<long>(64)++; // in place, in all processes
        }

        Assert.Equal(1, memory.Read<long>(64));
    }

    [Fact]
    public async Task Waiting()
    {
        using SharedMemory memory = SharedMemory.Create(name, 4096);
        SharedMutex mutex = SharedMutex.Create(memory, 0);
        using CancellationTokenSource stop = new();

        if (mutex.TryEnter(TimeSpan.FromSeconds(1), out SharedMutex.Scope scope))
        {
            using (scope)
            {
                memory.At<long>(64)++;
            }
        }

        using (await mutex.EnterAsync(stop.Token)) // no thread waits, and the mutex is held across the await
        {
            await Task.Delay(1);
        }

        Assert.False(mutex.IsOwned);
    }

    [Fact]
    public async Task Ring()
    {
        using SharedMemory memory = SharedMemory.Create(name, 1 << 20, new SharedMemoryOptions
        {
            Initialize = made => SharedRing.Create(made, 0, capacity: 1 << 16, RingProducers.Multiple),
        });
        ReadOnlyMemory<byte> message = new byte[64];
        int received = 0;

        using RingProducer producer = SharedRing.Open(memory, 0).OpenProducer();
        if (producer.TryLoan(message.Length, out RingLoan loan)) // false: full, and the producer's decision
        {
            using (loan)
            {
                message.Span.CopyTo(loan.Bytes); // straight into the ring
                loan.Commit();                   // without it the message never was
            }
        }

        using RingConsumer consumer = SharedRing.Open(memory, 0).OpenConsumer();
        if (await consumer.WaitAsync(TimeSpan.FromSeconds(1)))
        {
            received += consumer.Drain(0, (bytes, _) => Console.WriteLine($"{bytes.Length} bytes, read where they lie"));
        }

        Assert.Equal(1, received);
    }

    [Fact]
    public void Newest()
    {
        using SharedMemory memory = SharedMemory.Create(name, 1 << 20);

        SharedCell<Position> place = SharedCell.Create<Position>(memory, 0);
        place.Write(new Position { X = 1, Y = 2 });
        bool known = place.TryRead(out Position newest); // always a whole one, whichever process dies while it writes

        SharedBroadcast news = SharedBroadcast.Create(memory, 4096, capacity: 1 << 16);
        BroadcastReader reader = news.OpenReader();
        using BroadcastWriter writer = news.OpenWriter(); // never waits for readers
        writer.Write("first"u8);

        Span<byte> text = stackalloc byte[100];
        if (reader.TryRead(text, out int length, out long lost)) // lost: how many it was too slow for
        {
            Console.WriteLine($"{length} bytes, {lost} messages lost");
        }

        Assert.Equal((true, 2.0, 5, 0), (known, newest.Y, length, lost));
    }

    [Fact]
    public void Layout()
    {
        SharedLayout layout = new("jobs");
        SharedLayoutEntry<SharedMutex> guard = layout.AddMutex("guard");
        SharedLayoutEntry<SharedRing> queue = layout.AddRing("queue", capacity: 1 << 16, RingProducers.Multiple);
        SharedLayoutValue<long> done = layout.AddValue<long>("done");

        using SharedMemory memory = layout.CreateOrOpen(name); // all objects are in it
        using (guard.Open(memory).Enter())
        {
            done.At(memory)++;
        }

        Assert.Equal(1, done.At(memory));
        Assert.Equal(1 << 16, queue.Open(memory).Capacity);
    }

    [Fact]
    public void Leftovers()
    {
        using (SharedMemory mine = SharedMemory.Create(name, 4096))
        {
            foreach (SharedMemoryInfo segment in SharedMemory.List())
            {
                Console.WriteLine($"{segment.Name}: {segment.Size} bytes, used by {string.Join(", ", segment.Users)}");
            }

            IReadOnlyList<string> removed = SharedMemory.RemoveAbandoned(); // what killed processes left
            Assert.DoesNotContain(name, removed);
        }

        Assert.DoesNotContain(SharedMemory.List(), segment => segment.Name == name);
    }

    private struct Position
    {
        public double X;
        public double Y;
    }
}
