using System.Runtime.CompilerServices;
using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Arenas;

namespace Mapwire.Memory.Arenas;

/// <summary>The mapped bytes under an arena: where they are, how they grow, and who may change them.</summary>
internal abstract class ArenaSpace : IDisposable
{
    /// <summary>
    /// Bytes that this process has mapped; 0 once disposed of, so that one comparison checks bounds and life. Only grows.
    /// </summary>
    private long _length;

    protected ArenaSpace(string name, nint address, long length, long maxLength)
    {
        Name = name;
        Base = address;
        _length = length;
        MaxLength = maxLength;
    }

    /// <summary>For messages.</summary>
    public string Name { get; }

    /// <summary>The address of the first byte. Never changes.</summary>
    public nint Base { get; }

    /// <summary>Bytes that are mapped.</summary>
    public long Length
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _length;
        protected set => Volatile.Write(ref _length, value);
    }

    /// <summary>Whether it is disposed of now: read anew each time, other than <see cref="Length"/>, which the compiler may keep.</summary>
    public bool IsDisposed => Volatile.Read(ref _length) == 0;

    /// <summary>Bytes that it may grow to.</summary>
    public long MaxLength { get; }

    /// <summary>What was changed since the last commit, where that is of interest; else null.</summary>
    public virtual ChangedLines? Changes => null;

    /// <summary>Whether other processes may change the bytes at the same time.</summary>
    public virtual bool IsShared => false;

    /// <summary>Whether this one may not.</summary>
    public virtual bool IsReadOnly => false;

    /// <summary>A value at a place that the caller has checked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T At<T>(long offset) where T : unmanaged => ref ArenaMemory.At<T>(Base + (nint)offset);

    /// <summary>A word of the header or of a block, at a place that the caller has checked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ulong Word(long offset) => ref ArenaMemory.At<ulong>(Base + (nint)offset);

    /// <summary>Bytes at a place that the caller has checked.</summary>
    public Span<byte> Bytes(long offset, int length) => ArenaMemory.Span<byte>(Base + (nint)offset, length);

    /// <summary>Whether a range lies in the mapped part of the heap. Any two numbers may be asked for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(long offset, long bytes)
    {
        ulong end = (ulong)_length;
        return (ulong)offset < end && (ulong)bytes <= end - (ulong)offset && offset >= ArenaHeader.HeapAt;
    }

    /// <summary>Whether a value lies in the mapped part of the heap. Any number may be asked for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains<T>(long offset) where T : unmanaged =>
        offset >= ArenaHeader.HeapAt && offset <= _length - RawMemory.SizeOf<T>();

    /// <summary>Keeps other processes out.</summary>
    /// <param name="timeout">How long to wait at most, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time was up.</returns>
    public virtual bool TryLock(TimeSpan timeout, CancellationToken cancellationToken) => true;

    /// <summary>Lets other processes in.</summary>
    public virtual void Unlock() { }

    /// <summary>Makes it longer. The caller has locked it.</summary>
    /// <exception cref="IOException">There is no room.</exception>
    public abstract void Grow(long length);

    /// <summary>Maps what another process has added.</summary>
    public virtual void Follow(long length) => Grow(length);

    /// <summary>Makes what was changed last through the end of the system.</summary>
    public virtual void Commit() => throw new InvalidOperationException(
        $"Arena '{Name}' was not made with ArenaDurability.PowerLoss: there is nothing to commit.");

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _length, 0) != 0)
        {
            Close();
        }
    }

    protected abstract void Close();

    protected IOException Full(long length) => new(
        $"Arena '{Name}' is full: it would need {length} bytes and may have {MaxLength}.");
}
