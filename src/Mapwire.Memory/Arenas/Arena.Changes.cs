namespace Mapwire.Memory.Arenas;

public sealed partial class Arena
{
    /// <summary>Keeps all other threads and processes from changing the arena until the scope is disposed of: for readers beside writers,
    /// and for several steps that belong together. It belongs to the thread, which may enter again.</summary>
    /// <param name="timeout">How long to wait for the others at most; null, the default, for as long as it takes. A stopped process that
    /// is in the middle of a change keeps all others waiting; a killed one does not.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">Another thread or process had the arena all the time.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ArenaFormatException">A process died in the middle of a change, and the record of it is damaged.</exception>
    /// <exception cref="ObjectDisposedException">The arena is disposed of.</exception>
    public Scope EnterScope(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        new(this, timeout, cancellationToken);

    /// <summary>Begins a change that is made whole or not at all, with everything that is done inside it to the arena and its
    /// containers. It holds the arena until it is disposed of, and is undone then if it was not completed.</summary>
    /// <param name="timeout">As for <see cref="EnterScope"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">Another thread or process had the arena all the time.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="InvalidOperationException">The arena is open for reading only.</exception>
    /// <exception cref="ArenaFormatException">As for <see cref="EnterScope"/>.</exception>
    /// <exception cref="ObjectDisposedException">The arena is disposed of.</exception>
    public ArenaChange BeginChange(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        new(this, timeout, cancellationToken);

    /// <summary>Makes everything that was done so far last, also through a loss of power. Returns when the device has it.</summary>
    /// <param name="timeout">How long to wait for other threads at most; null, the default, for as long as it takes. The device is waited
    /// for without a limit: its answer decides.</param>
    /// <param name="cancellationToken">Ends the wait for other threads.</param>
    /// <remarks>A store through a reference of <see cref="Edit"/> or <see cref="EditSpan"/> that another thread makes meanwhile is in this
    /// commit or in the next one. A value of more than 8 bytes can be committed half stored; so that it is not, store and commit each
    /// inside an <see cref="EnterScope"/>.</remarks>
    /// <exception cref="InvalidOperationException">It is not of <see cref="ArenaDurability.PowerLoss"/>, is open for reading only, a change
    /// is under way on this thread, or more than 2 GiB have changed.</exception>
    /// <exception cref="TimeoutException">Another thread had the arena all the time. Nothing was committed.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait. Nothing was committed.</exception>
    /// <exception cref="IOException">The device fails or is full, or the log's name (the arena's with ".mwlog" behind it) is taken by
    /// something else. What was committed before is safe.</exception>
    /// <exception cref="ObjectDisposedException">The arena is disposed of.</exception>
    public void Commit(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        using Scope scope = EnterScope(timeout, cancellationToken);
        if (Transactions.IsChanging)
        {
            throw new InvalidOperationException("A change is under way on this thread: complete it before Commit.");
        }

        _space.Commit();
    }

    /// <summary>The time in which a thread keeps all others out of an arena; ended by disposing of it.</summary>
    public readonly ref struct Scope : IDisposable
    {
        private readonly Arena? _arena; // none in default(Scope), which keeps nobody out
        private readonly long _id;

        internal Scope(Arena arena, TimeSpan? timeout, CancellationToken cancellationToken)
        {
            _id = arena.Transactions.EnterScope(timeout, cancellationToken);
            _arena = arena;
        }

        /// <summary>Lets the others go on. Once: a second call, or one of a copy, does nothing.</summary>
        public void Dispose() => _arena?.Transactions.ExitScope(_id);
    }
}
