using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Arenas.Linux;

/// <summary>What Linux has for durable writes that the framework does not offer.</summary>
internal static partial class LinuxArenaCalls
{
    /// <summary>Bytes, and of the metadata only what is needed to find them: no journal entry for the time of the write.</summary>
    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int SyncData(SafeFileHandle file);
}
