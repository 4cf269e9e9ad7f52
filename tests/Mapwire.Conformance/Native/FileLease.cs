using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Conformance.Native;

/// <summary>
/// A write lease on a file (fcntl(2), "Leases"; Linux): whoever opens the file hangs in the kernel until the lease is given back, as with
/// a file system that does not answer, or until the kernel takes it away after 45 s.
/// </summary>
internal sealed partial class FileLease : IDisposable
{
    private const int SetSignal = 10;
    private const int SetLease = 1024;
    private const int WriteLease = 1;

    /// <summary>SIGURG: the only one of those that may tell of somebody waiting that a process ignores by itself.</summary>
    private const int IgnoredSignal = 23;

    private readonly SafeFileHandle _file;

    /// <param name="path">A file that nobody has open.</param>
    public FileLease(string path)
    {
        _file = File.OpenHandle(path);
        Call(SetSignal, IgnoredSignal);
        Call(SetLease, WriteLease);
    }

    /// <summary>Lets those who wait go on.</summary>
    public void Dispose() => _file.Dispose(); // closing gives it back

    private void Call(int command, nint argument)
    {
        if (Fcntl(_file, command, argument) != 0)
        {
            throw new Win32Exception();
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(SafeFileHandle file, int command, nint argument);
}
