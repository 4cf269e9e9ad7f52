using System.Net;
using System.Net.Sockets;
using Mapwire.Server.Loop;
using Xunit;

namespace Mapwire.Server.Tests.EventLoops;

public sealed class ListenerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(SocketError.TooManyOpenSockets)] // EMFILE, ENFILE
    [InlineData(SocketError.NoBufferSpaceAvailable)] // ENOBUFS, ENOMEM
    [InlineData(SocketError.Fault)] // whatever else
    public void A_system_that_cannot_accept_is_asked_again_later_and_not_at_once(SocketError error)
    {
        int calls = 0;
        int faults = 0;
        EventLoop loop = new("test accept", new ScriptedPoller());
        using ManualResetEventSlim accepted = new();
        Listener listener = new(
            loop,
            () => ++calls switch
            {
                <= 3 => throw new SocketException((int)error),
                4 => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp),
                _ => null,
            },
            socket =>
            {
                socket.Dispose();
                accepted.Set();
            },
            _ => faults++);
        long start = Environment.TickCount64;
        loop.Post(listener);
        loop.Start();
        Assert.True(accepted.Wait(Patience));
        Assert.InRange(Environment.TickCount64 - start, 290, 30_000); // three pauses of 100 ms
        Assert.Equal(3, faults);
        Assert.True(loop.Stop(Patience));
    }

    [Fact]
    public void A_client_that_nobody_can_take_over_is_closed()
    {
        int calls = 0;
        EventLoop loop = new("test accept", new ScriptedPoller());
        using ManualResetEventSlim failed = new();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Listener listener = new(
            loop,
            () => ++calls == 1 ? client : null,
            static _ => throw new InvalidOperationException("here"),
            _ => failed.Set());
        loop.Post(listener);
        loop.Start();
        Assert.True(failed.Wait(Patience));
        Assert.True(client.SafeHandle.IsClosed);
        Assert.True(loop.Stop(Patience));
    }

    [Fact]
    public void A_client_that_left_before_it_was_accepted_holds_up_no_other()
    {
        int calls = 0;
        int faults = 0;
        EventLoop loop = new("test accept", new ScriptedPoller());
        using ManualResetEventSlim accepted = new();
        Listener listener = new(
            loop,
            () => ++calls switch
            {
                1 => throw new SocketException((int)SocketError.ConnectionAborted),
                2 => throw new SocketException((int)SocketError.ConnectionReset),
                3 => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp),
                _ => null,
            },
            socket =>
            {
                socket.Dispose();
                accepted.Set();
            },
            _ => faults++);
        loop.Post(listener);
        loop.Start();
        Assert.True(accepted.Wait(Patience));
        Assert.Equal(0, faults);
        Assert.True(loop.Stop(Patience));
    }

    [Fact]
    public void Clients_of_this_system_are_accepted_without_a_fault()
    {
        List<Exception> faults = [];
        int count = 0;
        EventLoop loop = new("test accept");
        Listener listener = new(loop, new IPEndPoint(IPAddress.Loopback, 0), 16, socket =>
        {
            socket.Dispose();
            Interlocked.Increment(ref count);
        }, faults.Add);
        loop.Watch(listener);
        loop.Start();
        for (int i = 1; i <= 5; i++)
        {
            using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(listener.EndPoint);
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref count) == i, Patience));
        }

        Assert.True(loop.Stop(Patience));
        Assert.Empty(faults); // that nobody is left to be accepted is none
    }

    [Fact]
    public void A_fault_of_the_listener_itself_is_told_and_it_goes_on_later()
    {
        int faults = 0;
        EventLoop loop = new("test accept", new ScriptedPoller());
        Listener listener = new(loop, static () => null, static socket => socket.Dispose(), _ => faults++);
        listener.OnFault(new InvalidOperationException("here"));
        Assert.Equal(1, faults);
        Assert.InRange(listener.Deadline - loop.Now, 1, 1000);
        Assert.True(loop.Stop(Patience));
    }

    [Fact]
    public void A_fault_with_one_connection_does_not_end_accepting()
    {
        int count = 0;
        int faults = 0;
        EventLoop loop = new("test accept", new ScriptedPoller());
        Listener listener = new(
            loop,
            () => count < 200 ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) : null,
            socket =>
            {
                count++;
                if (count % 2 == 0)
                {
                    throw new InvalidOperationException("this one");
                }

                socket.Dispose();
            },
            _ => faults++);
        loop.Post(listener);
        loop.Start();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref count) == 200, Patience));
        Assert.True(loop.Stop(Patience));
        Assert.Equal(100, faults);
    }

    [Fact]
    public void Both_families_are_accepted_at_the_address_of_all()
    {
        EventLoop loop = new("test accept");
        int accepted = 0;
        using Listener listener = new(
            loop,
            new IPEndPoint(IPAddress.IPv6Any, 0),
            16,
            socket =>
            {
                socket.Dispose();
                Interlocked.Increment(ref accepted);
            },
            static _ => { });
        loop.Post(() => loop.Watch(listener));
        loop.Start();
        foreach (IPAddress address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            using Socket client = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(new IPEndPoint(address, listener.EndPoint.Port));
        }

        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref accepted) == 2, Patience));
        Assert.True(loop.Stop(Patience));
    }
}
