namespace Mapwire.Memory.Sharing;

/// <summary>
/// Waits for any of several events, rings and broadcasts, of one or of several segments, like
/// <see cref="WaitHandle.WaitAny(WaitHandle[])"/>.
/// </summary>
/// <example><code>
/// int index = SharedWait.WaitAny([stop, jobs], TimeSpan.FromSeconds(1)); // stop is a SharedEvent, jobs a RingConsumer
/// </code></example>
public static class SharedWait
{
    /// <summary>Waits until one of the signals is there. Of an auto-reset event it is taken; a message stays where it is. If several are
    /// there, the first in the list is returned.</summary>
    /// <param name="signals">Events, consumers of rings and readers of broadcasts.</param>
    /// <param name="timeout">The longest wait; zero does not wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The index of the signal; -1 if the timeout passed.</returns>
    /// <exception cref="ArgumentException">The list is empty, or a signal is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">A segment is disposed.</exception>
    public static int WaitAny(IReadOnlyList<ISharedSignal> signals, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ValueTask<int> wait = WaitAnyAsync(signals, timeout, cancellationToken);
        return wait.IsCompleted ? wait.GetAwaiter().GetResult() : wait.AsTask().GetAwaiter().GetResult();
    }

    /// <summary>As <see cref="WaitAny"/>; no thread waits.</summary>
    /// <param name="signals">Events, consumers of rings and readers of broadcasts.</param>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The index of the signal; -1 if the timeout passed.</returns>
    /// <exception cref="ArgumentException">The list is empty, or a signal is null.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">A segment is disposed.</exception>
    public static ValueTask<int> WaitAnyAsync(
        IReadOnlyList<ISharedSignal> signals, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(signals);
        if (signals.Count == 0)
        {
            throw new ArgumentException("There is no signal to wait for.", nameof(signals));
        }

        WaitClock.CheckTimeout(timeout ?? Timeout.InfiniteTimeSpan);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        ISharedSignal[] all = [.. signals];
        if (Array.IndexOf(all, null) is int missing and >= 0)
        {
            throw new ArgumentException($"Signal {missing} is null.", nameof(signals));
        }

        SharedMemory[] memories = [.. all.Select(signal => signal.Target.Memory).Distinct()];
        Array.ForEach(memories, memory => memory.ThrowIfDisposed());
        Step step = new(all);
        WaitLook look = new(memories[0].Slots) { IsOnly = true };
        if (step.TryFinish(ref look, out int result) || timeout == TimeSpan.Zero)
        {
            return new ValueTask<int>(result);
        }

        PendingWait<Step, int> wait = new(all[0].Target, step, timeout ?? Timeout.InfiniteTimeSpan);
        try
        {
            Array.ForEach(memories, memory => memory.AsyncWaits.Add(wait)); // each segment's thread tries it, whichever is woken
        }
        catch (Exception exception)
        {
            wait.Fail(exception); // or a thread that has it already would take a signal that nobody hears of
        }

        wait.CancelWith(cancellationToken);
        return new ValueTask<int>(wait.Task);
    }

    private readonly struct Step(ISharedSignal[] signals) : IWaitStep<int>
    {
        public int TimedOut => -1;

        public bool TryFinish(ref WaitLook look, out int result)
        {
            for (result = 0; result < signals.Length; result++)
            {
                if (signals[result].TryFinish(ref look))
                {
                    return true;
                }
            }

            look.BlockAtSeveral();
            result = -1;
            return false;
        }

        public void Cancel() { }
    }
}
