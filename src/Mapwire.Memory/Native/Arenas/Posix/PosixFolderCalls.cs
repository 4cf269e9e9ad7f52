using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.Arenas.Posix;

/// <summary>A folder as something to sync: the framework opens none.</summary>
internal static partial class PosixFolderCalls
{
    private const string C = "libc";

    [LibraryImport(C, EntryPoint = "opendir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint Open(string path);

    [LibraryImport(C, EntryPoint = "dirfd", SetLastError = true)]
    public static partial int Descriptor(nint folder);

    [LibraryImport(C, EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(int descriptor);

    [LibraryImport(C, EntryPoint = "closedir", SetLastError = true)]
    public static partial int Close(nint folder);
}
