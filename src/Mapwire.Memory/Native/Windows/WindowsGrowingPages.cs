using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Windows;

/// <summary>Views of one file side by side in reserved address space.</summary>
/// <remarks>Growing adds views and touches none that is there (<see cref="ViewPlan"/>): other threads may use them meanwhile.</remarks>
internal sealed class WindowsGrowingPages : SafePages
{
    private const uint MEM_RESERVE_PLACEHOLDER = 0x2000 | 0x4_0000;
    private const uint MEM_REPLACE_PLACEHOLDER = 0x4000;
    private const uint MEM_RELEASE = 0x8000;
    private const uint MEM_COALESCE_PLACEHOLDERS = 1; // with MEM_RELEASE
    private const uint MEM_PRESERVE_PLACEHOLDER = 2; // with MEM_RELEASE
    private const uint PAGE_NOACCESS = 1;

    private readonly nint _process;
    private readonly ViewPlan _views;

    public WindowsGrowingPages(nint process, int granularity, long reserve, nint address)
    {
        _process = process;
        _views = new ViewPlan(Environment.SystemPageSize, granularity);
        ReservedBytes = (reserve + granularity - 1) / granularity * granularity;
        nint start = WindowsCalls.AllocateInPlaceholder(
            process, address, (nuint)ReservedBytes, MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, 0, 0);
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
                process, 0, (nuint)granularity, MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, 0, 0);
            return probe != 0 && WindowsCalls.Free(probe, 0, MEM_RELEASE);
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
        while (_views.TryRemove(request.Length, out (long Start, long Length) view))
        {
            MappedBytes = view.Start;
            Drop(view);
        }

        long missing = _views.GetMissing(request.Length, RandomAccess.GetLength(file) - request.Offset);
        if (missing == 0)
        {
            return;
        }

        using SafeSectionHandle section = WindowsCalls.CreateFileMapping(
            file, 0, WindowsMemory.Protection(request.Access, request.IsPrivate), 0, 0, 0);
        if (section.IsInvalid)
        {
            throw SystemError.From("Creating a section of the file", Marshal.GetLastPInvokeError());
        }

        Add(section, request, missing);
    }

    protected override bool Unmap()
    {
        bool done = true;
        long mapped = _views.Mapped;
        while (_views.TryRemoveLast(out (long Start, long Length) view))
        {
            done &= WindowsCalls.UnmapView(Base + (nint)view.Start); // its addresses go with it
        }

        return (mapped == ReservedBytes || WindowsCalls.Free(Base + (nint)mapped, 0, MEM_RELEASE)) && done;
    }

    private void Add(SafeSectionHandle section, in MapRequest request, long length)
    {
        nint address = Base + (nint)MappedBytes;
        if (MappedBytes + length < ReservedBytes && !WindowsCalls.Free(address, (nuint)length, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER))
        {
            throw SystemError.From("Splitting the reserved address space", Marshal.GetLastPInvokeError());
        }

        nint view = WindowsCalls.MapViewInPlaceholder(section, _process, address, (ulong)(request.Offset + MappedBytes), (nuint)length,
            MEM_REPLACE_PLACEHOLDER, WindowsMemory.Protection(request.Access, request.IsPrivate), 0, 0);
        if (view == 0)
        {
            int error = Marshal.GetLastPInvokeError();
            Join(address, ReservedBytes - MappedBytes, splitAt: length);
            throw SystemError.From($"Mapping {length} bytes at offset {request.Offset + MappedBytes}", error);
        }

        _views.Add(length);
        MappedBytes = _views.Mapped;
    }

    private void Drop((long Start, long Length) view)
    {
        nint address = Base + (nint)view.Start;
        if (!WindowsCalls.UnmapViewToPlaceholder(_process, address, MEM_PRESERVE_PLACEHOLDER))
        {
            throw SystemError.From($"Unmapping {view.Length} bytes", Marshal.GetLastPInvokeError());
        }

        Join(address, ReservedBytes - view.Start, splitAt: view.Length);
    }

    private static void Join(nint address, long length, long splitAt)
    {
        if (splitAt < length && !WindowsCalls.Free(address, (nuint)length, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS))
        {
            throw SystemError.From("Joining the reserved address space", Marshal.GetLastPInvokeError());
        }
    }
}
