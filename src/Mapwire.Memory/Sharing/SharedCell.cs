namespace Mapwire.Memory.Sharing;

/// <summary>Makes and opens cells for the latest value of something.</summary>
public static class SharedCell
{
    /// <summary>Bytes that a cell takes.</summary>
    /// <typeparam name="T">A type without references, at most 64 KiB.</typeparam>
    public static int SizeFor<T>() where T : unmanaged => SharedCell<T>.Bytes;

    /// <summary>Makes a cell without a value.</summary>
    /// <typeparam name="T">A type without references, at most 64 KiB.</typeparam>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="InvalidOperationException">There is something at the place.</exception>
    public static SharedCell<T> Create<T>(SharedMemory memory, long offset) where T : unmanaged
    {
        SharedCell<T>.Make(memory, offset);
        return new SharedCell<T>(memory, offset);
    }

    /// <summary>Opens a cell that was made before.</summary>
    /// <typeparam name="T">The type that it was made for.</typeparam>
    /// <param name="memory">The segment; open for reading only is enough to read.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="SharedMemoryFormatException">There is none, or one for another size.</exception>
    public static SharedCell<T> Open<T>(SharedMemory memory, long offset) where T : unmanaged => new(memory, offset);
}
