using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.Sharing.MacOS;

/// <summary>os_sync_wait_on_address of macOS 14.4, with the flag for memory that processes share.</summary>
internal sealed partial class MacOSWordWait : WordWait
{
    private const uint Shared = 1; // OS_SYNC_WAIT_ON_ADDRESS_SHARED, OS_SYNC_WAKE_BY_ADDRESS_SHARED
    private const uint AbsoluteTime = 32; // OS_CLOCK_MACH_ABSOLUTE_TIME; the timeout itself is relative, in nanoseconds
    private const string System = "libSystem";
    private const int MaxWokenOneByOne = 64;

    public static bool IsThere { get; } =
        OperatingSystem.IsMacOS()
        && NativeLibrary.TryLoad(System, typeof(MacOSWordWait).Assembly, null, out nint library)
        && NativeLibrary.TryGetExport(library, "os_sync_wait_on_address_with_timeout", out _);

    public override void Sleep(nint address, long offset, uint expected, int milliseconds) =>
        _ = WaitOnAddress(address, expected, sizeof(uint), Shared, AbsoluteTime, (ulong)milliseconds * 1_000_000);

    public override void Wake(nint address, long offset, int count)
    {
        if (count > MaxWokenOneByOne)
        {
            _ = WakeAll(address, sizeof(uint), Shared);
        }
        else
        {
            for (int i = 0; i < count && WakeAny(address, sizeof(uint), Shared) == 0; i++) { }
        }
    }

    [LibraryImport(System, EntryPoint = "os_sync_wait_on_address_with_timeout", SetLastError = true)]
    private static partial int WaitOnAddress(nint address, ulong value, nuint size, uint flags, uint clock, ulong nanoseconds);

    [LibraryImport(System, EntryPoint = "os_sync_wake_by_address_any", SetLastError = true)]
    private static partial int WakeAny(nint address, nuint size, uint flags);

    [LibraryImport(System, EntryPoint = "os_sync_wake_by_address_all", SetLastError = true)]
    private static partial int WakeAll(nint address, nuint size, uint flags);
}
