using System.Numerics;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A ring from one writer to any number of readers. The writer waits for nobody: a reader who is too slow is overtaken,
/// and learns how many messages he lost.</summary>
/// <remarks>
/// <para>Readers leave no trace, so they may have the segment open for reading only, and none can harm the writer or another one.
/// A writer that dies in the middle of a message leaves everything up to the message before it.</para>
/// <para>Layout: mark | capacity | - | - | 64 the writer's token | 128 how far the writer may have overwritten (8) | 192 messages
/// published (8) | 200 a reader sleeps | 208 twice, for even and odd numbers published: end of the last message (8), its beginning
/// (8) | 256 the messages. Ends and beginnings count bytes and never turn back.</para>
/// </remarks>
public sealed class SharedBroadcast : SharedObject
{
    internal const int WriterAt = 64;
    internal const int IntentAt = 128;
    internal const int PublishedAt = 192;
    internal const int SleepsAt = 200;
    internal const int EndsAt = 208;
    internal const int DataAt = 256;

    private SharedBroadcast(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.BroadcastRing, DataAt, canRead: true)
    {
        uint capacity = Parameter(0);
        if (!BitOperations.IsPow2(capacity) || capacity is < SharedRing.LeastCapacity or > SharedRing.MostCapacity)
        {
            throw Wrong("a broadcast ring without sense");
        }

        memory.RequireInside(offset, SizeFor((int)capacity));
        Capacity = (int)capacity;
        (_, ulong end, ulong last) = Latest();
        if (end % RingRecord.Alignment != 0 || last % RingRecord.Alignment != 0 || end - last > capacity)
        {
            throw Wrong("a broadcast ring whose ends do not fit");
        }
    }

    /// <summary>Bytes for messages, their headers of 8 bytes included.</summary>
    public int Capacity { get; }

    /// <summary>The longest message in bytes: with its header a quarter of the ring, so that a reader has time to read it.</summary>
    public int LongestMessage => Capacity / 4 - RingRecord.HeaderLength;

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
            uint writer = Volatile.Read(ref SharedWord.UInt32(Address + WriterAt));
            return writer != 0 && Memory.Slots.IsAlive(writer);
        }
    }

    internal ref ulong Count => ref SharedWord.UInt64(Address + PublishedAt);

    internal ref ulong Intent => ref SharedWord.UInt64(Address + IntentAt);

    internal nint Data => Address + DataAt;

    /// <summary>Bytes that a broadcast ring takes.</summary>
    /// <param name="capacity">Bytes for messages: a power of two.</param>
    public static int SizeFor(int capacity) => SharedRing.SizeFor(capacity) - SharedRing.DataAt + DataAt;

    /// <summary>Makes an empty ring.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <param name="capacity">Bytes for messages: a power of two from 1 KiB to 256 MiB.</param>
    /// <exception cref="InvalidOperationException">There is something at the place.</exception>
    public static SharedBroadcast Create(SharedMemory memory, long offset, int capacity)
    {
        Make(memory, offset, ObjectKind.BroadcastRing, SizeFor(capacity), (uint)capacity);
        return new SharedBroadcast(memory, offset);
    }

    /// <summary>Opens a ring that was made before.</summary>
    /// <param name="memory">The segment; open for reading only is enough to read.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="SharedMemoryFormatException">There is none, or its state is impossible.</exception>
    public static SharedBroadcast Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Becomes the writer.</summary>
    /// <exception cref="InvalidOperationException">There is one and it lives, or the segment is open for reading only.</exception>
    public BroadcastWriter OpenWriter()
    {
        Memory.ThrowIfDisposed();
        if (Memory.IsReadOnly)
        {
            throw new InvalidOperationException("The shared memory is open for reading only.");
        }

        ref uint owner = ref SharedWord.UInt32(Address + WriterAt);
        uint seen = Volatile.Read(ref owner);
        if ((seen != 0 && Memory.Slots.IsAlive(seen)) || Interlocked.CompareExchange(ref owner, Memory.Token, seen) != seen)
        {
            throw new InvalidOperationException("The ring has a writer.");
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
            Interlocked.CompareExchange(ref SharedWord.UInt32(Address + WriterAt), 0, Memory.Token);
        }
    }

    internal void TellReaders()
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

    /// <summary>Sleeps until more is published than was seen. A reader that may not write cannot ask to be woken: he looks.</summary>
    internal void SleepUntilMore(ulong seen, int milliseconds)
    {
        if (!Memory.IsReadOnly)
        {
            Interlocked.Exchange(ref SharedWord.UInt32(Address + SleepsAt), 1);
            Memory.Waiting.FenceOthers();
        }

        if (Volatile.Read(ref Count) == seen)
        {
            Sleep(PublishedAt, (uint)seen, Memory.IsReadOnly ? Math.Min(milliseconds, 5) : milliseconds); // the count's lower half
        }
    }
}
