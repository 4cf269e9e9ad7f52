namespace Mapwire.Memory.Arenas;

/// <summary>What an offset to a <see cref="MappedQueue{T}"/> refers to.</summary>
public readonly struct QueueHeader;
