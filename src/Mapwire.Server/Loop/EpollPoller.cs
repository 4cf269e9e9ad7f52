using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Mapwire.Server.Loop;

/// <summary>Linux: one edge-triggered epoll instance, woken through an eventfd.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class EpollPoller : Poller
{
    private const int CloseOnExec = 0x80000; // EPOLL_CLOEXEC = EFD_CLOEXEC = O_CLOEXEC
    private const int NonBlocking = 0x800; // EFD_NONBLOCK
    private const int ControlAdd = 1;
    private const int ControlRemove = 2;
    private const int ControlModify = 3;
    private const uint In = 0x1;
    private const uint Out = 0x4;
    private const uint Error = 0x8;
    private const uint HangUp = 0x10;
    private const uint PeerShutdown = 0x2000;
    private const uint EdgeTriggered = 1u << 31;
    private const uint Interest = In | Out | PeerShutdown | EdgeTriggered;
    private const int MaxEvents = 512;
    private const int ErrnoInterrupted = 4;
    private const long WakeKey = -1;

    // struct epoll_event is packed to 12 bytes on x86-64 alone; elsewhere its 64-bit data is aligned.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventSize = DataOffset + 8;

    private readonly SystemHandle _epoll;
    private readonly SystemHandle _wake;
    private readonly byte[] _events = new byte[MaxEvents * 16];

    public EpollPoller()
    {
        _epoll = new SystemHandle(Check(EpollCreate(CloseOnExec)));
        _wake = new SystemHandle(Check(EventFd(0, CloseOnExec | NonBlocking)));
        Control(ControlAdd, _wake, WakeKey, In);
    }

    public override void Add(SafeHandle socket, long key) =>
        Control(ControlAdd, socket, key, Interest);

    public override void Remove(SafeHandle socket, long key) => Control(ControlRemove, socket, key, 0);

    public override void WantWrite(SafeHandle socket, long key, bool want)
    {
        // Interest in writing is set for good at Add, and edge-triggered: an event comes when a socket drains that has refused bytes.
        // One that was left before it did is looked at now, and counts as refusing from here on.
        if (want)
        {
            Control(ControlModify, socket, key, Interest);
        }
    }

    public override int Wait(Span<PollEvent> events, int timeoutMilliseconds)
    {
        int count;

        // SAFETY: the array has room for MaxEvents events of the larger layout and is pinned during the call.
        fixed (byte* buffer = _events)
        {
            count = EpollWait(_epoll, buffer, Math.Min(MaxEvents, events.Length), timeoutMilliseconds);
        }

        if (count < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errno == ErrnoInterrupted ? 0 : throw new Win32Exception(errno);
        }

        int written = 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = _events.AsSpan(i * EventSize, EventSize);
            uint flags = MemoryMarshal.Read<uint>(entry);
            long key = MemoryMarshal.Read<long>(entry[DataOffset..]);
            if (key == WakeKey)
            {
                ulong ignored;
                _ = Read(_wake, &ignored, sizeof(ulong)); // SAFETY: eight bytes of this frame
                continue;
            }

            events[written++] = new PollEvent(
                key,
                Readable: (flags & (In | Error | HangUp | PeerShutdown)) != 0,
                Writable: (flags & (Out | Error | HangUp)) != 0,
                Ended: (flags & (Error | HangUp | PeerShutdown)) != 0);
        }

        return written;
    }

    public override void Wake()
    {
        ulong one = 1;
        _ = Write(_wake, &one, sizeof(ulong)); // SAFETY: eight bytes of this frame; a full counter wakes just as well
    }

    public override void Dispose()
    {
        _wake.Dispose();
        _epoll.Dispose();
    }

    private void Control(int operation, SafeHandle socket, long key, uint flags)
    {
        byte* entry = stackalloc byte[16];

        // SAFETY: sixteen bytes hold either layout.
        *(uint*)entry = flags;
        *(long*)(entry + DataOffset) = key;
        Check(EpollControl(_epoll, operation, socket, entry));
    }

    private static int Check(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollControl(SafeHandle epoll, int operation, SafeHandle fd, byte* entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int EpollWait(SafeHandle epoll, byte* events, int maxEvents, int timeout);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeHandle fd, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeHandle fd, void* buffer, nuint count);
}
