using Mapwire.Memory.Native.Arenas;

namespace Mapwire.Memory.Arenas;

/// <summary>A change of an arena that is made whole or not at all. Changes may nest: an inner one is undone by itself, and stays when
/// the outermost one is completed.</summary>
/// <remarks>Undone is what was done by <see cref="Edit{T}"/>, by allocating and freeing, and by containers; not what was stored through
/// references from elsewhere. It holds the arena all the time. At most 20 KiB of old bytes can be recorded and 64 blocks freed.</remarks>
public ref struct ArenaChange : IDisposable
{
    private readonly Arena? _arena; // none in default(ArenaChange), which is no change
    private readonly ChangeStart _start;
    private bool _complete;

    internal ArenaChange(Arena arena, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        _start = arena.Transactions.EnterChange(timeout, cancellationToken);
        _arena = arena;
    }

    /// <summary>A value in place, to write: its present bytes are recorded first.</summary>
    /// <typeparam name="T">What is there; at most 8 KiB.</typeparam>
    /// <param name="offset">Where.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is null or not inside the arena.</exception>
    /// <exception cref="InvalidOperationException">The change is too large to be recorded.</exception>
    public readonly ref T Edit<T>(Offset<T> offset) where T : unmanaged
    {
        _ = _arena!.Get(offset);
        _arena.Undo.Save(offset.Value, ArenaMemory.SizeOf<T>());
        return ref _arena.Space.At<T>(offset.Value);
    }

    /// <summary>Decides that the change stays, all of it, once this is disposed of.</summary>
    public void Complete() => _complete = true;

    /// <summary>Ends the change: it stays if it was completed, and is undone if not. Once: a second call, or one of a copy,
    /// does nothing.</summary>
    /// <exception cref="ObjectDisposedException">It was completed, but this thread has disposed of the arena meanwhile: the next opening
    /// undoes it.</exception>
    public readonly void Dispose() => _arena?.Transactions.ExitChange(_start, _complete);
}
