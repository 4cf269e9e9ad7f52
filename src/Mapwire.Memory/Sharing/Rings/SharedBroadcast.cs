using System.Numerics;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A ring from one writer to any number of readers. The writer never waits: a reader that is too slow is overtaken, and learns how
/// many messages it lost.</summary>
/// <remarks>
/// <para>Readers leave no trace, so they may have opened the segment read-only, and none can harm the writer or another one.
/// A writer that dies in the middle of a message leaves everything up to the message before it.</para>
/// </remarks>
public sealed class SharedBroadcast : SharedObject
{
    // mark(32) | capacity(32) | - | - | 64 the writer's token (64) | 128 how far the writer may have overwritten (64) | 192 messages
    // published (64) | 200 a reader sleeps (32) | 208 twice, for even and odd numbers published: end of the last message (64), its
    // beginning (64) | 256 the messages. Ends and beginnings count bytes and never turn back.

    internal const int WriterAt = 64;
    internal const int IntentAt = 128;
    internal const int PublishedAt = 192;
    internal const int SleepsAt = 200;
    internal const int EndsAt = 208;
    internal const int DataAt = 256;

    private SharedBroadcast(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.BroadcastRing, DataAt, canRead: true)
    {
        uint capacity = Parameter(0);
        if (!BitOperations.IsPow2(capacity) || capacity is < SharedRing.MinCapacity or > SharedRing.MaxCapacity)
        {
            throw Invalid($"invalid ring: capacity {capacity} is not a power of two from 1 KiB to 256 MiB");
        }

        memory.RequireInside(offset, SizeFor((int)capacity));
        Capacity = (int)capacity;
        (_, ulong end, ulong last) = Latest();
        if (end % RingRecord.Alignment != 0 || last % RingRecord.Alignment != 0 || end - last > capacity)
        {
            throw Invalid($"invalid ring: the last message, from {last} to {end}, is misaligned or longer than {capacity} bytes");
        }
    }

    /// <summary>Bytes for messages, their headers of 8 bytes included.</summary>
    public int Capacity { get; }

    /// <summary>The longest message in bytes: with its header a quarter of the ring, so that a reader has time to read it.</summary>
    public int MaxMessageLength => Capacity / 4 - RingRecord.HeaderLength;

    /// <summary>Messages that were published.</summary>
    public long Published
    {
        get
        {
            Memory.ThrowIfDisposed();
            return (long)Volatile.Read(ref Count);
        }
    }

    /// <summary>Whether a living process is the writer.</summary>
    public bool HasWriter
    {
        get
        {
            Memory.ThrowIfDisposed();
            ulong writer = Volatile.Read(ref SharedWord.UInt64(Address + WriterAt));
            return writer != 0 && Memory.Slots.IsAlive(writer);
        }
    }

    internal ref ulong Count => ref SharedWord.UInt64(Address + PublishedAt);

    internal ref ulong Intent => ref SharedWord.UInt64(Address + IntentAt);

    internal nint Data => Address + DataAt;

    /// <summary>Bytes that a broadcast ring takes.</summary>
    /// <param name="capacity">Bytes for messages: a power of two.</param>
    public static int SizeFor(int capacity) => SharedRing.SizeFor(capacity) - SharedRing.DataAt + DataAt;

    /// <summary>Creates an empty ring.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="capacity">Bytes for messages: a power of two from 1 KiB to 256 MiB.</param>
    /// <exception cref="InvalidOperationException">The offset already holds an object.</exception>
    public static SharedBroadcast Create(SharedMemory memory, long offset, int capacity)
    {
        Create(memory, offset, ObjectKind.BroadcastRing, SizeFor(capacity), DataAt, openExisting: false, [(uint)capacity]);
        return new SharedBroadcast(memory, offset);
    }

    /// <summary>Opens a ring, created if there is none. Of any number of processes that call this at once, one creates it.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="capacity">Bytes for messages: a power of two from 1 KiB to 256 MiB.</param>
    /// <exception cref="SharedMemoryFormatException">There is another object, or a ring with another capacity.</exception>
    public static SharedBroadcast CreateOrOpen(SharedMemory memory, long offset, int capacity)
    {
        Create(memory, offset, ObjectKind.BroadcastRing, SizeFor(capacity), DataAt, openExisting: true, [(uint)capacity]);
        return new SharedBroadcast(memory, offset);
    }

    /// <summary>Opens a ring that was created before.</summary>
    /// <param name="memory">The segment; opened read-only is enough to read.</param>
    /// <param name="offset">The byte offset.</param>
    /// <exception cref="SharedMemoryFormatException">There is none, or its state is impossible.</exception>
    public static SharedBroadcast Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Becomes the writer.</summary>
    /// <exception cref="InvalidOperationException">There is one and it lives, or the segment is open for reading only.</exception>
    public BroadcastWriter OpenWriter()
    {
        Memory.ThrowIfDisposed();
        if (Memory.IsReadOnly)
        {
            throw new InvalidOperationException("The shared memory was opened read-only.");
        }

        ref ulong owner = ref SharedWord.UInt64(Address + WriterAt);
        ulong seen = Volatile.Read(ref owner);
        if ((seen != 0 && Memory.Slots.IsAlive(seen)) || Interlocked.CompareExchange(ref owner, Memory.Token, seen) != seen)
        {
            throw new InvalidOperationException("The ring already has a live writer.");
        }

        return new BroadcastWriter(this);
    }

    /// <summary>A reader of what is published from now on.</summary>
    public BroadcastReader OpenReader()
    {
        Memory.ThrowIfDisposed();
        return new BroadcastReader(this);
    }

    /// <summary>The number published, the end of the last message, and its beginning, as they belong together.</summary>
    internal (ulong Published, ulong End, ulong Last) Latest()
    {
        while (true)
        {
            ulong published = Volatile.Read(ref Count);
            nint ends = Ends(published);
            ulong end = SharedWord.UInt64(ends), last = SharedWord.UInt64(ends + 8);
            Volatile.ReadBarrier();
            if (Volatile.Read(ref Count) == published) // the writer fills the other pair until then
            {
                return (published, end, last);
            }
        }
    }

    internal nint Ends(ulong published) => Address + EndsAt + (nint)(published & 1) * 16;

    internal void LeaveWriter()
    {
        if (!Memory.IsDisposed)
        {
            Interlocked.CompareExchange(ref SharedWord.UInt64(Address + WriterAt), 0, Memory.Token);
        }
    }

    internal void WakeReaders()
    {
        if (!Memory.Waiting.FencesOthers)
        {
            Interlocked.MemoryBarrier();
        }

        ref uint sleeps = ref SharedWord.UInt32(Address + SleepsAt);
        if (Volatile.Read(ref sleeps) != 0 && Interlocked.Exchange(ref sleeps, 0) != 0)
        {
            WakeAll(PublishedAt);
        }
    }

    /// <summary>
    /// Says that a reader is about to sleep. One that may not write cannot ask to be woken: it looks every few milliseconds.
    /// </summary>
    internal void AnnounceSleep(bool announced)
    {
        if (Memory.IsReadOnly)
        {
            return;
        }

        ref uint sleeps = ref SharedWord.UInt32(Address + SleepsAt);
        if (!announced || Volatile.Read(ref sleeps) == 0)
        {
            Interlocked.Exchange(ref sleeps, 1);
            Memory.Waiting.FenceOthers();
        }
    }
}
