namespace Mapwire.Server.Sources;

/// <summary>
/// Tells file systems that answer from this machine's memory from those that ask a server, a daemon or nobody knows whom.
/// </summary>
internal static class LocalFileSystem
{
    /// <summary>Their names as the system has them (statfs(2), GetVolumeInformation).</summary>
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "f2fs", "zfs", "jfs", "reiserfs", "overlay", "overlayfs", "squashfs",
            "bcachefs", "vfat",
        "msdos", "exfat", "iso9660", "udf", "apfs", "hfs", "ntfs", "refs", "fat32", "fat",
    };

    /// <summary>Whether looking at an open file below a path costs microseconds, always.</summary>
    public static bool Holds(string path)
    {
        try
        {
            DriveInfo drive = new(path);
            return drive.DriveType != DriveType.Network && Names.Contains(drive.DriveFormat);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false; // the careful answer
        }
    }
}
