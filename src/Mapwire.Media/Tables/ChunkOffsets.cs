namespace Mapwire.Media.Tables;

/// <summary>Where every chunk begins, in 32 bits a chunk where that is enough.</summary>
internal readonly struct ChunkOffsets
{
    private readonly uint[]? _narrow;
    private readonly long[]? _wide;

    internal ChunkOffsets(uint[] offsets) => _narrow = offsets;

    internal ChunkOffsets(long[] offsets) => _wide = offsets;

    internal int Count => _narrow?.Length ?? _wide?.Length ?? 0;

    internal long this[int chunk] => _narrow is not null ? _narrow[chunk] : _wide![chunk];
}
