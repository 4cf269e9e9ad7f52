using System.Runtime.CompilerServices;

namespace Mapwire.Memory.Sharing;

/// <summary>Marks the calls of one object that change shared memory by plain stores. After the slot is left, others may have taken over
/// what such a call changes, and its late stores would destroy theirs: <see cref="SharedMemory.Dispose"/> leaves the slot when no call
/// is between entering and leaving. Words that change by compare-exchange from the own token need no gate.</summary>
/// <remarks>Entering is a store and then a load that the processor may exchange; Dispose makes up for that by a barrier on all
/// processors. No user code runs inside, so that a call never waits for itself.</remarks>
internal sealed class StoreGate
{
    private readonly SharedMemory _memory;
    private int _calls;

    public StoreGate(SharedMemory memory)
    {
        _memory = memory;
        memory.Stores.Add(this);
    }

    public bool IsEntered => Volatile.Read(ref _calls) != 0;

    /// <summary>Enters an object that is used by one thread at a time; <see cref="Leave"/> ends it.</summary>
    /// <returns>False if the segment is disposed.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnter()
    {
        Volatile.Write(ref _calls, 1);
        if (!_memory.IsDisposed)
        {
            return true;
        }

        Leave();
        return false;
    }

    /// <summary>As <see cref="TryEnter"/>.</summary>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter()
    {
        if (!TryEnter())
        {
            _memory.ThrowIfDisposed();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Leave() => Volatile.Write(ref _calls, 0);

    /// <summary>Enters an object that many threads use at a time; <see cref="LeaveShared"/> ends it.</summary>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void EnterShared()
    {
        Interlocked.Increment(ref _calls);
        if (_memory.IsDisposed)
        {
            LeaveShared();
            _memory.ThrowIfDisposed();
        }
    }

    public void LeaveShared() => Interlocked.Decrement(ref _calls);
}

/// <summary>The gates of one opening of a segment.</summary>
internal sealed class StoreGates
{
    private readonly List<WeakReference<StoreGate>> _gates = []; // weak: objects come and go while the segment is open
    private int _limit = 16;

    public void Add(StoreGate gate)
    {
        lock (_gates)
        {
            if (_gates.Count == _limit)
            {
                _gates.RemoveAll(static gate => !gate.TryGetTarget(out _));
                _limit = Math.Max(16, _gates.Count * 2);
            }

            _gates.Add(new WeakReference<StoreGate>(gate));
        }
    }

    /// <summary>Whether a call is inside a gate. Once the segment says that it is disposed, none enters any more.</summary>
    public bool AnyEntered()
    {
        lock (_gates)
        {
            return _gates.Exists(static gate => gate.TryGetTarget(out StoreGate? target) && target.IsEntered);
        }
    }
}
