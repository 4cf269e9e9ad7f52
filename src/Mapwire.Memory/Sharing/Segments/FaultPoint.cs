namespace Mapwire.Memory.Sharing;

/// <summary>The moments between two steps at which a test may let a process die.</summary>
internal enum FaultPoint
{
    FileOpened, FileMade, CreationLocked, SizeSet, HeaderWritten, SlotNumbered, Initialized, ReadyMarked, Waiting, Woken,
    MutexTaken, MutexOwned, MutexTakenOver, MutexReleasing, MutexReleased,
    PermitTaken, PermitReturned,
    EventSet, EventTaken,
    ReaderCounting, ReaderCounted, WriterTaken, WriterDrained, WriterReleasing, WriterReleased, ReaderLeft,
    BarrierArriving, BarrierArrived, BarrierPassed,
    ConditionReleased, ConditionNotified,
    RingClaimed, RingTailMoved, RingWritten, RingCommitting, RingCommitted, RingRead, RingFreeing, RingFreed,
    BroadcastAnnounced, BroadcastWritten, CellOpened, CellWritten,
    ArenaSaved, ArenaStored, ArenaFinishing, ArenaFinished, ArenaRestored, ArenaCopied, ArenaGrown,
}
