using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Mapwire.Server.Loop;

/// <summary>Windows: WSAPoll over a dense array of the worker's sockets, woken by a datagram to a loopback socket of its own.</summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe partial class WindowsPoller : Poller
{
    private const short ReadNormal = 0x0100; // POLLRDNORM
    private const short WriteNormal = 0x0010; // POLLWRNORM
    private const short Error = 0x0001;
    private const short HangUp = 0x0002;
    private const short Invalid = 0x0004;

    private readonly Socket _wake;
    private readonly Dictionary<long, int> _places = [];
    private PollDescriptor[] _descriptors = new PollDescriptor[64];
    private long[] _keys = new long[64];
    private int _count;
    private int _next; // where the scan of ready sockets goes on, so that all are served when more are ready than fit

    public WindowsPoller()
    {
        _wake = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        _wake.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _wake.Connect(_wake.LocalEndPoint!);
        _descriptors[0] = new PollDescriptor { Socket = _wake.Handle, Events = ReadNormal };
        _keys[0] = -1;
        _count = 1;
    }

    public override bool TellsOfEndOnce => false;

    public override void Add(SafeHandle socket, long key)
    {
        if (_count == _descriptors.Length)
        {
            Array.Resize(ref _descriptors, _count * 2);
            Array.Resize(ref _keys, _count * 2);
        }

        _places.Add(key, _count);
        _keys[_count] = key;
        _descriptors[_count++] = new PollDescriptor { Socket = socket.DangerousGetHandle(), Events = ReadNormal };
    }

    public override void Remove(SafeHandle socket, long key)
    {
        if (!_places.Remove(key, out int place))
        {
            return;
        }

        int last = --_count;
        if (place != last)
        {
            _descriptors[place] = _descriptors[last];
            _keys[place] = _keys[last];
            _places[_keys[place]] = place;
        }
    }

    public override void WantWrite(SafeHandle socket, long key, bool want)
    {
        if (_places.TryGetValue(key, out int place)) // not where the peer's end was seen: its owner tries by the clock
        {
            _descriptors[place].Events = want ? (short)(ReadNormal | WriteNormal) : ReadNormal;
        }
    }

    public override int Wait(Span<PollEvent> events, int timeoutMilliseconds)
    {
        int ready;

        // SAFETY: _count descriptors are initialized and pinned during the call.
        fixed (PollDescriptor* descriptors = _descriptors)
        {
            ready = WsaPoll(descriptors, (uint)_count, timeoutMilliseconds);
        }

        if (ready < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        if (_descriptors[0].Returned != 0)
        {
            Span<byte> wakes = stackalloc byte[64];
            while (_wake.Receive(wakes, SocketFlags.None, out SocketError error) > 0 && error == SocketError.Success)
            {
            }
        }

        int written = 0;
        for (int scanned = 1; scanned < _count && ready > 0 && written < events.Length; scanned++)
        {
            _next = _next + 1 < _count ? _next + 1 : 1;
            short returned = _descriptors[_next].Returned;
            if (returned != 0)
            {
                events[written++] = new PollEvent(
                    _keys[_next],
                    Readable: (returned & (ReadNormal | Error | HangUp | Invalid)) != 0,
                    Writable: (returned & (WriteNormal | Error | HangUp | Invalid)) != 0,
                    Ended: (returned & (Error | HangUp | Invalid)) != 0);
            }
        }

        return written;
    }

    public override void Wake() => _wake.Send([1], SocketFlags.None, out _);

    public override void Dispose() => _wake.Dispose();

    [LibraryImport("ws2_32.dll", EntryPoint = "WSAPoll", SetLastError = true)]
    private static partial int WsaPoll(PollDescriptor* descriptors, uint count, int timeout);

    private struct PollDescriptor
    {
        public nint Socket;
        public short Events;
        public short Returned;
    }
}
