namespace Mapwire.Memory.Sharing;

/// <summary>A segment, or an object in one, is not what it should be. Nothing of it was used.</summary>
public sealed class SharedMemoryFormatException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="error">Why.</param>
    /// <param name="name">The segment.</param>
    /// <param name="offset">Where in the segment's file, in bytes.</param>
    /// <param name="message">What was found, as a clause.</param>
    public SharedMemoryFormatException(SharedMemoryError error, string name, long offset, string message)
        : base($"Shared memory '{name}', byte {offset}: {message}.")
    {
        Error = error;
        Name = name;
        Offset = offset;
    }

    /// <summary>Why.</summary>
    public SharedMemoryError Error { get; }

    /// <summary>The segment.</summary>
    public string Name { get; }

    /// <summary>Where in the segment's file, in bytes.</summary>
    public long Offset { get; }
}
