using Microsoft.Win32.SafeHandles;

namespace Mapwire.Server.Loop;

/// <summary>Owns a descriptor that is neither a file nor a socket to .NET (epoll, eventfd, kqueue).</summary>
internal sealed partial class SystemHandle : SafeHandleMinusOneIsInvalid
{
    public SystemHandle(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    protected override bool ReleaseHandle() => Close((int)handle) == 0;

    [System.Runtime.InteropServices.LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
