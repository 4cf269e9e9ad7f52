namespace Mapwire.Memory.Arenas;

/// <summary>The used blocks of one kind.</summary>
/// <param name="Kind">"own" (the program's), "list", "queue", "dictionary", "string dictionary", "contents" (of containers) or
/// "string".</param>
/// <param name="Blocks">How many.</param>
/// <param name="Bytes">Their bytes, with the 8 of each block itself.</param>
public readonly record struct BlockUse(string Kind, long Blocks, long Bytes);
