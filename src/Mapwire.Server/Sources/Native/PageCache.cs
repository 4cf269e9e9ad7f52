using System.Runtime.InteropServices;
using Mapwire.Memory;

namespace Mapwire.Server.Sources.Native;

/// <summary>What Linux is asked and told of its page cache.</summary>
internal static unsafe partial class PageCache
{
    private const int POSIX_FADV_RANDOM = 1;

    private const int RWF_NOWAIT = 8;

    private const int EAGAIN = 11;

    /// <summary>A byte is read in each: systems read ahead more than that at once, so a page without its neighbours is rare.</summary>
    private const int Step = 64 * 1024;

    private static bool _isMissing = !OperatingSystem.IsLinux();

    /// <summary>
    /// Has plain reads of a file read what they ask for and no more (posix_fadvise(2)). Left to itself the system reads ahead at every end
    /// of a window, before what others are waiting for; a busy file system drops that, and then reads single pages (FUSE).
    /// </summary>
    public static void ReadExactly(MappedFile file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        bool isReferenced = false;
        try
        {
            file.Handle.DangerousAddRef(ref isReferenced);
            _ = posix_fadvise((int)file.Handle.DangerousGetHandle(), 0, 0, POSIX_FADV_RANDOM); // a hint: nothing is lost without it
        }
        finally
        {
            if (isReferenced)
            {
                file.Handle.DangerousRelease();
            }
        }
    }

    /// <summary>
    /// Whether the part is in memory, without waiting for it (preadv2(2), RWF_NOWAIT); null when the system or the file system does not
    /// say. Linux' mincore(2) is no answer: it says yes of everything to whoever neither owns the file nor may write it.
    /// </summary>
    public static bool? IsResident(MappedFile file, long offset, int length)
    {
        byte scratch = 0;
        for (int at = 0; at < length; at = at + Step < length || at == length - 1 ? at + Step : length - 1)
        {
            bool? isHere = ReadResident(file, offset + at, new Span<byte>(ref scratch));
            if (isHere is not true)
            {
                return isHere;
            }
        }

        return true;
    }

    /// <summary>Reads bytes that are in memory, and has the system begin to read those that are not, all at once.</summary>
    /// <returns>Whether all of them were; null as <see cref="IsResident"/>.</returns>
    public static bool? ReadResident(MappedFile file, long offset, Span<byte> bytes)
    {
        if (_isMissing)
        {
            return null;
        }

        bool isReferenced = false;
        try
        {
            file.Handle.DangerousAddRef(ref isReferenced);

            // SAFETY: pinned during the call, which writes no more than the length.
            fixed (byte* start = bytes)
            {
                IoVector vector = new() { Base = start, Length = bytes.Length };
                nint count = preadv2((int)file.Handle.DangerousGetHandle(), &vector, 1, offset, RWF_NOWAIT);
                return count == bytes.Length ? true
                    : count > 0 || (count < 0 && Marshal.GetLastPInvokeError() == EAGAIN) ? false
                    : null;
            }
        }
        catch (EntryPointNotFoundException)
        {
            _isMissing = true; // an old C library
            return null;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
        finally
        {
            if (isReferenced)
            {
                file.Handle.DangerousRelease();
            }
        }
    }

    [LibraryImport("libc")]
    private static partial int posix_fadvise(int descriptor, long offset, long length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint preadv2(int descriptor, IoVector* vectors, int count, long offset, int flags);

    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        public byte* Base;
        public nint Length;
    }
}
