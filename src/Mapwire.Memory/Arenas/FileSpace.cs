using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>An arena that is a file, mapped shared: what is stored is in the system's cache at once, and on the disk when the system
/// finds time.</summary>
internal sealed class FileSpace : ArenaSpace
{
    private readonly MappedFile _file;
    private readonly MappedRegion _region;
    private readonly RangeLock? _life;
    private readonly SharedMemory? _others;
    private readonly SharedMutex? _mutex;

    /// <param name="file">The file, which this owns from here on.</param>
    /// <param name="region">All of it that the arena uses, owned too.</param>
    /// <param name="maxLength">How far the region may grow.</param>
    /// <param name="life">What keeps others out who do not share it.</param>
    /// <param name="others">Where the mutex is that processes sharing the file meet at; null if they do not.</param>
    public FileSpace(MappedFile file, MappedRegion region, long maxLength, RangeLock? life, SharedMemory? others)
        : base(file.Path, region.DangerousAddress, region.Length, maxLength)
    {
        _file = file;
        _region = region;
        _life = life;
        _others = others;
        _mutex = others is null ? null : SharedMutex.Open(others, 0);
    }

    public override bool IsShared => _mutex is not null;

    public override bool IsReadOnly => _region.IsPrivate;

    public override void Lock() => _mutex?.Acquire(); // what a dead owner left is seen by the undo log

    public override void Unlock() => _mutex?.Release();

    public override void Grow(long length)
    {
        if (length > MaxLength)
        {
            throw Full(length);
        }

        SegmentSpace.Extend(_file, _file.Length, length); // with blocks behind them: a store must not find the disk full
        Follow(length);
    }

    public override void Follow(long length)
    {
        _region.Resize(length);
        Length = length;
    }

    protected override void Close()
    {
        _region.Dispose();
        _others?.Dispose();
        _life?.Dispose();
        _file.Dispose();
    }
}
