namespace Mapwire.Memory.Sharing;

/// <summary>A seat at a <see cref="SharedBarrier"/>. It is used by one thread at a time.</summary>
public sealed class BarrierParticipant : IDisposable
{
    private uint? _arrivedAt; // the phase that it has arrived at and not yet seen completed
    private bool _disposed;

    internal BarrierParticipant(SharedBarrier barrier, int seat) => (Barrier, Seat) = (barrier, seat);

    /// <summary>The barrier.</summary>
    public SharedBarrier Barrier { get; }

    /// <summary>The seat, from 0.</summary>
    public int Seat { get; }

    /// <summary>Arrives, and waits for the other participants, however long that takes.</summary>
    /// <param name="cancellationToken">Ends the wait; the arrival stands.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The participant or the segment is disposed.</exception>
    public BarrierResult SignalAndWait(CancellationToken cancellationToken = default) =>
        SignalAndWait(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Arrives, and waits for the other participants until a timeout passes.</summary>
    /// <param name="timeout">The longest wait. If it passes, or the wait is cancelled, the arrival stands and the next call continues to
    /// wait.</param>
    /// <param name="cancellationToken">Ends the wait; the arrival stands.</param>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The participant or the segment is disposed.</exception>
    public BarrierResult SignalAndWait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        WaitClock.CheckTimeout(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        BarrierResult result = Barrier.Wait(Arrive(), timeout, cancellationToken);
        if (result != BarrierResult.TimedOut)
        {
            _arrivedAt = null;
        }

        return result;
    }

    /// <summary>Arrives, and waits for the other participants; no thread waits.</summary>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait; the arrival stands.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The participant or the segment is disposed.</exception>
    public async ValueTask<BarrierResult> SignalAndWaitAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        WaitClock.CheckTimeout(timeout ?? Timeout.InfiniteTimeSpan);
        cancellationToken.ThrowIfCancellationRequested();
        BarrierResult result = await Barrier.WaitAsync(Arrive(), timeout, cancellationToken).ConfigureAwait(false);
        if (result != BarrierResult.TimedOut)
        {
            _arrivedAt = null;
        }

        return result;
    }

    /// <summary>Leaves the seat: from now on it is not waited for, until a process joins at it again.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            if (!Barrier.Memory.IsDisposed)
            {
                Barrier.Leave(Seat);
            }
        }
    }

    private uint Arrive()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Barrier.Memory.ThrowIfDisposed();
        if (_arrivedAt is not uint phase)
        {
            _arrivedAt = phase = Barrier.CurrentPhase;
            Barrier.Arrive(Seat, phase);
        }

        return phase;
    }
}
