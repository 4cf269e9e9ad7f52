namespace Mapwire.Memory.Arenas;

/// <summary>What an offset to a <see cref="MappedList{T}"/> refers to.</summary>
public readonly struct ListHeader;
