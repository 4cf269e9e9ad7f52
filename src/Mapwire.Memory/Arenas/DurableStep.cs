namespace Mapwire.Memory.Arenas;

/// <summary>What was done to a file that has to survive a loss of power; tests replay it in part.</summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">Where bytes were written, or one of the constants for something else.</param>
/// <param name="Bytes">What was written; for a new length its 8 bytes.</param>
internal readonly record struct DurableStep(string Path, long Offset, byte[] Bytes)
{
    public const long Sync = -1;
    public const long Length = -2;
    public const long FolderSync = -3;
    public const long Removal = -4;
}
