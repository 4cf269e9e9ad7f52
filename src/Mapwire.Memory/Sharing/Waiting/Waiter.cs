namespace Mapwire.Memory.Sharing;

/// <summary>Waits: spins for a moment, then announces itself, looks once more and sleeps, until the step is done, the timeout passes,
/// the wait is cancelled or the segment is disposed.</summary>
internal static class Waiter
{
    /// <summary>Tries before the first sleep: most owners are done sooner than a sleep and a wake take. None where there is only one
    /// processor, whose other threads could not run meanwhile.</summary>
    private static readonly int Spins = Environment.ProcessorCount > 1 && !FaultPoints.Enabled ? 60 : 0;

    /// <summary>Units of Thread.SpinWait between two tries.</summary>
    private const int Pause = 8;

    public static TResult Wait<TStep, TResult>(SharedObject target, TStep step, TimeSpan timeout, CancellationToken cancellationToken)
        where TStep : struct, IWaitStep<TResult>
    {
        WaitClock.CheckTimeout(timeout);
        SharedMemory memory = target.Memory;
        bool only = timeout == TimeSpan.Zero;
        WaitLook look = new(memory.Slots) { IsOnly = only };
        bool finished = false;
        try
        {
            TResult result;
            for (int spins = only ? 0 : Spins; spins > 0; spins--)
            {
                if (finished = step.TryFinish(ref look, out result))
                {
                    memory.ThrowIfDisposedSince();
                    return result;
                }

                Thread.SpinWait(Pause);
            }

            WaitClock clock = new(timeout, memory.IsReadOnly);
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                memory.ThrowIfDisposed();
                look.Begin(sleeps: !only, looksForDead: clock.IsLookDue());
                if (finished = step.TryFinish(ref look, out result))
                {
                    memory.ThrowIfDisposedSince();
                    return result;
                }

                if (only || !clock.TryNext(out int milliseconds))
                {
                    memory.ThrowIfDisposedSince();
                    return step.TimedOut;
                }

                FaultPoints.Reach(FaultPoint.Waiting);
                target.Sleep(look.Word, look.Expected, milliseconds);
                FaultPoints.Reach(FaultPoint.Woken);
            }
        }
        finally
        {
            if (!finished)
            {
                step.Cancel();
            }

            GC.KeepAlive(target); // its pages stay as long
        }
    }

    /// <summary>Waits without a thread of its own: see <see cref="AsyncWaits"/>.</summary>
    public static ValueTask<TResult> WaitAsync<TStep, TResult>(
        SharedObject target, TStep step, TimeSpan? timeout, CancellationToken cancellationToken)
        where TStep : struct, IWaitStep<TResult>
    {
        TimeSpan longest = timeout ?? Timeout.InfiniteTimeSpan;
        WaitClock.CheckTimeout(longest);
        bool over = true;
        PendingWait<TStep, TResult> wait;
        try
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return ValueTask.FromCanceled<TResult>(cancellationToken);
            }

            target.Memory.ThrowIfDisposed();
            WaitLook look = new(target.Memory.Slots) { IsOnly = true };
            look.Begin(sleeps: false, looksForDead: true);
            if (step.TryFinish(ref look, out TResult result))
            {
                over = false;
                target.Memory.ThrowIfDisposedSince();
                return new ValueTask<TResult>(result);
            }

            if (longest == TimeSpan.Zero)
            {
                return new ValueTask<TResult>(step.TimedOut);
            }

            wait = new PendingWait<TStep, TResult>(target, step, longest);
            target.Memory.AsyncWaits.Add(wait);
            over = false;
        }
        finally
        {
            if (over)
            {
                step.Cancel();
            }
        }

        wait.CancelWith(cancellationToken);
        return new ValueTask<TResult>(wait.Task);
    }
}
