using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>The latest value of something: writers replace it whole, and readers, any number and without a trace, always get a
/// whole one, even while a writer is stopped or dead in the middle.</summary>
/// <typeparam name="T">A type without references, at most 64 KiB.</typeparam>
/// <remarks>Layout: mark | size of T | - | - | 64 version (lower half) and the token of who is writing the next one (upper half) |
/// 128 two values; the one of an even version and the one of an odd version. A writer fills the one that is not current.</remarks>
public sealed class SharedCell<T> : SharedObject where T : unmanaged
{
    private const int StateAt = 64;
    private const int ValuesAt = 128;
    private const int MostBytes = 1 << 16;

    private readonly int _stride;
    private readonly Lock _writing = new(); // all threads of this opening have the same token

    internal SharedCell(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Cell, Bytes, canRead: true)
    {
        if (Parameter(0) != (uint)SharedWord.SizeOf<T>())
        {
            throw Wrong($"a cell for {Parameter(0)} bytes, not for the {SharedWord.SizeOf<T>()} of {typeof(T).Name}");
        }

        _stride = Stride;
    }

    /// <summary>Changes with every write; 0 if there was none.</summary>
    public long Version
    {
        get
        {
            Memory.ThrowIfDisposed();
            return (uint)Volatile.Read(ref State);
        }
    }

    private static int Stride => SharedWord.SizeOf<T>() is int size and <= MostBytes
        ? (size + Alignment - 1) / Alignment * Alignment
        : throw new ArgumentException($"{typeof(T).Name} has more than {MostBytes} bytes.");

    private ref ulong State => ref SharedWord.UInt64(Address + StateAt);

    internal static int Bytes => ValuesAt + 2 * Stride;

    internal static void Make(SharedMemory memory, long offset) => Make(memory, offset, ObjectKind.Cell, Bytes, (uint)SharedWord.SizeOf<T>());

    /// <summary>Replaces the value. Waits for another writer who is at it, if he lives.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="InvalidOperationException">The segment is open for reading only.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public void Write(in T value)
    {
        Memory.ThrowIfDisposed();
        if (Memory.IsReadOnly)
        {
            throw new InvalidOperationException("The shared memory is open for reading only.");
        }

        lock (_writing)
        {
            uint version = Begin() + 1;
            if (version == 0)
            {
                version = 2; // 0 says that there is none
            }

            FaultPoints.Reach(FaultPoint.CellOpened);
            Interlocked.MemoryBarrier();
            SharedWord.At<T>(At(version)) = value;
            FaultPoints.Reach(FaultPoint.CellWritten);
            Volatile.Write(ref State, version); // the value before it, and nobody writing any more
        }
    }

    /// <summary>Replaces the value where nobody else ever writes it: a copy and two plain stores, without a lock, an interlocked
    /// instruction or a system call. For figures that one thread writes often and others look at.</summary>
    /// <param name="value">The value.</param>
    /// <remarks>The caller sees to it that there is one writer at a time, in all processes. Readers need not know.</remarks>
    /// <exception cref="InvalidOperationException">The segment is open for reading only.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public void WriteAlone(in T value)
    {
        Memory.ThrowIfDisposed();
        if (Memory.Token == 0)
        {
            throw new InvalidOperationException("The shared memory is open for reading only.");
        }

        ref ulong state = ref State;
        uint version = (uint)state + 1;
        if (version == 0)
        {
            version = 2; // as above
        }

        Volatile.Write(ref state, (ulong)Memory.Token << 32 | (uint)state); // readers of the value before it look again
        Volatile.WriteBarrier();
        FaultPoints.Reach(FaultPoint.CellOpened);
        SharedWord.At<T>(At(version)) = value;
        FaultPoints.Reach(FaultPoint.CellWritten);
        Volatile.Write(ref state, version);
    }

    /// <summary>Copies the value out.</summary>
    /// <param name="value">The value.</param>
    /// <returns>False if none was written yet.</returns>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public bool TryRead(out T value)
    {
        Memory.ThrowIfDisposed();
        while (true)
        {
            uint version = (uint)Volatile.Read(ref State);
            if (version == 0)
            {
                value = default;
                return false;
            }

            value = SharedWord.At<T>(At(version));
            Volatile.ReadBarrier();
            // Whoever writes the next version fills the other value; only the one after it touches this one.
            ulong now = Volatile.Read(ref State);
            if ((uint)now == version || ((uint)now == version + 1 && now >> 32 == 0))
            {
                return true;
            }
        }
    }

    private nint At(uint version) => Address + ValuesAt + (int)(version & 1) * _stride;

    /// <summary>Becomes the one who writes the next version; returns the current one.</summary>
    private uint Begin()
    {
        using WaitClock clock = new(Memory, Timeout.InfiniteTimeSpan, CancellationToken.None);
        for (int spins = Spinning.Rounds; ;)
        {
            ulong seen = Volatile.Read(ref State);
            uint writer = (uint)(seen >> 32);
            if (writer == 0 || (spins <= 0 && !Memory.Slots.IsAlive(writer)))
            {
                if (Interlocked.CompareExchange(ref State, (ulong)Memory.Token << 32 | (uint)seen, seen) == seen)
                {
                    return (uint)seen;
                }
            }
            else if (spins-- > 0)
            {
                Spinning.Once();
            }
            else
            {
                clock.TryNext(out int milliseconds);
                Sleep(StateAt + 4, writer, milliseconds); // a writer takes nanoseconds unless it is stopped: nobody wakes us
            }
        }
    }
}
