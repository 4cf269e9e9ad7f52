using System.Runtime.CompilerServices;

namespace Mapwire.Memory.Sharing;

/// <summary>The moments between two steps at which a test may let a process die.</summary>
internal enum FaultPoint
{
    FileMade, CreationLocked, SizeSet, HeaderWritten, SlotNumbered, Initialized, ReadyMarked, Waiting, Woken,
    MutexTaken, MutexTakenOver, MutexReleased,
    PermitTaken, PermitReturned,
    EventSet, EventTaken,
    ReaderCounted, WriterTaken, WriterDrained, WriterReleased, ReaderLeft,
    BarrierArrived, BarrierPassed,
    ConditionReleased, ConditionNotified,
    RingClaimed, RingTailMoved, RingWritten, RingCommitted, RingRead, RingFreeing, RingFreed,
    BroadcastAnnounced, BroadcastWritten, CellOpened, CellWritten,
    ArenaSaved, ArenaStored, ArenaFinishing, ArenaFinished, ArenaRestored, ArenaCopied, ArenaGrown,
}

/// <summary>The hook by which tests stop a process between two steps. Off, it is a constant to the compiler and costs nothing.</summary>
internal static class FaultPoints
{
    /// <summary>On if the program says so before it touches shared memory the first time.</summary>
    public static readonly bool Enabled = AppContext.TryGetSwitch("Mapwire.Memory.FaultPoints", out bool on) && on;

    public static Action<FaultPoint>? Reached { get; set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Reach(FaultPoint point)
    {
        if (Enabled)
        {
            Reached?.Invoke(point);
        }
    }
}
