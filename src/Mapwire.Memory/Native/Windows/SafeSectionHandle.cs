using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Windows;

/// <summary>A section object (a "file mapping"): needed only until its view exists, which keeps it alive itself.</summary>
internal sealed class SafeSectionHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle() => WindowsCalls.CloseHandle(handle);
}
