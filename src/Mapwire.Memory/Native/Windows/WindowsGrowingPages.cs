using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Windows;

/// <summary>Views of one file side by side in reserved address space.</summary>
/// <remarks>A view cannot grow, and one can start only at a multiple of the allocation granularity. So all views but the last end at
/// such a multiple, and growing replaces the last one, which is shorter than it: for that moment its bytes are not mapped.</remarks>
internal sealed class WindowsGrowingPages : SafePages
{
    private const uint ReservePlaceholder = 0x2000 | 0x4_0000; // MEM_RESERVE | MEM_RESERVE_PLACEHOLDER
    private const uint ReplacePlaceholder = 0x4000; // MEM_REPLACE_PLACEHOLDER
    private const uint Release = 0x8000; // MEM_RELEASE
    private const uint Coalesce = 1; // MEM_COALESCE_PLACEHOLDERS, with MEM_RELEASE
    private const uint Preserve = 2; // MEM_PRESERVE_PLACEHOLDER, with MEM_RELEASE
    private const uint NoAccess = 1; // PAGE_NOACCESS

    private readonly nint _process;
    private readonly int _granularity;
    private readonly Stack<(long Start, long Length)> _views = new(); // the last one on top

    public WindowsGrowingPages(nint process, int granularity, long reserve, nint address)
    {
        _process = process;
        _granularity = granularity;
        ReservedBytes = (reserve + granularity - 1) / granularity * granularity;
        nint start = WindowsCalls.AllocateInPlaceholder(
            process, address, (nuint)ReservedBytes, ReservePlaceholder, NoAccess, 0, 0);
        if (start == 0)
        {
            throw SystemError.From($"Reserving {ReservedBytes} bytes of address space", Marshal.GetLastPInvokeError());
        }

        SetHandle(start);
    }

    /// <summary>Whether the system has placeholders: tried, because some have the calls and not what they do.</summary>
    public static bool CanReserve(nint process, int granularity)
    {
        try
        {
            nint probe = WindowsCalls.AllocateInPlaceholder(
                process, 0, (nuint)granularity, ReservePlaceholder, NoAccess, 0, 0);
            return probe != 0 && WindowsCalls.Free(probe, 0, Release);
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    public override void Resize(in MapRequest request) => Resize(File!, request);

    /// <summary>Maps what is missing, or unmaps what is too much.</summary>
    public void Resize(SafeFileHandle file, in MapRequest request)
    {
        int page = Environment.SystemPageSize;
        long wanted = (request.Length + page - 1) / page * page;

        // Views that reach past the wanted end go, and so does a last one that ends where the next could not begin.
        while (_views.TryPeek(out (long Start, long Length) last) && wanted != MappedBytes
            && (last.Start + last.Length > wanted || last.Length % _granularity != 0))
        {
            Drop(last);
            _views.Pop();
            MappedBytes = last.Start;
        }

        if (wanted == MappedBytes)
        {
            return;
        }

        using SafeSectionHandle section = WindowsCalls.CreateFileMapping(
            file, 0, WindowsMemory.Protection(request.Access, request.IsPrivate), 0, 0, 0);
        if (section.IsInvalid)
        {
            throw SystemError.From("Making a section of the file", Marshal.GetLastPInvokeError());
        }

        long whole = wanted / _granularity * _granularity;
        if (whole > MappedBytes)
        {
            Add(section, request, whole - MappedBytes);
        }

        if (wanted > MappedBytes)
        {
            Add(section, request, wanted - MappedBytes);
        }
    }

    protected override bool Unmap()
    {
        bool done = true;
        while (_views.TryPop(out (long Start, long Length) view))
        {
            done &= WindowsCalls.UnmapView(Base + (nint)view.Start); // its addresses go with it
        }

        return (MappedBytes == ReservedBytes || WindowsCalls.Free(Base + (nint)MappedBytes, 0, Release)) && done;
    }

    private void Add(SafeSectionHandle section, in MapRequest request, long length)
    {
        nint address = Base + (nint)MappedBytes;
        if (MappedBytes + length < ReservedBytes && !WindowsCalls.Free(address, (nuint)length, Release | Preserve))
        {
            throw SystemError.From("Splitting the reserved address space", Marshal.GetLastPInvokeError());
        }

        nint view = WindowsCalls.MapViewInPlaceholder(section, _process, address, (ulong)(request.Offset + MappedBytes), (nuint)length,
            ReplacePlaceholder, WindowsMemory.Protection(request.Access, request.IsPrivate), 0, 0);
        if (view == 0)
        {
            int error = Marshal.GetLastPInvokeError();
            Join(address, ReservedBytes - MappedBytes, splitAt: length);
            throw SystemError.From($"Mapping {length} bytes at offset {request.Offset + MappedBytes}", error);
        }

        _views.Push((MappedBytes, length));
        MappedBytes += length;
    }

    private void Drop((long Start, long Length) view)
    {
        nint address = Base + (nint)view.Start;
        if (!WindowsCalls.UnmapViewToPlaceholder(_process, address, Preserve))
        {
            throw SystemError.From($"Unmapping {view.Length} bytes", Marshal.GetLastPInvokeError());
        }

        Join(address, ReservedBytes - view.Start, splitAt: view.Length);
    }

    private static void Join(nint address, long length, long splitAt)
    {
        if (splitAt < length && !WindowsCalls.Free(address, (nuint)length, Release | Coalesce))
        {
            throw SystemError.From("Joining the reserved address space", Marshal.GetLastPInvokeError());
        }
    }
}
