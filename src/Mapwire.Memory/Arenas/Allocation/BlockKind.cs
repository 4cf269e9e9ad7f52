namespace Mapwire.Memory.Arenas;

/// <summary>What a block is used for, so that a verifier can follow containers without knowing the program's types.</summary>
internal enum BlockKind
{
    /// <summary>The program's own.</summary>
    Own = 0,

    /// <summary>The header of a <see cref="MappedList{T}"/>.</summary>
    List = 1,

    /// <summary>The header of a <see cref="MappedQueue{T}"/>.</summary>
    Queue = 2,

    /// <summary>The header of a <see cref="MappedDictionary{TKey, TValue}"/>.</summary>
    Dictionary = 3,

    /// <summary>The header of a <see cref="MappedStringDictionary{TValue}"/>.</summary>
    StringDictionary = 4,

    /// <summary>What a container's header refers to.</summary>
    Contents = 5,

    /// <summary>A string of the program's own.</summary>
    String = 6,
}
