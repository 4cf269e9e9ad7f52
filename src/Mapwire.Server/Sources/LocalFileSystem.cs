namespace Mapwire.Server.Sources;

/// <summary>
/// Tells file systems that answer from this machine's memory from those that ask a server, a daemon or nobody knows whom.
/// </summary>
internal static class LocalFileSystem
{
    /// <summary>
    /// Types that wait for the kernel and a disk alone, as the systems name them (statfs(2), proc_pid_mountinfo(5), GetVolumeInformation).
    /// Others, also unknown ones, may wait for a program or a peer.
    /// </summary>
    private static readonly HashSet<string> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        "apfs", "bcachefs", "btrfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "fat", "fat32", "hfs", "hfsplus", "iso9660", "jfs",
        "msdos", "nilfs2", "ntfs", "ntfs3", "overlay", "overlayfs", "ramfs", "refs", "reiserfs", "rootfs", "squashfs", "tmpfs", "udf",
        "vfat", "xfs", "zfs",
    };

    /// <summary>Whether a type of file systems is local.</summary>
    public static bool IsLocal(string type) => Types.Contains(type);

    /// <summary>Whether looking at an open file below a path costs microseconds, always.</summary>
    public static bool Holds(string path)
    {
        try
        {
            DriveInfo drive = new(path);
            return drive.DriveType != DriveType.Network && IsLocal(drive.DriveFormat);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false; // the careful answer
        }
    }
}
