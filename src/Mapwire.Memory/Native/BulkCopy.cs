using System.Runtime.ExceptionServices;

namespace Mapwire.Memory.Native;

/// <summary>Guarded copies of many megabytes, shared between a few threads.</summary>
/// <remarks>The system looks up every page that it copies, which costs a thread up to as much as the copying. Two threads make up for it;
/// the total work stays the same.</remarks>
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
    public static bool TryCopy(MemorySystem system, nint source, nint destination, long length) =>
        TryPieces(length, (start, piece) => system.TryCopy(source + (nint)start, destination + (nint)start, piece));

    /// <summary>Copies a range in pieces, on several threads if it is long.</summary>
    /// <param name="length">The length of the range in bytes.</param>
    /// <param name="tryPiece">Copies from an offset so many bytes.</param>
    /// <returns>False if a piece was not copied.</returns>
    public static bool TryPieces(long length, Func<long, long, bool> tryPiece)
    {
        if (!IsWorthwhile(length))
        {
            return tryPiece(0, length);
        }

        try
        {
            return Parallel.For(0, (length + Piece - 1) / Piece, Threads, (piece, loop) =>
            {
                long start = piece * Piece;
                if (!tryPiece(start, Math.Min(Piece, length - start)))
                {
                    loop.Stop();
                }
            }).IsCompleted;
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]); // what one thread alone would have thrown
            throw;
        }
    }

    public static bool IsWorthwhile(long length) => length >= Worthwhile && Threads.MaxDegreeOfParallelism > 1;
}
