using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>The latest value of something: writers replace it whole, and readers, any number and without a trace, always get a whole
/// one, even while a writer is suspended or dead in the middle.</summary>
/// <typeparam name="T">A type without references or automatic layout, at most 64 KiB. All processes must declare it alike: when the cell is
/// opened, the size is compared and, where the package's source generator could name the type, the type and offset of each field. It names
/// types that are internal or public and are declared in the project that uses them or have
/// <see cref="Arenas.ArenaTypeAttribute"/>.</typeparam>
public sealed class SharedCell<T> : SharedObject where T : unmanaged
{
    // mark(32) | size of T(32) | fingerprint of T's fields(32), 0 if not known | - | version(64) at 64 | token of the writer(64) at 72 |
    // two values from 128 on The value of an even version and the one of an odd version. A writer fills the one that is not current, then
    // moves the version.

    private const int LayoutAt = 8;
    private const int VersionAt = 64;
    private const int WriterAt = 72;
    private const int ValuesAt = 128;
    private const int MaxBytes = 1 << 16;

    private readonly int _stride;
    private readonly StoreGate _gate;
    private readonly Lock _writing = new(); // all threads of this opening have the same token

    internal SharedCell(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Cell, Bytes, canRead: true)
    {
        if (Parameter(0) != (uint)SharedWord.SizeOf<T>())
        {
            throw Invalid($"the cell is for {Parameter(0)} bytes, and {typeof(T).Name} has {SharedWord.SizeOf<T>()}");
        }

        uint fields = SharedWord.UInt32(Address + LayoutAt), mine = ValueLayout.FingerprintOf<T>();
        if (fields != 0 && mine != 0 && fields != mine)
        {
            throw Invalid($"the cell was created for a type with other fields than {typeof(T).Name} has");
        }

        _stride = Stride;
        _gate = new StoreGate(memory);
    }

    /// <summary>The number of the latest write; 0 if there was none.</summary>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public long Version
    {
        get
        {
            Memory.ThrowIfDisposed();
            return (long)Volatile.Read(ref Latest);
        }
    }

    internal static int Bytes => ValuesAt + 2 * Stride;

    private static int Stride
    {
        get
        {
            ValueLayout.Require<T>();
            return SharedWord.SizeOf<T>() is int size and <= MaxBytes
                ? (size + Alignment - 1) / Alignment * Alignment
                : throw new ArgumentException($"{typeof(T).Name} has {SharedWord.SizeOf<T>()} bytes; a cell holds at most {MaxBytes}.");
        }
    }

    private ref ulong Latest => ref SharedWord.UInt64(Address + VersionAt);

    private ref ulong Writer => ref SharedWord.UInt64(Address + WriterAt);

    /// <summary>Replaces the value. Waits for another writer that is at it, if it lives.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="InvalidOperationException">The segment was opened read-only.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void Write(in T value)
    {
        Memory.ThrowIfDisposed();
        RequireWrite();
        lock (_writing)
        {
            if (Interlocked.CompareExchange(ref Writer, Memory.Token, 0) != 0)
            {
                Waiter.Wait<Step, bool>(this, new Step(this), Timeout.InfiniteTimeSpan, CancellationToken.None);
            }

            bool stored = TryStore(value);
            Interlocked.CompareExchange(ref Writer, 0, Memory.Token);
            ObjectDisposedException.ThrowIf(!stored, Memory);
        }
    }

    /// <summary>Replaces the value where there is only one writer, ever: a copy and a plain store, without a lock, an interlocked
    /// instruction or a system call. For figures that one thread writes often and others look at.</summary>
    /// <param name="value">The value.</param>
    /// <remarks>The caller sees to it that there is one writer at a time, in all processes. Readers need not know.</remarks>
    /// <exception cref="InvalidOperationException">The segment was opened read-only.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void WriteSingleWriter(in T value)
    {
        Memory.ThrowIfDisposed();
        RequireWrite();
        ObjectDisposedException.ThrowIf(!TryStore(value), Memory);
    }

    /// <summary>Copies the value out.</summary>
    /// <param name="value">The value.</param>
    /// <returns>False if none was written yet.</returns>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public bool TryRead(out T value)
    {
        Memory.ThrowIfDisposed();
        while (true)
        {
            ulong version = Volatile.Read(ref Latest);
            if (version == 0)
            {
                Memory.ThrowIfDisposedSince();
                value = default;
                return false;
            }

            value = SharedWord.At<T>(At(version));
            Volatile.ReadBarrier();
            // The writer of the next version fills the other value; only the one after it touches this one.
            if (Volatile.Read(ref Latest) == version)
            {
                Memory.ThrowIfDisposedSince();
                return true;
            }
        }
    }

    internal static void Create(SharedMemory memory, long offset, bool openExisting)
    {
        int size = Bytes;
        Create(memory, offset, ObjectKind.Cell, size, size, openExisting, [(uint)SharedWord.SizeOf<T>()],
            address => SharedWord.UInt32(address + LayoutAt) = ValueLayout.FingerprintOf<T>());
    }

    private nint At(ulong version) => Address + ValuesAt + (int)(version & 1) * _stride;

    /// <returns>False if the segment is disposed.</returns>
    private bool TryStore(in T value)
    {
        FaultPoints.Reach(FaultPoint.CellOpened);
        if (!_gate.TryEnter())
        {
            return false;
        }

        ulong version = Latest + 1;
        Volatile.WriteBarrier(); // the version before it is there before its predecessor's value is overwritten
        SharedWord.At<T>(At(version)) = value;
        FaultPoints.Reach(FaultPoint.CellWritten);
        Volatile.Write(ref Latest, version);
        _gate.Leave();
        return true;
    }

    private void RequireWrite()
    {
        if (Memory.IsReadOnly)
        {
            throw new InvalidOperationException("The shared memory was opened read-only.");
        }
    }

    /// <summary>Becomes the writer. A writer takes nanoseconds unless it is suspended: it wakes no one.</summary>
    private readonly struct Step(SharedCell<T> cell) : IWaitStep<bool>
    {
        public bool TimedOut => false;

        public bool TryFinish(ref WaitLook look, out bool result)
        {
            ulong seen = Volatile.Read(ref cell.Writer);
            result = (seen == 0 || look.IsDead(seen)) && Interlocked.CompareExchange(ref cell.Writer, cell.Memory.Token, seen) == seen;
            look.Block(WriterAt, (uint)seen);
            return result;
        }

        public void Cancel() { }
    }
}
