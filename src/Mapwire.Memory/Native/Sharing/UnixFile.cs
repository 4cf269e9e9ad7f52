using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Sharing;

/// <summary>What a file of a Unix system is and whose it is.</summary>
[UnsupportedOSPlatform("windows")]
internal readonly record struct UnixFileState(uint RawMode, uint User, uint Group, uint Links, ulong Device, ulong Inode)
{
    public bool IsRegular => (RawMode & 0xf000) == 0x8000; // S_IFREG

    public bool IsFolder => (RawMode & 0xf000) == 0x4000; // S_IFDIR

    /// <summary>The permission bits, the sticky bit included.</summary>
    public UnixFileMode Mode => (UnixFileMode)(RawMode & 0xfff);

    /// <summary>Whether it belongs to this user or to the superuser, whom everybody has to trust.</summary>
    public bool IsTrusted => User == 0 || User == UnixFile.UserId;
}

/// <summary>Opens files without following links and asks the open file, not its path, what it is: whatever a stranger puts under the
/// name in between is not what was checked.</summary>
[UnsupportedOSPlatform("windows")]
internal static unsafe partial class UnixFile
{
    private const int NoSuchFile = 2; // ENOENT
    private const int NotAFolder = 20; // ENOTDIR
    private const int Interrupted = 4; // EINTR
    private const int AtCurrentFolder = -100; // AT_FDCWD
    private const int NoFollowLink = 0x100; // AT_SYMLINK_NOFOLLOW
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const uint BasicStats = 0x7ff; // STATX_BASIC_STATS
    private const int ReadWrite = 2; // O_RDWR

    /// <summary>O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC. A pipe must not block the open.</summary>
    private static readonly int SafeOpen =
        !OperatingSystem.IsLinux() ? 0x100 | 0x4 | 0x100_0000
        : 0x800 | 0x8_0000
            | (RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm or Architecture.Armv6 ? 0x8000 : 0x2_0000);

    /// <summary>The effective user of this process.</summary>
    public static uint UserId => EffectiveUser();

    /// <summary>Whether this process is in the group, by its effective group or by a supplementary one.</summary>
    public static bool IsInGroup(uint group)
    {
        if (group == EffectiveGroup())
        {
            return true;
        }

        int count = Groups(0, null);
        if (count <= 0)
        {
            return false;
        }

        var groups = new uint[count];
        fixed (uint* first = groups)
        {
            // SAFETY: the call writes at most as many ids as it is told that there is room for.
            count = Groups(count, first);
        }

        return count > 0 && groups.AsSpan(0, count).Contains(group);
    }

    /// <summary>Opens a file, but no link, for reading or for both; null if there is none.</summary>
    public static SafeFileHandle? TryOpen(string path, bool write)
    {
        while (true)
        {
            SafeFileHandle file = Open(path, SafeOpen | (write ? ReadWrite : 0));
            if (!file.IsInvalid)
            {
                return file;
            }

            int error = Marshal.GetLastPInvokeError();
            file.Dispose();
            if (error is NoSuchFile or NotAFolder)
            {
                return null;
            }

            if (error != Interrupted)
            {
                throw IsLink(path)
                    ? new UnauthorizedAccessException($"'{path}' is a symbolic link; shared memory does not follow links.")
                    : SystemError.From($"Opening '{path}'", error, path: path);
            }
        }
    }

    /// <summary>What an open file is.</summary>
    public static UnixFileState GetState(SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux())
        {
            return Statx(file, "", EmptyPath, BasicStats, out LinuxState state) == 0
                ? state.ToState()
                : throw SystemError.From("statx", Marshal.GetLastPInvokeError());
        }

        int result = IsArm64 ? StatArm64(file, out MacOSState other) : StatX64(file, out other);
        return result == 0 ? other.ToState() : throw SystemError.From("fstat", Marshal.GetLastPInvokeError());
    }

    /// <summary>What a path names, a link not followed; null if nothing.</summary>
    public static UnixFileState? GetState(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            return Statx(AtCurrentFolder, path, NoFollowLink, BasicStats, out LinuxState state) == 0 ? state.ToState() : null;
        }

        int result = IsArm64 ? LinkStatArm64(path, out MacOSState other) : LinkStatX64(path, out other);
        return result == 0 ? other.ToState() : null;
    }

    /// <summary>Gives a file to the effective group of this process (a new file has its folder's on macOS).</summary>
    public static void SetOwnGroup(SafeFileHandle file) => _ = ChangeOwner(file, uint.MaxValue, EffectiveGroup());

    private static bool IsArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    private static bool IsLink(string path) => GetState(path) is { } state && (state.RawMode & 0xf000) == 0xa000;

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "getegid")]
    private static partial uint EffectiveGroup();

    [LibraryImport("libc", EntryPoint = "getgroups", SetLastError = true)]
    private static partial int Groups(int size, uint* groups);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);

    // Without O_CREAT there is no variadic argument.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle folder, string path, int flags, uint mask, out LinuxState state);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, out LinuxState state);

    // On x64 the plain names are the calls of 2006 with 32-bit inode numbers.
    [LibraryImport("libSystem", EntryPoint = "fstat", SetLastError = true)]
    private static partial int StatArm64(SafeFileHandle file, out MacOSState state);

    [LibraryImport("libSystem", EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static partial int StatX64(SafeFileHandle file, out MacOSState state);

    [LibraryImport("libSystem", EntryPoint = "lstat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkStatArm64(string path, out MacOSState state);

    [LibraryImport("libSystem", EntryPoint = "lstat$INODE64", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkStatX64(string path, out MacOSState state);

    /// <summary><c>struct statx</c>; fields not used here are left out.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct LinuxState
    {
        [FieldOffset(0x10)] public uint Links;
        [FieldOffset(0x14)] public uint User;
        [FieldOffset(0x18)] public uint Group;
        [FieldOffset(0x1c)] public ushort Mode;
        [FieldOffset(0x20)] public ulong Inode;
        [FieldOffset(0x88)] public uint DeviceMajor;
        [FieldOffset(0x8c)] public uint DeviceMinor;

        public readonly UnixFileState ToState() =>
            new(Mode, User, Group, Links, (ulong)DeviceMajor << 32 | DeviceMinor, Inode);
    }

    /// <summary><c>struct stat</c> of macOS with 64-bit inode numbers; fields not used here are left out.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 144)]
    private struct MacOSState
    {
        [FieldOffset(0)] public int Device;
        [FieldOffset(4)] public ushort Mode;
        [FieldOffset(6)] public ushort Links;
        [FieldOffset(8)] public ulong Inode;
        [FieldOffset(16)] public uint User;
        [FieldOffset(20)] public uint Group;

        public readonly UnixFileState ToState() => new(Mode, User, Group, Links, (ulong)Device, Inode);
    }
}
