namespace Mapwire.Memory.Arenas;

/// <summary>What an offset to a <see cref="MappedStringDictionary{TValue}"/> refers to.</summary>
public readonly struct StringDictionaryHeader;
