using System.Net;
using System.Net.Sockets;
using Mapwire.Server.Loop;
using Mapwire.Server.Sending;
using Mapwire.Server.Tests.EventLoops;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

/// <summary>A connection on a socket that a test scripts, turn by turn and without a thread.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly ScriptedPoller _poller = new();
    private readonly ScriptedSender _sender = new();
    private readonly Talk _talk = new();
    private readonly RecordingLog _log = new();
    private readonly ConnectionLoop _loop;
    private readonly Connection _connection;

    public ConnectionTests()
    {
        ConnectionLimits limits = new(SendTimeout: 60_000, MinPlayerRate: 1000, MaxPlayerRate: null, MaxLoopRate: null, MaxUnsentTime: 50);
        _loop = new ConnectionLoop("test", limits, _log, _poller);
        _connection = new Connection(_loop, _sender, null, _ => _talk);
    }

    public void Dispose() => _loop.Stop(TimeSpan.FromSeconds(10));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(1023)]
    [InlineData(1 << 20)]
    public void Whatever_a_full_socket_takes_at_a_time_all_bytes_come_in_order(int most)
    {
        _talk.Add(3000);
        Random random = new(most);
        _sender.Takes = _ => random.Next(most + 1);
        for (int turn = 0; turn < 100_000 && _sender.Wire.Length < 3000; turn++)
        {
            _connection.IsWritable = true;
            _connection.TakeTurn();
        }

        Assert.Equal(_talk.Bytes.ToArray(), _sender.Wire.ToArray());
        Assert.Equal(3000, _connection.BytesSent);
        Assert.False(_connection.IsClosed);
    }

    [Fact]
    public void A_send_cut_at_every_byte_goes_on_at_that_byte()
    {
        for (int cut = 0; cut < 400; cut++)
        {
            using ConnectionTests fresh = new();
            fresh._talk.Add(400);
            fresh._sender.Takes = offered => fresh._sender.Sends == 1 ? cut : offered;
            fresh._connection.TakeTurn();
            Assert.Equal(cut, fresh._sender.Wire.Length);
            Assert.True(fresh._connection.IsBlocked);
            fresh._connection.TakeTurn(); // a turn without news of the socket sends nothing
            Assert.Equal(1, fresh._sender.Sends);
            fresh._connection.IsWritable = true;
            fresh._connection.TakeTurn();
            Assert.Equal(fresh._talk.Bytes.ToArray(), fresh._sender.Wire.ToArray());
            Assert.False(fresh._connection.IsBlocked);
        }
    }

    [Fact]
    public void A_connection_sends_no_more_than_its_turn_and_asks_for_another()
    {
        _talk.Add(3 << 20);
        _connection.TakeTurn();
        Assert.InRange(_sender.Wire.Length, 1 << 20, (1 << 20) + (128 << 10));
        Assert.True(_connection.HasTurn);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_socket_that_is_always_full_is_given_no_more_at_a_time_than_may_wait_unsent(bool hasLimit)
    {
        _talk.Add(1 << 20);
        _sender.HasUnsentLimit = hasLimit;
        _sender.Takes = static _ => 1000;
        for (int turn = 0; turn <= 250; turn += 2)
        {
            _connection.IsWritable = true;
            _connection.TakeTurn();
            _loop.Now += 2;
        }

        int limit = Assert.Single(_sender.UnsentLimits);
        Assert.InRange(limit, 24_000, 26_000); // 50 ms of 500,000 bytes a second
        _sender.Takes = static offered => offered; // the system takes more than its limit says: the rest of a packet's worth
        long before = _sender.Wire.Length;
        _connection.IsWritable = true;
        _connection.TakeTurn();
        Assert.Equal(hasLimit ? limit : (1 << 20) - before, _sender.Wire.Length - before);
        Assert.Equal(hasLimit, _connection.IsBlocked);
        while (_sender.Wire.Length < 1 << 20)
        {
            _connection.IsWritable = true;
            _connection.TakeTurn();
        }

        Assert.Equal(_talk.Bytes.ToArray(), _sender.Wire.ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(999)]
    public void A_player_that_takes_less_than_the_least_rate_is_closed_however_lately_it_took_a_byte(int perSecond)
    {
        _talk.Add(200_000);
        _sender.Takes = static _ => 1000; // the least rate
        TakeEachSecond(61); // full since the first turn: the last one is a send timeout later, and what comes is measured anew
        Assert.False(_connection.IsClosed);
        _sender.Takes = _ => perSecond;
        TakeEachSecond(59);
        Assert.False(_connection.IsClosed);
        TakeEachSecond(1);
        Assert.Contains("close: NotReading,", Assert.Single(_log.Lines), StringComparison.Ordinal);
        Assert.Equal(61_000 + (60 * perSecond), _sender.Wire.Length);
    }

    [Fact]
    public void A_player_that_takes_just_the_least_rate_stays()
    {
        _talk.Add(400_000);
        _sender.Takes = static _ => 1000;
        TakeEachSecond(300);
        Assert.False(_connection.IsClosed);
        Assert.Equal(300_000, _sender.Wire.Length);
    }

    [Fact]
    public void Who_takes_a_little_of_what_was_encrypted_before_is_taking()
    {
        ConnectionLimits limits = new(SendTimeout: 60_000, MinPlayerRate: 0, MaxPlayerRate: null, MaxLoopRate: null, MaxUnsentTime: 0);
        ConnectionLoop loop = new("test", limits, _log, new ScriptedPoller());
        Connection connection = new(loop, _sender, null, _ => _talk);
        _talk.Add(1000);
        _sender.Takes = offered =>
        {
            _sender.UnsentBytes = 60_000;
            return offered;
        };
        _sender.Flushes = static _ => 100;
        connection.TakeTurn();
        Assert.True(connection.IsBlocked);
        for (int i = 0; i < 5; i++)
        {
            loop.Now += 50_000;
            connection.IsWritable = true;
            connection.TakeTurn();
            Assert.False(connection.IsClosed, $"turn {i}");
        }

        _sender.Flushes = static _ => 0;
        loop.Now += 60_000;
        connection.IsWritable = true;
        connection.TakeTurn();
        Assert.True(connection.IsClosed);
        Assert.True(loop.Stop(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void A_sender_that_has_had_its_share_goes_on_in_another_turn()
    {
        _connection.TakeTurn();
        Assert.False(_connection.HasTurn);
        _sender.HoldsReceived = true;
        _connection.TakeTurn();
        Assert.True(_connection.HasTurn);
    }

    [Fact]
    public void A_connection_that_is_gone_when_it_is_given_away_is_closed_and_counts_no_longer()
    {
        _connection.TakeTurn();
        _sender.Detaches = static _ => throw new IOException("it is not connected");
        Assert.Null(_connection.Detach("rest"u8));
        Assert.True(_connection.IsClosed);
        Assert.True(_sender.IsDisposed);
        Assert.Equal(1, _talk.Abandons);
        Assert.Equal(-1, _loop.ConnectionCount); // it was never adopted, and leaves once
        Assert.Contains("close: ConnectionLost,", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SendResult.Disconnected)]
    [InlineData(SendResult.SourceLost)]
    internal void A_send_that_fails_ends_the_connection_once(SendResult result)
    {
        _talk.Add(100);
        _sender.Takes = static _ => 0;
        _sender.WhenNothing = result;
        _connection.TakeTurn();
        _connection.Close(CloseReason.Idle);
        _connection.TakeTurn(); // too late
        Assert.True(_connection.IsClosed);
        Assert.True(_sender.IsDisposed);
        Assert.Equal(1, _talk.Abandons);
        Assert.Equal(-1, _loop.ConnectionCount); // it was never adopted, and leaves once
    }

    [Theory]
    [InlineData(CloseReason.SourceLost, true)]
    [InlineData(CloseReason.NotReading, true)]
    [InlineData(CloseReason.InternalError, true)]
    [InlineData(CloseReason.Answered, false)]
    [InlineData(CloseReason.ProtocolError, false)] // behind its reason
    [InlineData(CloseReason.ServerStopped, false)]
    internal void Only_an_end_inside_of_what_was_announced_breaks_the_connection(CloseReason reason, bool isBroken)
    {
        _connection.TakeTurn();
        _connection.Close(reason);
        Assert.Equal(isBroken, _sender.IsBroken);
        Assert.True(_sender.IsDisposed);
    }

    [Fact]
    public void A_full_socket_has_its_conversation_look_after_what_was_sent_when_it_asks_for_that()
    {
        _talk.Add(100);
        _sender.Takes = static _ => 1;
        _talk.WakeWhileBlocked = new Wake(_loop.Now + 500, CloseReason.SourceLost);
        _connection.TakeTurn();
        Assert.False(_connection.IsClosed);
        _loop.Now += 500;
        _connection.TakeTurn();
        Assert.True(_sender.IsBroken);
    }

    [Theory]
    [InlineData(SocketError.ConnectionReset)]
    [InlineData(SocketError.TimedOut)]
    [InlineData(SocketError.Success)] // the end
    public void A_receive_that_ends_or_fails_ends_the_connection(SocketError error)
    {
        _sender.Incoming.Enqueue([1, 2, 3]);
        _sender.WhenEmpty = error;
        _connection.IsReadable = true;
        _connection.HasEnded = true; // told together with the bytes: no later event comes
        _connection.TakeTurn();
        Assert.Equal([1, 2, 3], _talk.Received);
        Assert.True(_connection.IsClosed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // a poller that would tell of the end without a pause
    public void A_peer_that_says_no_more_is_sent_its_answer_to_the_end_before_the_connection_ends(bool isToldOnce)
    {
        _poller.TellsOnce = isToldOnce;
        _talk.Add(3000);
        _talk.IsAnswering = true;
        _sender.Takes = static _ => 700;
        _connection.TakeTurn();
        HearEnd([1, 2]);
        Assert.Equal([1, 2], _talk.Received);
        Assert.Equal(isToldOnce, _poller.Keys.Count == 1);
        for (int turn = 0; turn < 5; turn++)
        {
            Assert.False(_connection.IsClosed);
            Assert.False(_sender.HasEndedSending);
            _connection.IsWritable = isToldOnce;
            _loop.Now += 20;
            _connection.TakeTurn();
        }

        Assert.Equal(_talk.Bytes.ToArray(), _sender.Wire.ToArray());
        _talk.IsAnswering = false;
        _connection.TakeTurn();
        Assert.True(_sender.HasEndedSending);
        Assert.True(_connection.IsClosed);
        Assert.False(_sender.IsBroken);
        Assert.Contains("close: Answered,", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_whose_peer_says_no_more_stays_until_the_socket_has_what_was_encrypted()
    {
        _talk.IsAnswering = true;
        HearEnd([]);
        _talk.IsAnswering = false;
        _sender.UnsentBytes = 100;
        _sender.Flushes = static _ => 0;
        _connection.TakeTurn();
        Assert.True(_sender.HasEndedSending);
        Assert.False(_connection.IsClosed);
        _sender.UnsentBytes = 0;
        _connection.IsWritable = true;
        _connection.TakeTurn();
        Assert.True(_connection.IsClosed);
    }

    [Fact]
    public void A_peer_that_says_no_more_and_is_sent_nothing_is_waited_for_as_long_as_one_that_does_not_read()
    {
        _talk.IsAnswering = true;
        HearEnd([]);
        _loop.Now += 59_999;
        _connection.TakeTurn();
        Assert.False(_connection.IsClosed);
        _loop.Now += 1;
        _connection.TakeTurn();
        Assert.Contains("close: PlayerLeft,", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_peer_that_said_no_more_and_can_be_sent_nothing_has_left()
    {
        _talk.IsAnswering = true;
        HearEnd([]);
        _talk.Add(100);
        _sender.Takes = static _ => 0;
        _sender.WhenNothing = SendResult.Disconnected;
        _connection.TakeTurn();
        Assert.Contains("close: PlayerLeft,", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void Less_than_a_buffer_empties_the_socket_and_a_whole_buffer_does_not()
    {
        _sender.WhenEmpty = SocketError.ConnectionReset; // would be seen by one receive too many
        _sender.Incoming.Enqueue(new byte[10]);
        _connection.IsReadable = true;
        _connection.TakeTurn();
        Assert.False(_connection.IsClosed);
        _sender.WhenEmpty = SocketError.WouldBlock;
        for (int i = 0; i < 10; i++)
        {
            _sender.Incoming.Enqueue(new byte[64 * 1024]);
        }

        _connection.IsReadable = true;
        _connection.TakeTurn();
        Assert.True(_connection.HasTurn); // others first, then the rest
        Assert.Equal(6, _sender.Incoming.Count);
    }

    [Fact]
    public void A_fault_of_the_conversation_ends_its_connection()
    {
        _talk.Fault = new InvalidOperationException("here");
        _connection.RunTurn();
        Assert.True(_connection.IsClosed);
        Assert.Equal(1, _talk.Abandons);
        Assert.Empty(_poller.Keys);
    }

    [Fact]
    public void A_socket_that_cannot_be_watched_is_closed_and_the_loop_goes_on()
    {
        _poller.FailAdd = static () => new System.ComponentModel.Win32Exception(28); // ENOSPC: max_user_watches
        _connection.RunTurn();
        Assert.True(_connection.IsClosed);
        Assert.True(_sender.IsDisposed);
        _poller.FailAdd = null;
        Connection next = new(_loop, new ScriptedSender(), null, _ => _talk);
        next.RunTurn();
        Assert.False(next.IsClosed);
        Assert.Equal(0, next.Place); // the place of the first was given back
    }

    [Fact]
    public void A_conversation_is_replaced_once()
    {
        _connection.TakeTurn();
        Talk upgraded = new();
        _connection.Replace(upgraded);
        Assert.Equal(1, _talk.Abandons);
        upgraded.Add(10);
        _connection.TakeTurn();
        Assert.Equal(upgraded.Bytes.ToArray(), _sender.Wire.ToArray());
        Assert.Throws<InvalidOperationException>(() => _connection.Replace(new Talk()));
        _connection.Close(CloseReason.Idle);
        Assert.Equal(1, upgraded.Abandons);
    }

    [Fact]
    public void What_is_posted_runs_in_order_and_once_also_when_it_comes_too_late()
    {
        List<int> ran = [];
        _connection.Post(() => ran.Add(1));
        _connection.Post(() => ran.Add(2));
        _connection.TakeTurn();
        Assert.Equal([1, 2], ran);
        _connection.Close(CloseReason.PlayerLeft);
        _connection.Post(() => ran.Add(3)); // lets go of a title that was opened for it
        _connection.RunTurn();
        _connection.RunTurn();
        Assert.Equal([1, 2, 3], ran);
    }

    [Fact]
    public void What_is_posted_behind_something_that_throws_runs_too_and_finds_the_connection_closed()
    {
        bool? wasClosed = null;
        _connection.Post(static () => throw new InvalidOperationException("here"));
        _connection.Post(() => wasClosed = _connection.IsClosed); // has to let go of a title
        _connection.RunTurn();
        Assert.True(wasClosed);
        Assert.Equal(1, _talk.Abandons);
    }

    [Fact]
    public void A_connection_that_comes_when_its_loop_has_ended_is_closed_and_never_begins()
    {
        Assert.True(_loop.Stop(TimeSpan.FromSeconds(10)));
        _loop.Adopt(_sender, null, _ => _talk);
        Assert.Equal(0, _loop.ConnectionCount);
        Assert.True(_sender.IsDisposed);
        Assert.Equal(0, _talk.Gathers);
    }

    [Fact]
    public void A_list_whose_memory_was_freed_is_used_no_more()
    {
        GatherList list = new();
        list.Dispose();
        Assert.Throws<ObjectDisposedException>(list.Clear);
    }

    [Fact]
    public void A_loop_tells_of_each_connection_that_closes_once()
    {
        List<EndPoint?> gone = [];
        TellingLoop loop = new(_loop.Limits, gone);
        IPEndPoint peer = new(IPAddress.Loopback, 1);
        Connection connection = new(loop, _sender, peer, _ => _talk);
        connection.RunTurn();
        connection.Close(CloseReason.Idle);
        connection.Close(CloseReason.Idle);
        Assert.Same(peer, Assert.Single(gone));
        loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void A_deadline_that_is_over_closes_for_its_reason_and_one_without_a_reason_does_not()
    {
        _talk.Wake = new Wake(_loop.Now);
        _connection.TakeTurn();
        Assert.False(_connection.IsClosed);
        _talk.Wake = new Wake(_loop.Now, CloseReason.Idle);
        _connection.TakeTurn();
        Assert.True(_connection.IsClosed);
    }

    [Fact]
    public void Memory_that_is_gone_is_reported_by_a_copy_and_not_touched()
    {
        GatherList list = _loop.Gather;
        list.Clear();
        Assert.True(list.TryReserve(3, out Span<byte> header));
        header[0] = 7;
        Assert.True(list.TryAddReserved(3));
        Assert.True(list.TryAddMapped(16, 4096)); // the first page of a process is nobody's
        byte[] into = new byte[100];
        Assert.Equal(3, list.CopyTo(into));
        Assert.Equal(7, into[0]);
        list.Clear();
        Assert.True(list.TryAddMapped(16, 4096));
        Assert.Equal(0, list.CopyTo(into));
    }

    /// <summary>Hears bytes, and with them that the peer has ended its half.</summary>
    private void HearEnd(byte[] bytes)
    {
        if (bytes.Length > 0)
        {
            _sender.Incoming.Enqueue(bytes);
        }

        _sender.WhenEmpty = SocketError.Success;
        _connection.IsReadable = true;
        _connection.HasEnded = true;
        _connection.TakeTurn();
    }

    /// <summary>Gives turns a second apart, in each of which the socket takes something once.</summary>
    private void TakeEachSecond(int times)
    {
        for (int i = 0; i < times && !_connection.IsClosed; i++)
        {
            _connection.IsWritable = true;
            _connection.TakeTurn();
            _loop.Now += 1000;
        }
    }

    [Theory]
    [InlineData(10_000L, null)]
    [InlineData(null, 10_000L)]
    public void No_more_is_sent_than_a_player_or_its_loop_may_be_sent(long? player, long? all)
    {
        ConnectionLimits limits = new(60_000, 1000, player, all, 50);
        using ScriptedPoller poller = new();
        ConnectionLoop loop = new("test", limits, _log, poller);
        Connection connection = new(loop, _sender, null, _ => _talk);
        _talk.Add(200_000);
        for (int i = 0; i < 100; i++)
        {
            connection.TakeTurn();
            loop.Now += 100;
        }

        Assert.InRange(_sender.Wire.Length, 100_000, 115_000); // ten seconds' worth, a burst, and what the last send overdrew
        Assert.True(loop.Stop(TimeSpan.FromSeconds(10)));
    }

    private sealed class TellingLoop(ConnectionLimits limits, List<EndPoint?> gone)
        : ConnectionLoop("test", limits, NullLogger.Instance, new ScriptedPoller())
    {
        protected override void OnRemoved(EndPoint? peer) => gone.Add(peer);
    }

    /// <summary>Says numbered bytes, in pieces of some length.</summary>
    private sealed class Talk : IConversation
    {
        private int _sent;

        public MemoryStream Bytes { get; } = new();

        public List<byte> Received { get; } = [];

        public Exception? Fault { get; set; }

        public Wake Wake { get; set; } = new(TimerWheel.Never);

        public Wake WakeWhileBlocked { get; set; } = new(TimerWheel.Never);

        public bool IsAnswering { get; set; }

        public int Abandons { get; private set; }

        public int Gathers { get; private set; }

        public bool IsUrgent => true;

        public void Add(int count)
        {
            for (int i = 0; i < count; i++)
            {
                Bytes.WriteByte((byte)((i * 7) + (i >> 8)));
            }
        }

        public void Receive(ReadOnlySpan<byte> bytes) => Received.AddRange(bytes);

        public void Gather(GatherList list, long most)
        {
            Gathers++;
            if (Fault is not null)
            {
                throw Fault;
            }

            ReadOnlySpan<byte> rest = Bytes.ToArray().AsSpan(_sent);
            while (!rest.IsEmpty && list.Length < most && list.TryReserve(Math.Min(rest.Length, 97), out Span<byte> scratch))
            {
                int length = Math.Min(rest.Length, 97);
                rest[..length].CopyTo(scratch);
                Assert.True(list.TryAddReserved(length));
                rest = rest[length..];
            }
        }

        public void SayGoodbye()
        {
        }

        public void Advance(long sent) => _sent += (int)sent;

        public Wake Next(long now) => Wake;

        public Wake NextWhileBlocked(long now) => WakeWhileBlocked;

        public void Abandon() => Abandons++;
    }
}
