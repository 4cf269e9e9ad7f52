namespace Mapwire.Memory.Native;

/// <summary>What kind of thing a path or handle names.</summary>
internal enum FileKind
{
    Regular,
    Directory,
    Device,

    /// <summary>A pipe or socket: nothing to map, and opening a pipe would wait for its other end.</summary>
    Stream,
}

/// <summary>One answer of the system about a file.</summary>
internal readonly record struct FileStatus(FileIdentity Identity, FileKind Kind);
