using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>The number of producers that a <see cref="SharedRing"/> has at a time.</summary>
public enum RingProducers
{
    /// <summary>One, used by one thread at a time. The fastest.</summary>
    Single = 0,

    /// <summary>Any number, in any number of threads.</summary>
    Multiple = 1,
}

/// <summary>A queue of messages between processes: one or many producers, one consumer, each message written and read in place.</summary>
/// <remarks>
/// <para>When it is full, no message is dropped and no producer held: <see cref="RingProducer.TryLoan"/> says so, and the producer decides
/// whether to wait (<see cref="RingProducer.WaitForSpace"/>), to drop its message or to give up.</para>
/// <para><b>Crashes.</b> A producer that dies before it commits leaves nothing: with one producer its message never was, with many it
/// becomes padding when the consumer comes to it. A consumer that dies leaves its messages to the next one, which may see the last ones
/// again that the dead one had read and not yet released. A suspended producer of many stops the consumer at its message.</para>
/// </remarks>
public sealed class SharedRing : SharedObject
{
    // mark(32) | capacity(32) | producers(32) | - | 32 secret of the free marks (64) | 64 the producer's token (64) | 128 tail (64) |
    // 256 head (64) | 320 the consumer's token (64) | 384 the consumer sleeps (32) | 448 a producer sleeps (32) | 512 the messages
    // Tail and head count bytes and never turn back; each is on cache lines of its own.

    /// <summary>The smallest capacity in bytes.</summary>
    public const int MinCapacity = 1 << 10;

    /// <summary>The largest capacity in bytes.</summary>
    public const int MaxCapacity = 1 << 28;

    internal const int SecretAt = 32;
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
        if (!IsCapacity(capacity))
        {
            throw Invalid($"invalid ring: capacity {capacity} is not a power of two from 1 KiB to 256 MiB");
        }

        if (producers > (uint)RingProducers.Multiple)
        {
            throw Invalid($"invalid ring: unknown kind of producers {producers}");
        }

        memory.RequireInside(offset, SizeFor((int)capacity));
        Capacity = (int)capacity;
        Producers = (RingProducers)producers;
        Secret = SharedWord.UInt64(Address + SecretAt);
        CheckEnds();
    }

    /// <summary>Bytes for messages, their headers of 8 bytes included.</summary>
    public int Capacity { get; }

    /// <summary>The number of producers at a time.</summary>
    public RingProducers Producers { get; }

    /// <summary>The longest message in bytes: with its header half of the ring.</summary>
    public int MaxMessageLength => Capacity / 2 - RingRecord.HeaderLength;

    /// <summary>Bytes of messages that wait, headers and padding included.</summary>
    public long Waiting
    {
        get
        {
            Memory.ThrowIfDisposed();
            ulong head = Volatile.Read(ref Head); // first: the tail is then at or behind it
            long waiting = (long)(Volatile.Read(ref Tail) - head);
            Memory.ThrowIfDisposedSince();
            return waiting;
        }
    }

    /// <summary>What the marks of free words are made of, so that no payload can be one by chance.</summary>
    internal ulong Secret { get; }

    internal ref ulong Tail => ref SharedWord.UInt64(Address + TailAt);

    internal ref ulong Head => ref SharedWord.UInt64(Address + HeadAt);

    internal ref uint ConsumerSleeps => ref SharedWord.UInt32(Address + ConsumerSleepsAt);

    internal ref uint ProducerSleeps => ref SharedWord.UInt32(Address + ProducerSleepsAt);

    internal nint Data => Address + DataAt;

    /// <summary>Bytes that a ring takes.</summary>
    /// <param name="capacity">Bytes for messages: a power of two.</param>
    public static int SizeFor(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, MinCapacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, MaxCapacity);
        if (!BitOperations.IsPow2(capacity))
        {
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "The capacity must be a power of two.");
        }

        return DataAt + capacity;
    }

    /// <summary>Creates an empty ring.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="capacity">Bytes for messages: a power of two from 1 KiB to 256 MiB.</param>
    /// <param name="producers">One producer at a time, or many.</param>
    /// <exception cref="InvalidOperationException">The offset already holds an object.</exception>
    public static SharedRing Create(SharedMemory memory, long offset, int capacity, RingProducers producers = RingProducers.Single) =>
        Create(memory, offset, capacity, producers, openExisting: false);

    /// <summary>Opens a ring, created if there is none. Of any number of processes that call this at once, one creates it.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="capacity">Bytes for messages: a power of two from 1 KiB to 256 MiB.</param>
    /// <param name="producers">One producer at a time, or many.</param>
    /// <exception cref="SharedMemoryFormatException">There is another object, or a ring with other parameters.</exception>
    public static SharedRing CreateOrOpen(SharedMemory memory, long offset, int capacity, RingProducers producers = RingProducers.Single) =>
        Create(memory, offset, capacity, producers, openExisting: true);

    /// <summary>Opens a ring that was created before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset.</param>
    /// <exception cref="SharedMemoryFormatException">There is none, or its state is impossible.</exception>
    public static SharedRing Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Becomes the producer, or one of many.</summary>
    /// <exception cref="InvalidOperationException">There is one producer, and it lives.</exception>
    public RingProducer OpenProducer()
    {
        Memory.ThrowIfDisposed();
        if (Producers == RingProducers.Single)
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
            Interlocked.CompareExchange(ref SharedWord.UInt64(Address + at), 0, Memory.Token);
        }
    }

    /// <summary>After what the other side may wait for was stored: wakes it if it sleeps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void WakeIfWaiting(int sleeps)
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

    /// <summary>Says that a waiter is about to sleep. What the other side stored before it looks for sleepers is seen after this.</summary>
    /// <param name="sleeps">The word.</param>
    /// <param name="announced">Whether this waiter has done it before: as long as the word stands, it need not again.</param>
    internal void AnnounceSleep(int sleeps, bool announced)
    {
        ref uint word = ref SharedWord.UInt32(Address + sleeps);
        if (!announced || Volatile.Read(ref word) == 0)
        {
            Interlocked.Exchange(ref word, 1);
            Memory.Waiting.FenceOthers();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WakeSleeper(int sleeps)
    {
        if (Interlocked.Exchange(ref SharedWord.UInt32(Address + sleeps), 0) != 0)
        {
            WakeAll(sleeps);
        }
    }

    private static bool IsCapacity(uint capacity) => BitOperations.IsPow2(capacity) && capacity is >= MinCapacity and <= MaxCapacity;

    private static SharedRing Create(SharedMemory memory, long offset, int capacity, RingProducers producers, bool openExisting)
    {
        if (!Enum.IsDefined(producers))
        {
            throw new ArgumentOutOfRangeException(nameof(producers), producers, "Unknown RingProducers value.");
        }

        Create(memory, offset, ObjectKind.Ring, SizeFor(capacity), DataAt, openExisting, [(uint)capacity, (uint)producers], address =>
        {
            ulong secret = (ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue);
            SharedWord.UInt64(address + SecretAt) = secret;
            if (producers == RingProducers.Multiple)
            {
                MemoryMarshal.Cast<byte, ulong>(RawMemory.Span(address + DataAt, capacity)).Fill(RingRecord.PackFree(secret, 0));
            }
        });
        return new SharedRing(memory, offset);
    }

    /// <summary>Both ends move while they are read; one look at which the head stood still tells.</summary>
    private void CheckEnds()
    {
        const int looks = 1000;
        for (int look = 0; look < looks; look++)
        {
            ulong head = Volatile.Read(ref Head), tail = Volatile.Read(ref Tail);
            if (head != Volatile.Read(ref Head))
            {
                continue;
            }

            if (tail % RingRecord.Alignment != 0 || head % RingRecord.Alignment != 0 || tail - head > (ulong)Capacity)
            {
                throw Invalid($"invalid ring: head {head} and tail {tail} are misaligned or more than {Capacity} bytes apart");
            }

            return;
        }
    }

    private void TakeRole(int at, string role)
    {
        Memory.ThrowIfDisposed();
        ref ulong owner = ref SharedWord.UInt64(Address + at);
        ulong seen = Volatile.Read(ref owner);
        if ((seen != 0 && Memory.Slots.IsAlive(seen)) || Interlocked.CompareExchange(ref owner, Memory.Token, seen) != seen)
        {
            throw new InvalidOperationException($"The ring already has a live {role}.");
        }
    }
}
