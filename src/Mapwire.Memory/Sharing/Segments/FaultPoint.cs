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
