namespace Mapwire.Memory.Arenas;

/// <summary>Makes and opens durable cells.</summary>
public static class DurableCell
{
    /// <summary>Opens a cell in a file of its own, made if it is not there.</summary>
    /// <typeparam name="T">A type without references, pointers or automatic layout, at most 64 KiB.</typeparam>
    /// <param name="path">The file.</param>
    /// <exception cref="ArgumentException">The type cannot be kept; the message says why.</exception>
    /// <exception cref="ArenaFormatException">The file has something else in it, or a value of another layout.</exception>
    /// <exception cref="IOException">It is open elsewhere, or the device is full or fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The system does not allow it.</exception>
    public static DurableCell<T> CreateOrOpen<T>(string path) where T : unmanaged => new(path);
}
