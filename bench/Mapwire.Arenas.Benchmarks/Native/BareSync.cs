using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Arenas.Benchmarks.Native;

/// <summary>What a durable write costs at least.</summary>
internal static unsafe partial class BareSync
{
    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, void* bytes, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int Sync(SafeFileHandle file);

    public static void WriteAndSync(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        // SAFETY: pinned for the time of the call.
        fixed (byte* start = bytes)
        {
            if (Write(file, start, (nuint)bytes.Length, offset) != bytes.Length || Sync(file) != 0)
            {
                throw new IOException("pwrite or fdatasync failed.");
            }
        }
    }
}
