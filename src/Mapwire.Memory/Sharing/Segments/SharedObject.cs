using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>An object at an offset of a segment, which works between all processes that open it there.</summary>
/// <remarks>It is created once, as a rule in <see cref="SharedMemoryOptions.Initialize"/> or by <c>CreateOrOpen</c>, and opened by
/// every process; <see cref="SharedLayout"/> computes the offsets. An offset is a multiple of 64 bytes, so that no two objects share a
/// cache line. It needs no disposing: it ends with its segment.</remarks>
public abstract class SharedObject
{
    /// <summary>Offsets are multiples of this many bytes.</summary>
    public const int Alignment = 64;

    private const uint Mark = 0x4d57_0000; // "MW", in the upper half of the first word

    private protected SharedObject(SharedMemory memory, long offset, ObjectKind kind, long size, bool canRead = false)
    {
        ArgumentNullException.ThrowIfNull(memory);
        CheckOffset(memory, offset, size);
        if (memory.IsReadOnly && !canRead)
        {
            throw new InvalidOperationException("This object needs write access, but the shared memory was opened read-only.");
        }

        Memory = memory;
        Offset = offset;
        Address = memory.Base + (nint)offset;
        if (Volatile.Read(ref SharedWord.UInt32(Address)) != (Mark | (uint)kind))
        {
            throw Invalid($"no {kind} was created at offset {offset}");
        }
    }

    /// <summary>The segment.</summary>
    public SharedMemory Memory { get; }

    /// <summary>The byte offset in the segment; a multiple of <see cref="Alignment"/>.</summary>
    public long Offset { get; }

    private protected nint Address { get; }

    /// <summary>The parameters that an object was created with: three words after the mark.</summary>
    private protected uint Parameter(int index) => Volatile.Read(ref SharedWord.UInt32(Address + 4 + 4 * index));

    /// <summary>Creates an object, or leaves the one that is there. Under the creation lock, which the system releases if this process
    /// dies: of a race one process creates it, and a half made one is made anew.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The offset.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="size">Bytes that the object takes.</param>
    /// <param name="cleared">Bytes of it, from its beginning on, that have to be zero.</param>
    /// <param name="openExisting">Whether one that exists is left; else it is an error.</param>
    /// <param name="parameters">The parameters, at most three.</param>
    /// <param name="fill">Fills it before it can be opened; gets its address.</param>
    /// <exception cref="InvalidOperationException">The offset is taken.</exception>
    private protected static void Create(
        SharedMemory memory, long offset, ObjectKind kind, long size, long cleared, bool openExisting, ReadOnlySpan<uint> parameters,
        Action<nint>? fill = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        CheckOffset(memory, offset, size);
        if (memory.IsReadOnly)
        {
            throw new InvalidOperationException("The shared memory was opened read-only.");
        }

        using RangeLock? creation = memory.LockCreation();
        nint address = memory.Base + (nint)offset;
        ref uint mark = ref SharedWord.UInt32(address);
        if (Volatile.Read(ref mark) != 0)
        {
            if (!openExisting)
            {
                throw new InvalidOperationException($"Offset {offset} of '{memory.Name}' already holds an object.");
            }

            RequireSame(memory, offset, kind, parameters);
            return;
        }

        RawMemory.Span(address, checked((int)cleared)).Clear();
        for (int i = 0; i < parameters.Length; i++)
        {
            SharedWord.UInt32(address + 4 + 4 * i) = parameters[i];
        }

        fill?.Invoke(address);
        Volatile.Write(ref mark, Mark | (uint)kind);
    }

    private protected SharedMemoryFormatException Invalid(string what)
    {
        Memory.ThrowIfDisposedSince();
        return new(SharedMemoryError.NoSuchObject, Memory.Name, SegmentHeader.UserAt + Offset, what);
    }

    /// <summary>Sleeps until woken at the word, or for the time given.</summary>
    internal void Sleep(int word, uint expected, int milliseconds) =>
        Memory.Waiting.Sleep(Address + word, Offset + word, expected, milliseconds);

    internal bool HasValue(int word, uint value) => Volatile.Read(ref SharedWord.UInt32(Address + word)) == value;

    private protected void Wake(int word, int count)
    {
        Memory.Waiting.Wake(Address + word, Offset + word, count);
        Memory.AsyncWaits.WakeAll();
    }

    private protected void WakeAll(int word) => Wake(word, int.MaxValue);

    private static void RequireSame(SharedMemory memory, long offset, ObjectKind kind, ReadOnlySpan<uint> parameters)
    {
        nint address = memory.Base + (nint)offset;
        bool same = SharedWord.UInt32(address) == (Mark | (uint)kind);
        for (int i = 0; i < parameters.Length; i++)
        {
            same &= SharedWord.UInt32(address + 4 + 4 * i) == parameters[i];
        }

        if (!same)
        {
            memory.ThrowIfDisposedSince();
            throw new SharedMemoryFormatException(
                SharedMemoryError.NoSuchObject, memory.Name, SegmentHeader.UserAt + offset,
                $"offset {offset} holds another object than this {kind}, or one with other parameters");
        }
    }

    private static void CheckOffset(SharedMemory memory, long offset, long size)
    {
        memory.RequireInside(offset, size);
        if (offset % Alignment != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"The offset must be a multiple of {Alignment} bytes.");
        }
    }
}

/// <summary>What stands at a place of a segment.</summary>
internal enum ObjectKind : uint
{
    Mutex = 1, Semaphore, Event, ReaderWriterLock, Condition, Barrier, Ring, ManyProducerRing, BroadcastRing, Cell,
}
