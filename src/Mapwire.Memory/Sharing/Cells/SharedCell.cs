namespace Mapwire.Memory.Sharing;

/// <summary>Creates and opens cells for the latest value of something.</summary>
public static class SharedCell
{
    /// <summary>Bytes that a cell takes.</summary>
    /// <typeparam name="T">A type without references or automatic layout, at most 64 KiB.</typeparam>
    public static int SizeFor<T>() where T : unmanaged => SharedCell<T>.Bytes;

    /// <summary>Creates a cell without a value.</summary>
    /// <typeparam name="T">A type without references or automatic layout, at most 64 KiB.</typeparam>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <exception cref="InvalidOperationException">The offset already holds an object.</exception>
    public static SharedCell<T> Create<T>(SharedMemory memory, long offset) where T : unmanaged
    {
        SharedCell<T>.Create(memory, offset, openExisting: false);
        return new SharedCell<T>(memory, offset);
    }

    /// <summary>Opens a cell, created if there is none. Of any number of processes that call this at once, one creates it.</summary>
    /// <typeparam name="T">A type without references or automatic layout, at most 64 KiB.</typeparam>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <exception cref="SharedMemoryFormatException">There is another object, or a cell for another size or other fields.</exception>
    public static SharedCell<T> CreateOrOpen<T>(SharedMemory memory, long offset) where T : unmanaged
    {
        SharedCell<T>.Create(memory, offset, openExisting: true);
        return new SharedCell<T>(memory, offset);
    }

    /// <summary>Opens a cell that was created before.</summary>
    /// <typeparam name="T">The type that it was created for.</typeparam>
    /// <param name="memory">The segment; opened read-only is enough to read.</param>
    /// <param name="offset">The byte offset.</param>
    /// <exception cref="SharedMemoryFormatException">There is none, or one for another size or other fields.</exception>
    public static SharedCell<T> Open<T>(SharedMemory memory, long offset) where T : unmanaged => new(memory, offset);
}
