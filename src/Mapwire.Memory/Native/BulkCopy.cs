namespace Mapwire.Memory.Native;

/// <summary>Guarded copies of many megabytes, shared between a few threads.</summary>
/// <remarks>The system looks up and pins every page that it copies, which costs a thread about as much as the copying. Two threads
/// make up for it; the total work stays the same.</remarks>
internal static class BulkCopy
{
    /// <summary>Bytes from which waking another thread pays.</summary>
    private const long Worthwhile = 16 << 20;

    private const long Piece = 2 << 20;
    private const int MaxThreads = 4;

    private static readonly ParallelOptions Threads = new()
    {
        MaxDegreeOfParallelism = Math.Min(MaxThreads, Environment.ProcessorCount),
    };

    /// <summary>As <see cref="MemorySystem.TryCopy"/>.</summary>
    public static bool TryCopy(MemorySystem system, nint source, nint destination, long length)
    {
        if (length < Worthwhile || Threads.MaxDegreeOfParallelism == 1)
        {
            return system.TryCopy(source, destination, length);
        }

        ParallelLoopResult result = Parallel.For(0, (length + Piece - 1) / Piece, Threads, (piece, loop) =>
        {
            long start = piece * Piece;
            if (!system.TryCopy(source + (nint)start, destination + (nint)start, Math.Min(Piece, length - start)))
            {
                loop.Stop();
            }
        });
        return result.IsCompleted;
    }
}
