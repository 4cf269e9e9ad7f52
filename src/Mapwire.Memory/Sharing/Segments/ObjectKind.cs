namespace Mapwire.Memory.Sharing;

/// <summary>What stands at a place of a segment.</summary>
internal enum ObjectKind : uint
{
    Mutex = 1, Semaphore, Event, ReaderWriterLock, Condition, Barrier, Ring, ManyProducerRing, BroadcastRing, Cell,
}
