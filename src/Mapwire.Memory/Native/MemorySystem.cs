using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native;

/// <summary>What one operating system does for this library. Addresses and lengths come checked, in whole pages where said so.</summary>
internal abstract class MemorySystem
{
    private static readonly MemorySystem? Known = Choose();

    public static MemorySystem Current =>
        Known ?? throw new PlatformNotSupportedException("Mapwire.Memory runs in 64-bit processes on Linux, Windows and macOS.");

    public int PageSize { get; } = Environment.SystemPageSize;

    public abstract int Granularity { get; }

    /// <summary>The reason why this system cannot do it, or null.</summary>
    public abstract string? WhyNot(MemoryCapability capability);

    /// <summary>Opens a file as asked; the caller has looked at what it is.</summary>
    public virtual SafeFileHandle Open(string path, FileMode mode, FileAccess access, FileShare share, bool execute) =>
        File.OpenHandle(path, mode, access, share);

    /// <exception cref="IOException">The system refuses to tell.</exception>
    public abstract FileStatus Stat(SafeFileHandle file);

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public abstract FileStatus Stat(string path);

    /// <param name="file">The file, or null for anonymous memory.</param>
    /// <param name="request">What to map; its address, if any, replaces nothing.</param>
    public abstract SafePages Map(SafeFileHandle? file, in MapRequest request);

    /// <summary>Copies out of pages that may be gone; false if one is.</summary>
    public abstract bool TryRead(nint address, Span<byte> destination);

    /// <param name="address">The start of a page.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="advice">One that this system knows.</param>
    public abstract void Advise(nint address, long length, MemoryAdvice advice);

    private static MemorySystem? Choose() =>
        !Environment.Is64BitProcess ? null
        : OperatingSystem.IsLinux() ? new Linux.LinuxMemory()
        : OperatingSystem.IsWindows() ? new Windows.WindowsMemory()
        : OperatingSystem.IsMacOS() ? new MacOS.MacOSMemory()
        : null;
}
