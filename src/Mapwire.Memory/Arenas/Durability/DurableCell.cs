using System.Runtime.InteropServices;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Arenas;

namespace Mapwire.Memory.Arenas;

/// <summary>Creates and opens durable cells.</summary>
public static class DurableCell
{
    /// <summary>Opens a cell in a file of its own, created if it is not there.</summary>
    /// <typeparam name="T">A type without references, pointers or automatic layout, at most 64 KiB.</typeparam>
    /// <param name="path">The file.</param>
    /// <exception cref="ArgumentException">The type cannot be kept; the message says why.</exception>
    /// <exception cref="ArenaFormatException">The file has something else in it, or a value of another layout.</exception>
    /// <exception cref="IOException">It is open elsewhere, or the device is full or fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The system refuses access.</exception>
    public static DurableCell<T> CreateOrOpen<T>(string path) where T : unmanaged => new(path, DurabilitySettings.Default);
}

/// <summary>A small value that survives a loss of power: a write returns when the device has it, and until then the value before it
/// counts. One write of a page or more and one sync, nothing else.</summary>
/// <typeparam name="T">A type without references, pointers or automatic layout, at most 64 KiB.</typeparam>
/// <remarks>All members may be called from any thread. One process has it open at a time.</remarks>
public sealed class DurableCell<T> : IDisposable where T : unmanaged
{
    private const int MaxBytes = 1 << 16;

    private readonly MappedFile _file;
    private readonly RangeLock _life;
    private readonly TwoSlots _slots;
    private readonly Lock _writing = new();
    private T _value;

    internal DurableCell(string path, DurabilitySettings settings)
    {
        TypeLayout layout = TypeLayout.Of<T>();
        if (layout.Size > MaxBytes)
        {
            throw new ArgumentException($"{typeof(T)} has {layout.Size} bytes; a durable cell holds at most {MaxBytes}.");
        }

        _file = MappedFile.Create(path, 0);
        RangeLock? life = null;
        try
        {
            if (!RangeLock.TryAcquire(_file, LockBytes.Life, 1, RangeLockMode.Exclusive, out life))
            {
                throw new IOException($"The durable cell '{path}' is open elsewhere.");
            }

            _life = life;
            DurableFile file = new(_file.Handle, path, settings.Recorder);
            _slots = new TwoSlots(file, 0, layout.Size, layout.Fingerprint);
            Span<T> value = new(ref _value);
            int size = TwoSlots.Bytes(layout.Size);
            if (file.Length < size)
            {
                Create(file, size);
            }
            else if (!_slots.TryRead(MemoryMarshal.AsBytes(value)) && !_slots.IsUnwritten())
            {
                throw new ArenaFormatException(ArenaError.NotAnArena, path, 0,
                    $"there is no durable cell of a value laid out like {typeof(T)}");
            }
        }
        catch
        {
            if (life is not null)
            {
                _file.DeleteIfMade();
            }

            life?.Dispose();
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Counts the writes of all time; 0 if there was none and the value is all zero.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public long Version
    {
        get
        {
            ObjectDisposedException.ThrowIf(_file.Handle.IsClosed, this);
            lock (_writing)
            {
                return (long)_slots.Sequence;
            }
        }
    }

    /// <summary>The value that was written last; the one that is there after a loss of power.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public T Value
    {
        get
        {
            ObjectDisposedException.ThrowIf(_file.Handle.IsClosed, this);
            lock (_writing)
            {
                return _value;
            }
        }
    }

    /// <summary>Replaces the value. Returns when the device has it.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="IOException">The device fails. After that the cell refuses writes; opened anew it has this value or the one
    /// before.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public void Write(in T value)
    {
        lock (_writing)
        {
            T copy = value;
            _slots.Write(ArenaMemory.Bytes(ref copy));
            _value = copy;
        }
    }

    /// <summary>Closes it.</summary>
    public void Dispose()
    {
        _life.Dispose();
        _file.Dispose();
    }

    private static void Create(DurableFile file, int size)
    {
        var there = new byte[(int)Math.Min(file.Length, size)];
        file.Read(0, there);
        if (there.AsSpan().ContainsAnyExcept((byte)0))
        {
            throw new ArenaFormatException(ArenaError.NotAnArena, file.Path, 0, "the file is neither empty nor a durable cell");
        }

        file.Write(0, new byte[size]); // so that writing a value changes no metadata
        file.Sync();
        file.SyncFolder();
    }
}
