using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.Linux;

/// <summary><c>struct flock</c> of 64-bit Linux. The process id has to be 0 for locks of an open file description.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinuxLock
{
    public short Kind;
    public short Whence;
    public long Start;
    public long Length;
    public int Process;
}
