namespace Mapwire.Memory.Sharing;

/// <summary>The users whose processes may open a segment. It also says where the segment is: one for the owner is in a folder that only
/// this user can open, others are in the system's folder for shared memory. A file with more rights than these, of a stranger, or that is a
/// link is refused.</summary>
public enum SharedMemoryAccess
{
    /// <summary>Processes of the same user. The default.</summary>
    Owner = 0,

    /// <summary>Processes of the same user and of users in its primary group.</summary>
    Group = 1,

    /// <summary>All processes of the machine: any of them can also damage the segment or shorten its file.</summary>
    Everyone = 2,
}
