namespace Mapwire.Memory.Sharing;

/// <summary>Whose processes may open a segment. It also says where the segment is looked for: one for the owner alone is in a
/// folder of his own, where nobody else can put anything.</summary>
public enum SharedMemoryAccess
{
    /// <summary>Processes of the same user. The default.</summary>
    Owner = 0,

    /// <summary>Processes of the same user and of users in his primary group.</summary>
    Group = 1,

    /// <summary>All processes of the machine.</summary>
    Everyone = 2,
}
