using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Linux;

/// <summary>What is known of the file systems by their magic numbers (linux/magic.h).</summary>
internal static class LinuxFileSystem
{
    private const long EXT4_SUPER_MAGIC = 0xef53; // and ext2, ext3
    private const long XFS_SUPER_MAGIC = 0x58465342;
    private const long BTRFS_SUPER_MAGIC = 0x9123683e;
    private const long TMPFS_MAGIC = 0x01021994;
    private const long F2FS_SUPER_MAGIC = 0xf2f52010;
    private const long OVERLAYFS_SUPER_MAGIC = 0x794c7630;
    private const long EROFS_SUPER_MAGIC_V1 = 0xe0f5e1e2;
    private const long SQUASHFS_MAGIC = 0x73717368;

    /// <summary>Whether reads and mappings are served by one page cache. Of a FUSE, 9p or CIFS file nothing is known: a mount without
    /// cache reads past the pages that are mapped.</summary>
    public static bool HasOneCache(SafeFileHandle file) =>
        LinuxCalls.StatFileSystem(file, out StatfsBuffer status) == 0 && (status.Type & 0xffffffff) is EXT4_SUPER_MAGIC or XFS_SUPER_MAGIC
            or BTRFS_SUPER_MAGIC or TMPFS_MAGIC or F2FS_SUPER_MAGIC or OVERLAYFS_SUPER_MAGIC or EROFS_SUPER_MAGIC_V1 or SQUASHFS_MAGIC;
}
