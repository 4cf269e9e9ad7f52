namespace Mapwire.Memory.Sharing;

/// <summary>How waiting at a <see cref="SharedBarrier"/> ended.</summary>
public enum BarrierResult
{
    /// <summary>The time is up. The arrival stands: waiting again goes on with the same phase.</summary>
    TimedOut = 0,

    /// <summary>All have arrived.</summary>
    Passed = 1,

    /// <summary>All who live have arrived; a participant of this phase is dead.</summary>
    ParticipantDied = 2,
}
