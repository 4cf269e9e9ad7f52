namespace Mapwire.Memory;

/// <summary>Options for opening a file for mapping. The defaults read an existing file and lock no other program out.</summary>
public sealed class MappedFileOptions
{
    /// <summary>The access that regions have to the file. Default <see cref="FileAccess.Read"/>. A mapping needs to read, so
    /// <see cref="FileAccess.Write"/> alone is refused.</summary>
    public FileAccess Access { get; init; } = FileAccess.Read;

    /// <summary>The access that other programs may have meanwhile. Default read, write and delete, as on Unix. Windows enforces it; Unix
    /// systems only between .NET programs, and only where not everything is shared: with reading and writing both shared no lock is
    /// held.</summary>
    public FileShare Share { get; init; } = FileShare.ReadWrite | FileShare.Delete;

    /// <summary>Whether regions may be executable. Default false. Windows wants to know it when the file is opened.</summary>
    public bool Execute { get; init; }

    /// <summary>Whether <see cref="MappedFile.Create"/> and <see cref="MappedRegion.Resize"/> set aside disk space for every byte.
    /// Default true: a full disk is then an <see cref="IOException"/> of that call, where a store into a hole would end the process.
    /// False leaves holes, for files that are longer than what is ever written to them.</summary>
    public bool Preallocate { get; init; } = true;

    /// <summary>The permissions of a file that <see cref="MappedFile.Create"/> makes, before the process's umask. Null, the default:
    /// read and write for all, which the umask usually narrows. Ignored on Windows and for a file that is there.</summary>
    public UnixFileMode? UnixCreateMode { get; init; }
}
