using System.Numerics;
using System.Runtime.CompilerServices;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A queue of messages between processes: one or many producers, one consumer, each message written and read in place.</summary>
/// <remarks>
/// <para>When it is full, nothing is dropped and nobody is held: <see cref="RingProducer.TryLoan"/> says so, and the producer
/// decides whether to wait (<see cref="RingProducer.WaitForSpace"/>), to drop his message or to give up.</para>
/// <para>A producer that dies before it commits leaves nothing: with one producer its message never was, with many it becomes
/// padding when the consumer comes to it. A consumer that dies leaves his messages to the next one, who may see the last ones
/// again that the dead one had read and not yet given back. A stopped producer of many stops the consumer at its message.</para>
/// <para>Layout: mark | capacity | producers | - | 64 the producer's token | 128 tail (8) | 256 head (8) | 320 the consumer's token |
/// 384 the consumer sleeps | 448 a producer sleeps | 512 the messages. Tail and head count bytes and never turn back; each is on
/// cache lines of its own.</para>
/// </remarks>
public sealed class SharedRing : SharedObject
{
    /// <summary>The smallest ring's bytes for messages.</summary>
    public const int LeastCapacity = 1 << 10;

    /// <summary>The largest ring's bytes for messages.</summary>
    public const int MostCapacity = 1 << 28;

    internal const int ProducerAt = 64;
    internal const int TailAt = 128;
    internal const int HeadAt = 256;
    internal const int ConsumerAt = 320;
    internal const int ConsumerSleepsAt = 384;
    internal const int ProducerSleepsAt = 448;
    internal const int DataAt = 512;

    private SharedRing(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Ring, DataAt)
    {
        uint capacity = Parameter(0), producers = Parameter(1);
        if (!BitOperations.IsPow2(capacity) || capacity is < LeastCapacity or > MostCapacity || producers > (uint)RingProducers.Many)
        {
            throw Wrong("a ring without sense");
        }

        memory.RequireInside(offset, SizeFor((int)capacity));
        Capacity = (int)capacity;
        Producers = (RingProducers)producers;
        if (!EndsFit())
        {
            throw Wrong("a ring whose ends do not fit");
        }
    }

    /// <summary>Bytes for messages, their headers of 8 bytes included.</summary>
    public int Capacity { get; }

    /// <summary>How many producers there are at a time.</summary>
    public RingProducers Producers { get; }

    /// <summary>The longest message in bytes: with its header half of the ring.</summary>
    public int LongestMessage => Capacity / 2 - RingRecord.HeaderLength;

    /// <summary>Bytes of messages that wait, headers and padding included.</summary>
    public long Waiting
    {
        get
        {
            Memory.ThrowIfDisposed();
            ulong head = Volatile.Read(ref Head); // first: the tail is then at or behind it
            return (long)(Volatile.Read(ref Tail) - head);
        }
    }

    internal ref ulong Tail => ref SharedWord.UInt64(Address + TailAt);

    internal ref ulong Head => ref SharedWord.UInt64(Address + HeadAt);

    internal ref uint ConsumerSleeps => ref SharedWord.UInt32(Address + ConsumerSleepsAt);

    internal ref uint ProducerSleeps => ref SharedWord.UInt32(Address + ProducerSleepsAt);

    internal nint Data => Address + DataAt;

    /// <summary>Bytes that a ring takes.</summary>
    /// <param name="capacity">Bytes for messages: a power of two.</param>
    public static int SizeFor(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, LeastCapacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, MostCapacity);
        if (!BitOperations.IsPow2(capacity))
        {
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "Not a power of two.");
        }

        return DataAt + capacity;
    }

    /// <summary>Makes an empty ring.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <param name="capacity">Bytes for messages: a power of two from 1 KiB to 256 MiB.</param>
    /// <param name="producers">One producer at a time, or many.</param>
    /// <exception cref="InvalidOperationException">There is something at the place.</exception>
    public static SharedRing Create(SharedMemory memory, long offset, int capacity, RingProducers producers = RingProducers.One)
    {
        if (!Enum.IsDefined(producers))
        {
            throw new ArgumentOutOfRangeException(nameof(producers), producers, "Neither one nor many.");
        }

        Make(memory, offset, ObjectKind.Ring, SizeFor(capacity), (uint)capacity, (uint)producers);
        return new SharedRing(memory, offset);
    }

    /// <summary>Opens a ring that was made before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="SharedMemoryFormatException">There is none, or its state is impossible.</exception>
    public static SharedRing Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Becomes the producer, or one of many.</summary>
    /// <exception cref="InvalidOperationException">There is one producer, and it lives.</exception>
    public RingProducer OpenProducer()
    {
        if (Producers == RingProducers.One)
        {
            TakeRole(ProducerAt, "producer");
        }

        return new RingProducer(this);
    }

    /// <summary>Becomes the consumer.</summary>
    /// <exception cref="InvalidOperationException">There is one, and it lives.</exception>
    public RingConsumer OpenConsumer()
    {
        TakeRole(ConsumerAt, "consumer");
        return new RingConsumer(this);
    }

    internal void LeaveRole(int at)
    {
        if (!Memory.IsDisposed)
        {
            Interlocked.CompareExchange(ref SharedWord.UInt32(Address + at), 0, Memory.Token);
        }
    }

    /// <summary>After the other side may have waited for what was just stored: wakes it if it sleeps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Tell(int sleeps)
    {
        // The store before and this load must not change places. A sleeper that can fence us does so before it sleeps.
        if (!Memory.Waiting.FencesOthers)
        {
            Interlocked.MemoryBarrier();
        }

        if (Volatile.Read(ref SharedWord.UInt32(Address + sleeps)) != 0)
        {
            WakeSleeper(sleeps);
        }
    }

    /// <summary>Says that somebody is about to sleep. What the other side stored before it looks for sleepers is seen after this.</summary>
    internal void AnnounceSleep(int sleeps)
    {
        Interlocked.Exchange(ref SharedWord.UInt32(Address + sleeps), 1);
        Memory.Waiting.FenceOthers();
    }

    internal void SleepAt(int sleeps, int milliseconds) => Sleep(sleeps, 1, milliseconds);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WakeSleeper(int sleeps)
    {
        if (Interlocked.Exchange(ref SharedWord.UInt32(Address + sleeps), 0) != 0)
        {
            WakeAll(sleeps);
        }
    }

    /// <summary>Both ends move while they are looked at; one look at which the head stood still tells.</summary>
    private bool EndsFit()
    {
        const int looks = 1000;
        for (int look = 0; look < looks; look++)
        {
            ulong head = Volatile.Read(ref Head), tail = Volatile.Read(ref Tail);
            if (head == Volatile.Read(ref Head))
            {
                return tail % RingRecord.Alignment == 0 && head % RingRecord.Alignment == 0 && tail - head <= (ulong)Capacity;
            }
        }

        return true; // they move so fast that they work
    }

    private void TakeRole(int at, string role)
    {
        Memory.ThrowIfDisposed();
        ref uint owner = ref SharedWord.UInt32(Address + at);
        uint seen = Volatile.Read(ref owner);
        if ((seen != 0 && Memory.Slots.IsAlive(seen)) || Interlocked.CompareExchange(ref owner, Memory.Token, seen) != seen)
        {
            throw new InvalidOperationException($"The ring has a {role}.");
        }
    }
}
