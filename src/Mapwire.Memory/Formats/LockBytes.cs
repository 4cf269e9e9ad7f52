namespace Mapwire.Memory.Formats;

/// <summary>The byte offsets whose range locks say which processes have a file of this library open. They lie far behind the end of any
/// file, so that locking them never keeps a program from the file's own bytes. They are the same in all versions of the formats.</summary>
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

    /// <summary>Any file: locked while zeros are appended to it, where the file system cannot set space aside.</summary>
    public const long Lengthening = Life - 1;

    /// <summary>A segment of shared memory: locked while it is created, opened, grown or removed, and while objects in it are
    /// created.</summary>
    public const long SegmentCreation = 1L << 61;

    /// <summary>A segment: a byte for each process slot, locked exclusively by the opening that has the slot.</summary>
    public const long SegmentSlots = SegmentCreation + 1;
}
