using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>An arena that is a file, mapped shared: what is stored is in the system's cache at once, and on the disk when the system
/// finds time. One that is only read is mapped privately, unless it is read beside writers.</summary>
internal sealed class FileSpace : ArenaSpace
{
    private readonly MappedFile _file;
    private readonly MappedRegion _region;
    private readonly FileLocks _locks;
    private readonly FileMutex? _mutex;

    /// <param name="file">The file, which this owns from here on.</param>
    /// <param name="region">All of it that the arena uses, owned too.</param>
    /// <param name="maxLength">How far the region may grow.</param>
    /// <param name="locks">Keeps out openings that do not go with this one; owned too.</param>
    /// <param name="mutex">The lock of those who share the file, owned too; null if they do not.</param>
    /// <param name="isReadOnly">Whether it is opened for reading only.</param>
    public FileSpace(MappedFile file, MappedRegion region, long maxLength, FileLocks locks, FileMutex? mutex, bool isReadOnly)
        : base(file.Path, region.DangerousAddress, region.Length, maxLength)
    {
        _file = file;
        _region = region;
        _locks = locks;
        _mutex = mutex;
        IsReadOnly = isReadOnly;
    }

    public override bool IsShared => _mutex is not null;

    public override bool IsReadOnly { get; }

    public override bool TryLock(TimeSpan timeout, CancellationToken cancellationToken) =>
        _mutex is null || _mutex.TryAcquire(timeout, cancellationToken);

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
        _mutex?.Dispose();
        _region.Dispose();
        _locks.Dispose();
        _file.Dispose();
    }
}
