namespace Mapwire.Memory.Sharing;

/// <summary>How a wait on a <see cref="SharedCondition"/> ended. The mutex is owned in any case.</summary>
/// <param name="Notified">False if the time was up.</param>
/// <param name="OwnerDied">Whether the mutex was taken from an owner who died, so that what it guards may be half changed.</param>
public readonly record struct ConditionWait(bool Notified, bool OwnerDied);
