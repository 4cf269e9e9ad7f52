using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Where the files behind segments are, and what they are called.</summary>
internal static class SegmentFolder
{
    private const int LongestName = 100;
    private const string Prefix = "segment-"; // no name of a device or of a hidden file begins so
    private const int Exists = 17; // EEXIST
    private const int FileExists = unchecked((int)0x80070050);
    private const int AlreadyExists = unchecked((int)0x800700b7);
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const UnixFileMode Sticky = (UnixFileMode)0x1ff | UnixFileMode.StickyBit; // as /tmp: nobody removes what is another's

    /// <exception cref="ArgumentException">The name could mean something to a file system.</exception>
    public static string FileOf(string name, SharedMemoryOptions options, bool make)
    {
        CheckName(name);
        return Path.Combine(Of(options, make), Prefix + name);
    }

    public static IEnumerable<(string Name, string Path)> Files(SharedMemoryOptions options)
    {
        string folder = Of(options, make: false);
        if (!Directory.Exists(folder))
        {
            yield break;
        }

        foreach (string path in Directory.EnumerateFiles(folder, Prefix + "*"))
        {
            string name = Path.GetFileName(path)[Prefix.Length..];
            if (IsName(name))
            {
                yield return (name, path);
            }
        }
    }

    /// <summary>Makes an empty file with the rights asked for; false if there is one already.</summary>
    public static bool TryMake(string path, SharedMemoryAccess access)
    {
        FileStreamOptions how = new()
        {
            Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0,
        };
        UnixFileMode mode = access switch
        {
            SharedMemoryAccess.Owner => UnixFileMode.UserRead | UnixFileMode.UserWrite,
            SharedMemoryAccess.Group => (UnixFileMode)0x1b0,
            _ => (UnixFileMode)0x1b6,
        };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = mode;
        }

        try
        {
            using FileStream file = new(path, how);
            if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(file.SafeFileHandle) != mode)
            {
                File.SetUnixFileMode(file.SafeFileHandle, mode); // what the process' mask took away
            }

            return true;
        }
        catch (IOException failure) when (failure.HResult is Exists or FileExists or AlreadyExists)
        {
            return false;
        }
    }

    /// <summary>Removes a file from the folder. Whoever has it open keeps it.</summary>
    public static void Remove(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            // Windows keeps the name of an open file until it is closed; under another name it is in nobody's way.
            string aside = Path.Combine(Path.GetDirectoryName(path)!, $"removed-{Guid.NewGuid():n}");
            File.Move(path, aside);
            path = aside;
        }

        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (OperatingSystem.IsWindows() && failure is IOException or UnauthorizedAccessException)
        {
            // Somebody still maps it: the next sweep takes it.
        }
    }

    /// <summary>Windows: deletes what could not be deleted when it was removed.</summary>
    public static void Sweep(SharedMemoryOptions options)
    {
        string folder = Of(options, make: false);
        if (!OperatingSystem.IsWindows() || !Directory.Exists(folder))
        {
            return;
        }

        foreach (string path in Directory.EnumerateFiles(folder, "removed-*"))
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Still mapped.
            }
        }
    }

    internal static void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!IsName(name))
        {
            throw new ArgumentException(
                $"'{name}' is no name for shared memory: 1 to {LongestName} of the characters a-z, A-Z, 0-9, '-', '_' and, not at the ends, '.'.",
                nameof(name));
        }
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name[0] != '.' && name[^1] != '.'
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static string Of(SharedMemoryOptions options, bool make)
    {
        if (options.Folder is string own)
        {
            return Path.GetFullPath(own);
        }

        if (!Enum.IsDefined(options.Access))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Access, "Not an access right.");
        }

        if (OperatingSystem.IsWindows())
        {
            return OnWindows(options, make);
        }

        string root = OperatingSystem.IsLinux() ? "/dev/shm" : "/tmp";
        bool alone = options.Access == SharedMemoryAccess.Owner;
        string folder = alone ? $"{root}/mapwire-{UnixUser.Id}" : $"{root}/mapwire";
        if (make && !Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder, alone ? OwnerOnly : Sticky);
            if (!alone)
            {
                File.SetUnixFileMode(folder, Sticky);
            }
        }

        // A stranger could have made it before us, or a link to elsewhere.
        if (Directory.Exists(folder) && (alone ? !UnixUser.OwnsFolder(folder) : new DirectoryInfo(folder).LinkTarget is not null))
        {
            throw new UnauthorizedAccessException($"'{folder}' is not a folder of this user; shared memory is not put into it.");
        }

        if (make && alone && File.GetUnixFileMode(folder) != OwnerOnly)
        {
            File.SetUnixFileMode(folder, OwnerOnly);
        }

        return folder;
    }

    private static string OnWindows(SharedMemoryOptions options, bool make)
    {
        if (options.Access != SharedMemoryAccess.Owner)
        {
            throw new PlatformNotSupportedException(
                "Windows knows no owner, group and others: make a folder with the rights that you want and name it in SharedMemoryOptions.Folder.");
        }

        string folder = Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "Mapwire", "Shared");
        if (make)
        {
            Directory.CreateDirectory(folder);
        }

        return folder;
    }
}
