using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Mapwire.Server.Loop;

/// <summary>macOS: one kqueue with edge-triggered (EV_CLEAR) read and write filters, woken by a user event.</summary>
[SupportedOSPlatform("macos")]
internal sealed unsafe partial class KqueuePoller : Poller
{
    private const short FilterRead = -1;
    private const short FilterWrite = -2;
    private const short FilterUser = -10;
    private const ushort Enlist = 0x1; // EV_ADD
    private const ushort Delete = 0x2;
    private const ushort Clear = 0x20;
    private const ushort EndOfFile = 0x8000;
    private const uint Trigger = 0x01000000; // NOTE_TRIGGER
    private const int ErrnoInterrupted = 4;

    private readonly SystemHandle _queue;
    private readonly KernelEvent[] _events = new KernelEvent[512];

    public KqueuePoller()
    {
        int descriptor = Kqueue();
        _queue = new SystemHandle(descriptor >= 0 ? descriptor : throw new Win32Exception(Marshal.GetLastPInvokeError()));
        Change(new KernelEvent { Filter = FilterUser, Flags = Enlist | Clear });
    }

    public override void Add(SafeHandle socket, long key)
    {
        nuint descriptor = (nuint)socket.DangerousGetHandle();
        Change(new KernelEvent { Identifier = descriptor, Filter = FilterRead, Flags = Enlist | Clear, Key = (nint)key });
        Change(new KernelEvent { Identifier = descriptor, Filter = FilterWrite, Flags = Enlist | Clear, Key = (nint)key });
    }

    public override void Remove(SafeHandle socket, long key)
    {
        nuint descriptor = (nuint)socket.DangerousGetHandle();
        Change(new KernelEvent { Identifier = descriptor, Filter = FilterRead, Flags = Delete });
        Change(new KernelEvent { Identifier = descriptor, Filter = FilterWrite, Flags = Delete });
    }

    public override void WantWrite(SafeHandle socket, long key, bool want)
    {
        // The write filter is set for good at Add.
    }

    public override int Wait(Span<PollEvent> events, int timeoutMilliseconds)
    {
        TimeSpec timeout = new() { Seconds = timeoutMilliseconds / 1000, Nanoseconds = timeoutMilliseconds % 1000 * 1_000_000 };
        int count;

        // SAFETY: the array is pinned and has room for the number of events asked for.
        fixed (KernelEvent* buffer = _events)
        {
            count = Kevent(_queue, null, 0, buffer, Math.Min(_events.Length, events.Length), timeoutMilliseconds < 0 ? null : &timeout);
        }

        if (count < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errno == ErrnoInterrupted ? 0 : throw new Win32Exception(errno);
        }

        int written = 0;
        foreach (ref readonly KernelEvent seen in _events.AsSpan(0, count))
        {
            if (seen.Filter != FilterUser)
            {
                bool over = (seen.Flags & EndOfFile) != 0;
                events[written++] = new PollEvent(seen.Key, seen.Filter == FilterRead || over, seen.Filter == FilterWrite, over);
            }
        }

        return written;
    }

    public override void Wake() => Change(new KernelEvent { Filter = FilterUser, FilterFlags = Trigger });

    public override void Dispose() => _queue.Dispose();

    private void Change(KernelEvent change)
    {
        // SAFETY: one event of this frame in, none out.
        if (Kevent(_queue, &change, 1, null, 0, null) < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", EntryPoint = "kqueue", SetLastError = true)]
    private static partial int Kqueue();

    [LibraryImport("libc", EntryPoint = "kevent", SetLastError = true)]
    private static partial int Kevent(
        SafeHandle queue, KernelEvent* changes, int changeCount, KernelEvent* events, int eventCount, TimeSpec* timeout);

    private struct KernelEvent
    {
        public nuint Identifier;
        public short Filter;
        public ushort Flags;
        public uint FilterFlags;
        public nint Data;
        public nint Key;
    }

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
