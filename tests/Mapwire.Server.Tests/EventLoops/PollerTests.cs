using System.Net.Sockets;
using Mapwire.Server.Loop;
using Mapwire.Server.Tests.Sending;
using Xunit;

namespace Mapwire.Server.Tests.EventLoops;

/// <summary>This system's poller with real sockets.</summary>
public sealed class PollerTests : IDisposable
{
    private const int Key = 7;
    private const int Patience = 10_000;

    private readonly SocketPair _sockets = new();
    private readonly Poller _poller = Poller.Create();
    private readonly PollEvent[] _events = new PollEvent[8];

    public void Dispose()
    {
        _poller.Dispose();
        _sockets.Dispose();
    }

    [Fact]
    public void Bytes_that_arrive_are_an_event_and_none_once_they_are_read()
    {
        Watch();
        _sockets.Receiver.Send([1, 2, 3]);
        PollEvent seen = Next();
        Assert.Equal((Key, true, false), (seen.Key, seen.Readable, seen.Ended));
        Assert.Equal(3, _sockets.Sender.Receive(new byte[8]));
        Assert.Equal(0, _poller.Wait(_events, 50));
        _sockets.Receiver.Send([4]);
        Assert.True(Next().Readable);
    }

    [Fact]
    public async Task A_full_socket_is_writable_again_when_its_peer_has_read()
    {
        Watch();
        byte[] bytes = new byte[64 * 1024];
        Fill(bytes);
        _poller.WantWrite(_sockets.Sender.SafeHandle, Key, want: true);
        while (_poller.Wait(_events, 100) > 0)
        {
            Fill(bytes); // the system moved some to the other end
            _poller.WantWrite(_sockets.Sender.SafeHandle, Key, want: true);
        }

        using MemoryStream sink = new();
        Task draining = Task.Run(() =>
        {
            while (_sockets.Receiver.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead))
            {
                _sockets.Drain(sink);
            }
        });
        PollEvent seen = Next();
        Assert.Equal((Key, true), (seen.Key, seen.Writable));
        await draining;
    }

    [Fact]
    public void Who_waits_to_write_to_a_socket_with_room_hears_of_it_at_once()
    {
        Watch();
        Assert.Equal(0, _poller.Wait(_events, 50));
        _poller.WantWrite(_sockets.Sender.SafeHandle, Key, want: true);
        PollEvent seen = Next();
        Assert.Equal((Key, true), (seen.Key, seen.Writable));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_end_is_an_event_to_read(bool isReset)
    {
        Watch();
        _sockets.Receiver.LingerState = new LingerOption(isReset, 0);
        _sockets.Receiver.Close();
        PollEvent seen = Next();
        Assert.Equal((Key, true, true), (seen.Key, seen.Readable, seen.Ended));
    }

    [Fact]
    public void What_is_no_longer_watched_is_no_event()
    {
        Watch();
        _poller.Remove(_sockets.Sender.SafeHandle, Key);
        _sockets.Receiver.Send([1]);
        Assert.Equal(0, _poller.Wait(_events, 50));
        _poller.Add(_sockets.Sender.SafeHandle, Key + 1);
        Assert.Equal(Key + 1, Next().Key);
    }

    [Fact]
    public void A_wake_ends_the_wait_at_hand_or_the_next_one_and_no_more()
    {
        for (int i = 0; i < 3; i++)
        {
            _poller.Wake();
        }

        Assert.Equal(0, _poller.Wait(_events, -1));
        using Timer later = new(_ => _poller.Wake(), null, 50, Timeout.Infinite);
        Assert.Equal(0, _poller.Wait(_events, -1));
    }

    private void Fill(byte[] bytes)
    {
        while (_sockets.Sender.Send(bytes, SocketFlags.None, out SocketError error) > 0 && error == SocketError.Success)
        {
        }
    }

    /// <summary>Watches the sending end, and takes the event that it has room, where the system has one.</summary>
    private void Watch()
    {
        _poller.Add(_sockets.Sender.SafeHandle, Key);
        _poller.Wait(_events, 0);
    }

    /// <summary>The next event, waited for.</summary>
    private PollEvent Next()
    {
        Assert.Equal(1, _poller.Wait(_events, Patience));
        return _events[0];
    }
}
