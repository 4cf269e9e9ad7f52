namespace Mapwire.Memory.Arenas;

/// <summary>Where the key of an entry is in the text of a <see cref="MappedStringDictionary{TValue}"/>.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct TextKey(uint Start, uint Length);
