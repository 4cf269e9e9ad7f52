using System.Diagnostics;

namespace Mapwire.Memory.Sharing;

/// <summary>A wait that no thread stands in: tried by <see cref="AsyncWaits"/> until it is over.</summary>
internal abstract class PendingWait(TimeSpan timeout)
{
    private volatile bool _isOver;

    /// <summary>When the timeout passes, as a timestamp of <see cref="Stopwatch"/>.</summary>
    public long Deadline { get; } = GetDeadline(timeout);

    public bool IsOver
    {
        get => _isOver;
        protected set => _isOver = value;
    }

    /// <returns>At most <see cref="long.MaxValue"/>, which is never.</returns>
    private static long GetDeadline(TimeSpan timeout)
    {
        long now = Stopwatch.GetTimestamp();
        double ticks = timeout.TotalSeconds * Stopwatch.Frequency;
        return timeout == Timeout.InfiniteTimeSpan || ticks >= long.MaxValue - now ? long.MaxValue : now + (long)ticks;
    }

    /// <summary>Whether the step cannot be done: the word that it is blocked at is unchanged. One load, where a try may take a lock and
    /// interlocked instructions, and of a thousand waits a wake is for one.</summary>
    public abstract bool IsUnchanged { get; }

    /// <summary>Tries the step once.</summary>
    public abstract void Try(ref WaitLook look);

    /// <summary>Ends the wait with its timed-out result.</summary>
    public abstract void Expire();

    /// <summary>Ends the wait with an exception.</summary>
    public abstract void Fail(Exception exception);
}

internal sealed class PendingWait<TStep, TResult>(SharedObject target, TStep step, TimeSpan timeout) : PendingWait(timeout)
    where TStep : struct, IWaitStep<TResult>
{
    private readonly TaskCompletionSource<TResult> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _trying = new();
    private readonly SharedObject _target = target; // keeps its pages
    private TStep _step = step;
    private volatile bool _isBlocked; // at the word
    private int _word;
    private uint _expected;
    private CancellationTokenRegistration _registration;

    public Task<TResult> Task => _source.Task;

    public void CancelWith(CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled)
        {
            return;
        }

        CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (wait, token) => ((PendingWait<TStep, TResult>)wait!).Cancel(token), this);
        lock (_trying)
        {
            if (!IsOver)
            {
                _registration = registration;
                return;
            }
        }

        registration.Unregister();
    }

    public override bool IsUnchanged => _isBlocked && _target.HasValue(_word, _expected);

    public override void Try(ref WaitLook look)
    {
        lock (_trying)
        {
            if (IsOver)
            {
                return;
            }

            try
            {
                _isBlocked = false;
                look.BeginTry();
                if (!_step.TryFinish(ref look, out TResult result))
                {
                    if (look.RemembersWords && look.IsWordEnough) // announced: a change of the word wakes this process
                    {
                        (_word, _expected) = (look.Word, look.Expected); // by the waits' own thread, which alone reads them
                        _isBlocked = true;
                    }

                    return;
                }

                _target.Memory.ThrowIfDisposedSince();
                _source.SetResult(result);
            }
            catch (Exception exception)
            {
                _source.SetException(exception);
            }

            End();
        }
    }

    public override void Expire()
    {
        lock (_trying)
        {
            if (!IsOver)
            {
                _step.Cancel();
                _source.SetResult(_step.TimedOut);
                End();
            }
        }
    }

    public override void Fail(Exception exception)
    {
        lock (_trying)
        {
            if (!IsOver)
            {
                _step.Cancel();
                _source.SetException(exception);
                End();
            }
        }
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        lock (_trying)
        {
            if (!IsOver)
            {
                _step.Cancel();
                _source.SetCanceled(cancellationToken);
                End();
            }
        }
    }

    private void End()
    {
        IsOver = true;
        _step = default;
        _registration.Unregister();
        GC.KeepAlive(_target);
    }
}
