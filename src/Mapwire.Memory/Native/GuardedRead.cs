using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native;

/// <summary>The faster half of a guarded read of shared pages: the same bytes, read from the file that they are.</summary>
/// <remarks>The system copies from its page cache in large pieces, and need not look up and pin the pages of this process one by
/// one. What reading a file cannot give, a file cut or failing, is left to the copy of the pages, so that there is one answer.</remarks>
internal static class GuardedRead
{
    /// <summary>Reads from the file up to its end or to a failure.</summary>
    /// <param name="file">The file; null or closed gives nothing.</param>
    /// <param name="offset">Where in the file.</param>
    /// <param name="destination">Where to.</param>
    /// <returns>Bytes read.</returns>
    public static int ReadFromFile(SafeFileHandle? file, long offset, Span<byte> destination)
    {
        if (file is null || file.IsClosed)
        {
            return 0;
        }

        if (BulkCopy.IsWorthwhile(destination.Length))
        {
            return ReadInPieces(file, offset, destination);
        }

        return ReadOnce(file, offset, destination);
    }

    /// <returns>All, or none: the copy of the pages then tells which are gone.</returns>
    private static unsafe int ReadInPieces(SafeFileHandle file, long offset, Span<byte> destination)
    {
        fixed (byte* first = destination)
        {
            nint start = (nint)first;
            bool whole = BulkCopy.TryPieces(destination.Length,
                (at, length) => ReadOnce(file, offset + at, RawMemory.Span(start + (nint)at, (int)length)) == length);
            return whole ? destination.Length : 0;
        }
    }

    private static int ReadOnce(SafeFileHandle file, long offset, Span<byte> destination)
    {
        int done = 0;
        try
        {
            while (done < destination.Length && RandomAccess.Read(file, destination[done..], offset + done) is int count and > 0)
            {
                done += count;
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            // The pages themselves will tell; a file closed by its owner meanwhile says nothing about them.
        }

        return done;
    }
}
