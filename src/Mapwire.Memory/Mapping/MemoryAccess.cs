namespace Mapwire.Memory;

/// <summary>What a program may do with the pages of a region.</summary>
[Flags]
public enum MemoryAccess
{
    /// <summary>Nothing: every touch faults.</summary>
    None = 0,

    /// <summary>Loads.</summary>
    Read = 1,

    /// <summary>Stores. No system offers stores without loads, so <see cref="Read"/> comes with it.</summary>
    Write = 2,

    /// <summary>Instruction fetches.</summary>
    Execute = 4,

    /// <summary>Loads and stores.</summary>
    ReadWrite = Read | Write,
}
