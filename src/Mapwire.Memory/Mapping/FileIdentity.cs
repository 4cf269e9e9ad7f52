namespace Mapwire.Memory;

/// <summary>Which file this is and which state of it: two equal values name the same bytes as far as the system can tell.</summary>
/// <param name="Device">The volume: device number on Unix, volume serial number on Windows.</param>
/// <param name="FileId">The file on that volume: inode number on Unix, 128-bit file id (NTFS, ReFS) on Windows.</param>
/// <param name="Length">Length in bytes; 0 for a device.</param>
/// <param name="LastWriteTicks">Last modification in units of 100 ns since 0001-01-01 UTC (<see cref="DateTime.Ticks"/>).
/// A store through a mapping moves it only when the system writes the page back.</param>
public readonly record struct FileIdentity(ulong Device, UInt128 FileId, long Length, long LastWriteTicks)
{
    /// <summary>Whether both values name the same file, whatever was written to it in between.</summary>
    /// <param name="other">The other value.</param>
    public bool IsSameFile(FileIdentity other) => Device == other.Device && FileId == other.FileId;
}
