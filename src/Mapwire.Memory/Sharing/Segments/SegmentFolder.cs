using System.Runtime.Versioning;
using Mapwire.Memory.Native.Sharing;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Sharing;

/// <summary>Where the files behind segments are, and what they are called.</summary>
internal static class SegmentFolder
{
    private const int MaxNameLength = 100;
    private const string Prefix = "segment-"; // no name of a device or of a hidden file begins so
    private const int Exists = 17; // EEXIST
    private const int FileExists = unchecked((int)0x80070050);
    private const int AlreadyExists = unchecked((int)0x800700b7);
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode GroupFile = OwnerFile | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private const UnixFileMode EveryonesFile = GroupFile | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private const UnixFileMode AnyOther = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode AnyGroup = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    /// <exception cref="ArgumentException">The name could mean something to a file system.</exception>
    public static string GetPath(string name, SharedMemoryOptions options, bool create)
    {
        CheckName(name);
        return Path.Combine(GetFolder(options, create), GetPrefix(options) + name);
    }

    public static IEnumerable<(string Name, string Path)> GetFiles(SharedMemoryOptions options)
    {
        string folder = GetFolder(options, create: false), prefix = GetPrefix(options);
        if (!Directory.Exists(folder))
        {
            yield break;
        }

        foreach (string path in Directory.EnumerateFiles(folder, prefix + "*"))
        {
            string name = Path.GetFileName(path)[prefix.Length..];
            if (IsName(name))
            {
                yield return (name, path);
            }
        }
    }

    /// <summary>Creates an empty file with the rights asked for; false if there is one already.</summary>
    /// <remarks>On Linux it gets its name when it has its rights: one that others cannot open must not be left in their way by a process
    /// that dies. Where the file system has no files without a name, two calls are between, and those who open it wait a moment.</remarks>
    public static bool TryCreate(string path, SharedMemoryAccess access)
    {
        if (OperatingSystem.IsLinux() && UnixFile.TryCreateUnnamed(Path.GetDirectoryName(path)!) is SafeFileHandle unnamed)
        {
            using (unnamed)
            {
                FaultPoints.Reach(FaultPoint.FileOpened);
                SetRights(unnamed, access);
                return UnixFile.TryName(unnamed, path);
            }
        }

        FileStreamOptions how = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = OwnerFile; // its rights come when it has its group
        }

        try
        {
            using FileStream file = new(path, how);
            FaultPoints.Reach(FaultPoint.FileOpened);
            if (OperatingSystem.IsWindows())
            {
                // Memory first, the disk if it must. By the handle: the path may be opened by others meanwhile.
                File.SetAttributes(file.SafeFileHandle, FileAttributes.Temporary | FileAttributes.NotContentIndexed);
            }
            else
            {
                SetRights(file.SafeFileHandle, access);
            }

            return true;
        }
        catch (IOException exception) when (exception.HResult is Exists or FileExists or AlreadyExists)
        {
            return false;
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static void SetRights(SafeFileHandle file, SharedMemoryAccess access)
    {
        if (access == SharedMemoryAccess.Group && !UnixFile.IsInGroup(UnixFile.GetState(file).Group))
        {
            UnixFile.SetOwnGroup(file); // before the group gets its rights
        }

        UnixFileMode mode = access switch
        {
            SharedMemoryAccess.Owner => OwnerFile,
            SharedMemoryAccess.Group => GroupFile,
            _ => EveryonesFile,
        };
        if (File.GetUnixFileMode(file) != mode)
        {
            File.SetUnixFileMode(file, mode); // whatever the process' mask is
        }
    }

    /// <summary>Opens a segment's file after checking what it is, and not what its path names now.</summary>
    /// <returns>Null if there is none.</returns>
    /// <exception cref="UnauthorizedAccessException">It is a link or no regular file, or it is not protected as asked for.</exception>
    public static MappedFile? TryOpen(string path, SharedMemoryOptions options)
    {
        MappedFileOptions how = new() { Access = options.ReadOnly ? FileAccess.Read : FileAccess.ReadWrite };
        try
        {
            if (OperatingSystem.IsWindows())
            {
                return MappedFile.Open(path, how);
            }

            using SafeFileHandle? file = UnixFile.TryOpen(path, write: !options.ReadOnly);
            if (file is null)
            {
                return null;
            }

            UnixFileState state = UnixFile.GetState(file);
            if (state.Links == 0)
            {
                return null; // removed since
            }

            if (GetRefusal(state, options.Access) is string reason)
            {
                throw new UnauthorizedAccessException(
                    $"'{path}' is not used for shared memory: {reason}. Delete it, or use another name or the access that it has.");
            }

            if (OperatingSystem.IsLinux())
            {
                return MappedFile.Open($"/proc/self/fd/{file.DangerousGetHandle()}", how); // this very file
            }

            MappedFile opened = MappedFile.Open(path, how);
            UnixFileState now = UnixFile.GetState(opened.Handle);
            if ((now.Device, now.Inode) == (state.Device, state.Inode))
            {
                return opened;
            }

            opened.Dispose();
            return null; // replaced meanwhile
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Whether a file that this process may not open was just created and has not got its rights yet.</summary>
    public static bool IsBeingCreated(string path) =>
        !OperatingSystem.IsWindows() && UnixFile.GetState(path) is { IsRegular: true } && new FileInfo(path) is { Exists: true, Length: 0 };

    /// <summary>Removes a file from the folder. A process that has it open keeps it.</summary>
    /// <returns>False if this user may not: in a sticky folder only a file's owner removes it.</returns>
    public static bool TryRemove(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            // Windows keeps the name of an open file until it is closed; under another name it does not block the name.
            string aside = Path.Combine(Path.GetDirectoryName(path)!, $"removed-{Guid.NewGuid():n}");
            File.Move(path, aside);
            TryDelete(aside);
            return true;
        }

        try
        {
            File.Delete(path);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Windows: deletes what could not be deleted when it was removed, because it was mapped.</summary>
    public static void DeleteRemoved(string folder)
    {
        if (!OperatingSystem.IsWindows() || !Directory.Exists(folder))
        {
            return;
        }

        foreach (string path in Directory.EnumerateFiles(folder, "removed-*"))
        {
            TryDelete(path);
        }
    }

    public static string GetFolder(SharedMemoryOptions options, bool create)
    {
        if (options.Folder is string own)
        {
            return Path.GetFullPath(own);
        }

        if (!Enum.IsDefined(options.Access))
        {
            throw new ArgumentOutOfRangeException(nameof(options), $"Unknown SharedMemoryOptions.Access value {options.Access}.");
        }

        if (OperatingSystem.IsWindows())
        {
            return GetWindowsFolder(options, create);
        }

        string root = OperatingSystem.IsLinux() ? "/dev/shm" : "/private/tmp";
        if (options.Access != SharedMemoryAccess.Owner)
        {
            RequireSharedRoot(root);
            return root;
        }

        string folder = $"{root}/mapwire-{UnixFile.UserId}";
        UnixFileState? found = UnixFile.GetState(folder);
        if (found is null)
        {
            if (!create)
            {
                return folder;
            }

            Directory.CreateDirectory(folder, OwnerOnly);
            found = UnixFile.GetState(folder);
        }

        // A stranger could have made it before us, or a link to elsewhere.
        if (found is not { IsFolder: true, IsTrusted: true } state)
        {
            throw new UnauthorizedAccessException(
                $"'{folder}' is not a folder of this user: remove it, or set SharedMemoryOptions.Folder.");
        }

        if (create && state.Mode != OwnerOnly && state.User == UnixFile.UserId)
        {
            File.SetUnixFileMode(folder, OwnerOnly);
        }

        return folder;
    }

    internal static void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!IsName(name))
        {
            throw new ArgumentException(
                $"'{name}' is no name for shared memory: 1 to {MaxNameLength} of the characters a-z, A-Z, 0-9, '-', '_' and, "
                + "not at the ends, '.'.",
                nameof(name));
        }
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && name[0] != '.' && name[^1] != '.'
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>Files of several users lie in the system's own folder, where only a file's owner can remove or rename it. A folder of
    /// ours in it would belong to the first user who came.</summary>
    [UnsupportedOSPlatform("windows")]
    private static void RequireSharedRoot(string root)
    {
        if (UnixFile.GetState(root) is not { IsFolder: true, IsTrusted: true } state
            || ((state.Mode & OthersWrite) != 0 && (state.Mode & UnixFileMode.StickyBit) == 0))
        {
            throw new UnauthorizedAccessException(
                $"'{root}' is not a sticky folder of the superuser, so strangers could replace files in it: "
                + "set SharedMemoryOptions.Folder.");
        }
    }

    /// <summary>Why a file is not taken for a segment with this access; null if it is.</summary>
    [UnsupportedOSPlatform("windows")]
    private static string? GetRefusal(in UnixFileState state, SharedMemoryAccess access) =>
        !state.IsRegular ? "it is not a regular file"
        : state.Links > 1 ? $"it has {state.Links} hard links"
        : access == SharedMemoryAccess.Everyone ? null
        : (state.Mode & AnyOther) != 0 ? $"all users may open it (mode {Octal(state)}), and SharedMemoryAccess.{access} was asked for"
        : access == SharedMemoryAccess.Group
            ? state.IsTrusted || UnixFile.IsInGroup(state.Group) ? null : $"it belongs to user {state.User} and group {state.Group}"
        : !state.IsTrusted ? $"it belongs to user {state.User}"
        : (state.Mode & AnyGroup) != 0 ? $"its group may open it (mode {Octal(state)}), and SharedMemoryAccess.Owner was asked for"
        : null;

    [UnsupportedOSPlatform("windows")]
    private static string Octal(in UnixFileState state) => Convert.ToString((int)state.Mode, 8);

    /// <summary>In a folder of our own the name is enough; in one that other programs use it says whose the file is.</summary>
    private static string GetPrefix(SharedMemoryOptions options) =>
        options.Folder is null && options.Access != SharedMemoryAccess.Owner && !OperatingSystem.IsWindows() ? "mapwire-" + Prefix : Prefix;

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Still mapped: the next sweep takes it.
        }
    }

    private static string GetWindowsFolder(SharedMemoryOptions options, bool create)
    {
        if (options.Access != SharedMemoryAccess.Owner)
        {
            throw new PlatformNotSupportedException(
                "Windows has no owner, group and others: "
                + "make a folder with the rights that you want and name it in SharedMemoryOptions.Folder.");
        }

        string folder = Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "Mapwire",
            "Shared");
        if (create)
        {
            Directory.CreateDirectory(folder);
        }

        return folder;
    }
}
