using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.MacOS;

/// <summary><c>struct flock</c> of macOS.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MacOSLock
{
    public long Start;
    public long Length;
    public int Process;
    public short Kind;
    public short Whence;
}
