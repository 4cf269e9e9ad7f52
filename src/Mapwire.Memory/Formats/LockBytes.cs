namespace Mapwire.Memory.Formats;

/// <summary>The byte offsets whose range locks say who has a file of this library open. They lie far behind the end of any file, so that
/// locking them never keeps anybody from the file's own bytes.</summary>
internal static class LockBytes
{
    /// <summary>
    /// An arena or a durable cell: locked as long as it is open, exclusively by a sole user, shared by sharers and readers.
    /// </summary>
    public const long Life = 1L << 60;

    /// <summary>An arena: locked while it is created or opened.</summary>
    public const long Opening = Life + 1;

    /// <summary>An arena: a byte for each participant slot, locked exclusively by the process that has the slot. A reader that must not
    /// meet writers locks all of them shared.</summary>
    public const long Participants = Life + 16;
}
