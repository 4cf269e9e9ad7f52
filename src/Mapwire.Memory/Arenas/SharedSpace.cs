using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>An arena that fills a segment of shared memory: first the mutex, on a page of its own, then the arena.</summary>
internal sealed class SharedSpace : ArenaSpace
{
    /// <summary>Where the arena begins in the segment.</summary>
    public const int ArenaAt = 4096;

    private readonly SharedMemory _memory;
    private readonly SharedMutex _mutex;

    public SharedSpace(SharedMemory memory)
        : base(memory.Name, memory.Base + ArenaAt, Whole(memory.Size), Whole(memory.MaxSize))
    {
        _memory = memory;
        _mutex = SharedMutex.Open(memory, 0);
        memory.RequireInside(0, memory.Size); // maps what was added since it was opened
        memory.Use();
    }

    public override bool IsShared => true;

    public override bool TryLock(TimeSpan timeout, CancellationToken cancellationToken) =>
        _mutex.TryAcquire(timeout, cancellationToken) != LockResult.TimedOut; // what a dead owner left is seen by the undo log

    public override void Unlock() => _mutex.Release();

    public override void Grow(long length)
    {
        if (length > MaxLength)
        {
            throw Full(length);
        }

        _memory.Grow(ArenaAt + length);
        Length = length;
    }

    public override void Follow(long length)
    {
        _memory.RequireInside(0, ArenaAt + length);
        Length = length;
    }

    protected override void Close() => _memory.EndUse();

    private static long Whole(long size) => size - ArenaAt;
}
