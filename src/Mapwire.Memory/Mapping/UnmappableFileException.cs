namespace Mapwire.Memory;

/// <summary>
/// What a path leads to has no bytes to map: a pipe, a socket or a folder. Unlike with other faults of input and output, trying again is
/// of no use.
/// </summary>
public sealed class UnmappableFileException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Names the path and what it is.</param>
    public UnmappableFileException(string message)
        : base(message)
    {
    }
}
