namespace Mapwire.Fuzzing;

/// <summary>One input.</summary>
/// <param name="Kind">What it is given to: a word that its subject knows, without a hyphen.</param>
/// <param name="Bytes">The input itself; nobody changes them.</param>
public readonly record struct FuzzCase(string Kind, byte[] Bytes);
