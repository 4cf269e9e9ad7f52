namespace Mapwire.Memory.Sharing;

/// <summary>Why a segment, or an object in one, was refused.</summary>
public enum SharedMemoryError
{
    /// <summary>The file is shorter than a segment's header, or does not begin like one.</summary>
    NotASegment,

    /// <summary>The header is of another version of this library.</summary>
    OtherVersion,

    /// <summary>A field of the header is damaged.</summary>
    Damaged,

    /// <summary>The sizes in the header do not fit the file.</summary>
    WrongSize,

    /// <summary>The segment has another layout id or version than asked for.</summary>
    OtherLayout,

    /// <summary>There is no object of this kind at this place, or its parameters make no sense.</summary>
    NoSuchObject,
}

/// <summary>A segment, or an object in one, is not what it should be. Nothing of it was used.</summary>
public sealed class SharedMemoryFormatException : Exception
{
    /// <summary>Creates the exception.</summary>
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

    /// <summary>The kind of fault.</summary>
    public SharedMemoryError Error { get; }

    /// <summary>The segment.</summary>
    public string Name { get; }

    /// <summary>The byte offset in the segment's file at which the fault was found.</summary>
    public long Offset { get; }
}
