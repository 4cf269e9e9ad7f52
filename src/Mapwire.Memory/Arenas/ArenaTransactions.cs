using System.Diagnostics;
using Mapwire.Memory.Native.Arenas;

namespace Mapwire.Memory.Arenas;

/// <summary>The lock of an arena among threads and processes, and its changes, which are made whole or not at all.</summary>
internal sealed class ArenaTransactions
{
    private static readonly TimeSpan CancellationPoll = TimeSpan.FromMilliseconds(25); // a Lock cannot be waited for with a token

    private readonly ArenaSpace _space;
    private readonly Lock _threads = new();
    private readonly List<long> _frees = []; // of the change under way
    private readonly List<long> _scopes = []; // those that have not ended; only looked at by the thread that has entered
    private long _lastScope;
    private int _depth;
    private int _changes;

    public ArenaTransactions(ArenaSpace space)
    {
        _space = space;
        Undo = new UndoLog(space);
        Heap = new Heap(space, Undo);
    }

    public UndoLog Undo { get; }

    public Heap Heap { get; }

    /// <summary>Whether a change is under way.</summary>
    public bool IsChanging => _changes > 0;

    /// <summary>
    /// Whether the change under way is inside another: what it does may have to be undone together with what went before.
    /// </summary>
    public bool IsNested => _changes > 1;

    /// <summary>Keeps all others out, and waits for them as long as it takes. A thread may enter again.</summary>
    /// <exception cref="ObjectDisposedException">The arena is disposed of.</exception>
    public void Enter() => Enter(null, default);

    /// <summary>Keeps all others out. A thread may enter again.</summary>
    /// <param name="timeout">How long to wait for the others at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">The time was up.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The arena is disposed of.</exception>
    public void Enter(TimeSpan? timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Deadline deadline = new(timeout);
        EnterThreads(deadline, cancellationToken);
        if (_depth++ > 0 && _space.Length != 0) // it may have been disposed of inside: nothing maps it again
        {
            return;
        }

        bool locked = false;
        try
        {
            ObjectDisposedException.ThrowIf(_space.Length == 0, typeof(Arena));
            locked = _space.TryLock(deadline.Left, cancellationToken);
            if (!locked)
            {
                throw deadline.Passed(_space.Name);
            }

            if (_space.Word(ArenaHeader.SizeAt) > (ulong)_space.Length)
            {
                FollowGrowth();
            }

            if (_space.Word(ArenaHeader.StateAt) != 0)
            {
                Recover();
            }
        }
        catch
        {
            if (locked)
            {
                _space.Unlock();
            }

            _depth--;
            _threads.Exit();
            throw;
        }
    }

    /// <summary>Lets others in, if it was entered once.</summary>
    public void Exit()
    {
        if (--_depth == 0 && _space.Length != 0)
        {
            _space.Unlock();
        }

        _threads.Exit();
    }

    /// <summary>As <see cref="Enter(TimeSpan?, CancellationToken)"/>; <see cref="ExitScope"/> ends it, if called twice too.</summary>
    /// <returns>The scope's id.</returns>
    public long EnterScope(TimeSpan? timeout, CancellationToken cancellationToken)
    {
        Enter(timeout, cancellationToken);
        _scopes.Add(++_lastScope);
        return _lastScope;
    }

    public void ExitScope(long scope)
    {
        if (TryEnd(scope))
        {
            Exit();
        }
    }

    /// <summary>Begins a change, or one inside another.</summary>
    /// <returns>What to go back to if it is not completed.</returns>
    /// <exception cref="InvalidOperationException">The arena is open for reading only.</exception>
    public ChangeStart EnterChange(TimeSpan? timeout, CancellationToken cancellationToken)
    {
        long scope = EnterScope(timeout, cancellationToken);
        if (_space.IsReadOnly)
        {
            ExitScope(scope);
            throw new InvalidOperationException($"Arena '{_space.Name}' is open for reading only.");
        }

        _changes++;
        return new ChangeStart(scope, Undo.Used, _frees.Count);
    }

    /// <summary>Ends a change, however often it is called.</summary>
    /// <exception cref="ObjectDisposedException">A complete change is lost: the arena was disposed of in it.</exception>
    public void ExitChange(ChangeStart start, bool complete)
    {
        if (!TryEnd(start.Scope))
        {
            return;
        }

        bool outermost = --_changes == 0;
        try
        {
            if (_space.IsDisposed)
            {
                _frees.Clear();
                ObjectDisposedException.ThrowIf(complete, typeof(Arena)); // the change is lost, which must not be silent
            }
            else if (!complete)
            {
                _frees.RemoveRange(start.Frees, _frees.Count - start.Frees);
                Undo.Rollback(start.Used);
            }
            else if (outermost)
            {
                Undo.Finish(_frees);
                _frees.Clear();
                FinishFrees();
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Gives a block back when the change that is under way is complete.</summary>
    /// <exception cref="ArgumentException">There is no such block.</exception>
    /// <exception cref="InvalidOperationException">The change frees too much.</exception>
    public void Release(long payload, BlockKind kind)
    {
        if (Heap.PayloadOf(payload, kind) == 0 || _frees.Contains(payload))
        {
            throw new ArgumentException($"No block of this kind begins at byte {payload} of arena '{_space.Name}'; was it freed already?");
        }

        if (_frees.Count == ArenaHeader.MaxFrees)
        {
            throw new InvalidOperationException($"One change frees at most {ArenaHeader.MaxFrees} blocks.");
        }

        _frees.Add(payload);
    }

    /// <summary>Fills new memory with zeros.</summary>
    public void Clear(long offset, long length)
    {
        Undo.Touch(offset, length);
        ArenaMemory.Clear(_space.Base + (nint)offset, length);
    }

    /// <summary>Whether a range is in the heap, also if another process has just made it longer.</summary>
    public bool Reaches(long offset, long bytes)
    {
        if (_space.Contains(offset, bytes))
        {
            return true;
        }

        if (!_space.IsShared || _space.Length == 0 || _space.Word(ArenaHeader.SizeAt) <= (ulong)_space.Length)
        {
            return false;
        }

        Enter(); // maps what another process has added
        Exit();
        return _space.Contains(offset, bytes);
    }

    /// <summary>Unmaps the arena once no thread changes it.</summary>
    public void Close()
    {
        lock (_threads)
        {
            _space.Dispose();
        }
    }

    /// <returns>False if the scope has ended: whoever is in the arena now is another.</returns>
    private bool TryEnd(long scope)
    {
        if (!_threads.IsHeldByCurrentThread)
        {
            return false;
        }

        int at = _scopes.LastIndexOf(scope);
        if (at < 0)
        {
            return false;
        }

        _scopes.RemoveAt(at);
        return true;
    }

    private void EnterThreads(Deadline deadline, CancellationToken cancellationToken)
    {
        if (deadline.IsNever && !cancellationToken.CanBeCanceled)
        {
            _threads.Enter();
            return;
        }

        while (!_threads.TryEnter(cancellationToken.CanBeCanceled ? deadline.LeftUpTo(CancellationPoll) : deadline.Left))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (deadline.Left == TimeSpan.Zero)
            {
                throw deadline.Passed(_space.Name);
            }
        }
    }

    /// <summary>Undoes what a dead process has not finished, and finishes what it has decided.</summary>
    private void Recover()
    {
        if (_space is RegionSpace { IsReadOnly: true })
        {
            throw new ArenaFormatException(
                ArenaError.Unfinished, _space.Name, ArenaHeader.StateAt,
                "an unfinished change has to be undone, and the memory is not writable");
        }

        Span<byte> page = _space.Bytes(0, ArenaHeader.FirstPage);
        ArenaHeader.CheckSizes(page, _space.Length, _space.Name);
        Undo.Rollback(0);
        ArenaHeader.CheckSizes(page, _space.Length, _space.Name);
        FinishFrees();
    }

    private void FinishFrees()
    {
        while (Undo.Frees > 0)
        {
            try
            {
                Heap.Free(Undo.NextFree);
                Undo.FinishFree();
            }
            catch
            {
                Undo.Rollback(0);
                throw;
            }
        }
    }

    private void FollowGrowth()
    {
        ulong size = _space.Word(ArenaHeader.SizeAt);
        if (!_space.IsShared || size > (ulong)_space.MaxLength)
        {
            throw new IOException(
                $"Arena '{_space.Name}' has grown to {size} bytes; it was opened here with a MaxSize of {_space.MaxLength}.");
        }

        _space.Follow((long)size);
    }

    /// <summary>When a wait ends.</summary>
    private readonly struct Deadline
    {
        private readonly long _start;
        private readonly TimeSpan? _timeout;

        public Deadline(TimeSpan? timeout)
        {
            if (timeout == Timeout.InfiniteTimeSpan)
            {
                timeout = null;
            }

            if (timeout < TimeSpan.Zero)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(timeout), timeout, "The timeout must be non-negative or Timeout.InfiniteTimeSpan.");
            }

            _timeout = timeout;
            _start = timeout is null ? 0 : Stopwatch.GetTimestamp();
        }

        public bool IsNever => _timeout is null;

        /// <summary>The time that is left: zero if it is up, infinite if there is no end.</summary>
        public TimeSpan Left => _timeout is TimeSpan timeout
            ? TimeSpan.FromTicks(Math.Max(0, (timeout - Stopwatch.GetElapsedTime(_start)).Ticks))
            : Timeout.InfiniteTimeSpan;

        public TimeSpan LeftUpTo(TimeSpan most) => IsNever || Left > most ? most : Left;

        public TimeoutException Passed(string arena) => new(
            $"Timed out after {_timeout!.Value.TotalMilliseconds:0.###} ms waiting for arena '{arena}': "
            + "another thread or process holds it.");
    }
}

/// <summary>What there was when a change began.</summary>
/// <param name="Scope">The id of the time in which it keeps others out.</param>
/// <param name="Used">Bytes of the record of old bytes.</param>
/// <param name="Frees">Blocks to be freed.</param>
internal readonly record struct ChangeStart(long Scope, int Used, int Frees);
