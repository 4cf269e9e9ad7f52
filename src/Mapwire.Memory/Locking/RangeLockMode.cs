namespace Mapwire.Memory;

/// <summary>Who may hold a byte range at the same time.</summary>
public enum RangeLockMode
{
    /// <summary>Any number of shared holders, and no exclusive one.</summary>
    Shared = 0,

    /// <summary>One holder alone. The file has to be open for writing.</summary>
    Exclusive = 1,
}
