namespace Mapwire.Memory.Arenas;

/// <summary>What an offset to a <see cref="MappedDictionary{TKey, TValue}"/> refers to.</summary>
public readonly struct DictionaryHeader;
