using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>The segment of the tests with real processes: one object of each kind, and what they guard.</summary>
internal static class Arena
{
    public const string Name = "arena";
    public const long Size = 1 << 19;
    public const int Mutex = 0;
    public const int Permit = 64;
    public const int Ping = 256;
    public const int Pong = 320;
    public const int Condition = 384;
    public const int Barrier = 512;
    public const int Cell = 1024;
    public const int Ledger = 2048;
    public const int Words = 6144; // words of the tests' own
    public const int ReaderWriter = 8192;
    public const int Ring = 1 << 14;
    public const int ManyRing = 1 << 16;
    public const int Broadcast = 1 << 17;
    public const int RingBytes = 1 << 13;

    public static SharedMemoryOptions Options(string folder) =>
        new() { Folder = folder == "-" ? null : folder, Initialize = Fill, OpenTimeout = TimeSpan.FromSeconds(60) };

    /// <summary>Words[i].</summary>
    public static ref long Word(SharedMemory memory, int index) => ref memory.At<long>(Words + index * 8);

    private static void Fill(SharedMemory memory)
    {
        SharedMutex.Create(memory, Mutex);
        SharedSemaphore.CreateOwned(memory, Permit, 1);
        SharedEvent.Create(memory, Ping, manualReset: false);
        SharedEvent.Create(memory, Pong, manualReset: false);
        SharedCondition.Create(memory, Condition);
        SharedBarrier.Create(memory, Barrier, 2);
        SharedCell.Create<Octet>(memory, Cell);
        SharedReaderWriterLock.Create(memory, ReaderWriter);
        SharedRing.Create(memory, Ring, RingBytes);
        SharedRing.Create(memory, ManyRing, RingBytes, RingProducers.Multiple);
        SharedBroadcast.Create(memory, Broadcast, RingBytes);
    }
}
