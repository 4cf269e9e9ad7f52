namespace Mapwire.Memory.Arenas;

/// <summary>An arena, or something in one, is not what it should be. Nothing was changed because of it.</summary>
public sealed class ArenaFormatException : Exception
{
    /// <summary>Makes the exception.</summary>
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

    /// <summary>Where in the arena, in bytes from its base.</summary>
    public long Offset { get; }
}
