namespace Mapwire.Memory.Arenas;

/// <summary>The blocks of one size class. Sizes are bytes with the 8 of each block itself.</summary>
/// <param name="SmallestBlock">The smallest block of the class; the largest is less than the next class' smallest.</param>
/// <param name="UsedBlocks">Blocks in use.</param>
/// <param name="UsedBytes">Bytes of these.</param>
/// <param name="FreeBlocks">Blocks in the free list.</param>
/// <param name="FreeBytes">Bytes of these.</param>
public readonly record struct SizeClassUse(long SmallestBlock, long UsedBlocks, long UsedBytes, long FreeBlocks, long FreeBytes);
