namespace Mapwire.Memory;

/// <summary>How a file is opened for mapping. The defaults read an existing file and lock nobody out.</summary>
public sealed class MappedFileOptions
{
    /// <summary>What the regions may do with the file. Default <see cref="FileAccess.Read"/>. A mapping needs to read, so
    /// <see cref="FileAccess.Write"/> alone is refused.</summary>
    public FileAccess Access { get; init; } = FileAccess.Read;

    /// <summary>What others may do meanwhile. Default read, write and delete, as on Unix. Windows enforces it; Unix systems only
    /// between .NET programs, and only where not everything is shared: with reading and writing both shared no lock is held.</summary>
    public FileShare Share { get; init; } = FileShare.ReadWrite | FileShare.Delete;

    /// <summary>Whether regions may be executable. Default false. Windows wants to know it when the file is opened.</summary>
    public bool Execute { get; init; }
}
