using System.Buffers;
using System.Net.Sockets;

namespace Mapwire.Server.Sending;

/// <summary>What senders have in common that copy what they send by guarded reads, and read and write with tasks of the runtime.</summary>
internal static class CopiedWrite
{
    /// <summary>What one write takes: a few TLS records of 16 KiB, and no more than a slow viewer may hold in vain.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>Copies the beginning of a list into a buffer of the pool, which the write returns.</summary>
    /// <param name="list">What is to be sent.</param>
    /// <param name="buffer">Where it was copied.</param>
    /// <param name="length">How many bytes of it.</param>
    /// <param name="max">The most bytes.</param>
    /// <returns>False when a page behind the list is gone; nothing is to be returned then.</returns>
    public static bool TryCopy(GatherList list, out byte[] buffer, out int length, int max = MaxLength)
    {
        buffer = ArrayPool<byte>.Shared.Rent(max);
        length = list.CopyTo(buffer.AsSpan(0, max));
        if (length > 0)
        {
            return true;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return false;
    }

    /// <summary>Takes what a read that is over has brought.</summary>
    /// <param name="read">The read.</param>
    /// <param name="bytes">Where it put them.</param>
    /// <param name="buffer">Where they go.</param>
    /// <param name="error"><see cref="SocketError.ConnectionReset"/> where it failed.</param>
    /// <returns>How many there are.</returns>
    public static int TakeRead(Task<int> read, byte[] bytes, Span<byte> buffer, out SocketError error)
    {
        int count = read.IsCompletedSuccessfully ? read.Result : 0;
        error = read.IsCompletedSuccessfully ? SocketError.Success : SocketError.ConnectionReset;
        bytes.AsSpan(0, count).CopyTo(buffer);
        return count;
    }

    /// <summary>Gives the connection a turn when a read or write is over, also when it is already.</summary>
    public static void TurnAfter(Task task, Action progress) => task.ContinueWith(
        static (_, turn) => ((Action)turn!)(),
        progress,
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);
}
