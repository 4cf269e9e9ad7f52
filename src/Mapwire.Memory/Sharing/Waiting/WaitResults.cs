namespace Mapwire.Memory.Sharing;

/// <summary>The result of acquiring a mutex, a reader-writer lock or a permit of a semaphore.</summary>
public enum LockResult
{
    /// <summary>Not acquired: the timeout passed.</summary>
    TimedOut = 0,

    /// <summary>Acquired.</summary>
    Acquired = 1,

    /// <summary>Acquired, and a previous owner died while it held the lock: what the lock guards may be half changed, and the new owner
    /// must repair it; if it dies first, <see cref="OwnerDied"/> is reported again.</summary>
    OwnerDied = 2,
}

/// <summary>The result of a wait at a <see cref="SharedBarrier"/>: the same for all participants of a phase.</summary>
public enum BarrierResult
{
    /// <summary>The timeout passed. The arrival stands: the next wait continues the same phase.</summary>
    TimedOut = 0,

    /// <summary>All participants have arrived.</summary>
    Passed = 1,

    /// <summary>All living participants have arrived, and at least one was dead.</summary>
    ParticipantDied = 2,
}

/// <summary>The result of a wait on a <see cref="SharedCondition"/>. The mutex is owned in any case.</summary>
/// <param name="Notified">False if the timeout passed.</param>
/// <param name="OwnerDied">Whether the mutex was acquired from an owner that died, so that what it guards may be half changed.</param>
public readonly record struct ConditionResult(bool Notified, bool OwnerDied);
