using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Mapwire.Memory.Native.Linux;

namespace Mapwire.Memory.Native.Sharing;

/// <summary>Who runs this process, and whose a folder is.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class UnixUser
{
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW

    public static uint Id => EffectiveUser();

    /// <summary>Whether the path is a folder, no link, and belongs to this user or the superuser.</summary>
    public static bool OwnsFolder(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null; // chmod, which follows, fails on others' folders
        }

        return LinuxCalls.Statx(LinuxCalls.AtCurrentFolder, path, NoFollow, LinuxCalls.StatxBasic, out StatxBuffer status) == 0
            && (status.Mode & 0xf000) == 0x4000 && (status.User == Id || status.User == 0);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
