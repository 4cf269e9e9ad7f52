namespace Mapwire.Memory.Arenas;

/// <summary>Why an arena, or something in one, was refused.</summary>
public enum ArenaError
{
    /// <summary>The bytes are too few for an arena, or do not begin like one.</summary>
    NotAnArena,

    /// <summary>The header is of another version of this library.</summary>
    OtherVersion,

    /// <summary>Something in the arena is not what it can be.</summary>
    Damaged,

    /// <summary>The sizes in the header do not fit the bytes that are there: a file that was cut.</summary>
    WrongSize,

    /// <summary>The arena, its root or a container in it has another layout than asked for.</summary>
    OtherLayout,

    /// <summary>A process died in the middle of a change, and the memory is not writable to undo it.</summary>
    Unfinished,

    /// <summary>The log that holds its last commits is not beside it.</summary>
    LogMissing,
}

/// <summary>An arena, or something in one, is not what it should be. Nothing was changed because of it.</summary>
public sealed class ArenaFormatException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="error">Why.</param>
    /// <param name="name">The arena.</param>
    /// <param name="offset">Where in the arena, in bytes from its base.</param>
    /// <param name="message">What was found, as a clause.</param>
    public ArenaFormatException(ArenaError error, string name, long offset, string message)
        : base($"Arena '{name}', byte {offset}: {message}.")
    {
        Error = error;
        Name = name;
        Offset = offset;
    }

    /// <summary>Why.</summary>
    public ArenaError Error { get; }

    /// <summary>The arena: its path, or what it was made over.</summary>
    public string Name { get; }

    /// <summary>The byte offset in the arena at which the fault was found.</summary>
    public long Offset { get; }
}
