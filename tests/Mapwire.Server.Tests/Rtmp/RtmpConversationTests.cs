using System.Buffers;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Playback;
using Mapwire.Server.Rtmp;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Mapwire.Server.Tests.Sending;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Rtmp;

/// <summary>A conversation with a real client's session, turn by turn and by a clock that the test sets.</summary>
public sealed class RtmpConversationTests : IDisposable
{
    private const long Start = 1_000_000;

    private readonly TemporaryFolder _folder = new();
    private readonly ScriptedPoller _poller = new();
    private readonly ArrayBufferWriter<byte> _toServer = new();
    private readonly Ear _ear = new();
    private readonly RecordingLog _log = new();
    private readonly HeldBytes _held = new(2_000_000, "--max-held-bytes");
    private readonly TitleCatalog _catalog;
    private readonly RtmpContext _context;
    private readonly ConnectionLoop _loop;
    private ScriptedSender _sender = null!;
    private Connection _connection = null!;
    private RtmpConversation _conversation = null!;
    private ClientSession _client = null!;
    private long _heard;

    public RtmpConversationTests()
    {
        _folder.Add("a.mp4");
        MediaServerOptions options = new()
        {
            Folder = _folder.Path,
            MaxClientBuffer = TimeSpan.FromSeconds(1),
            MaxPause = TimeSpan.FromSeconds(3),
            IdleTimeout = TimeSpan.FromSeconds(100),
        };
        ServedFolder folder = new(_folder.Path);
        _catalog = new TitleCatalog(new FileCatalog(folder, new FileBudget()), NullLogger.Instance);
        PlayerContext players = new(options.ToPlayerOptions(), new ReelOpener(folder, _catalog, 10), _log);
        _context = new RtmpContext(
            players, options.HandshakeTimeout, options.IdleTimeout, options.MaxPause, options.MaxConnectionBytes,
            "--max-connection-bytes", _held);
        _loop = new ConnectionLoop("test", options.ToConnectionLimits(), _log, _poller) { Now = Start };
        Connect(ClientSessionOptions.DefaultConnect("vod", "rtmp://h/vod"));
        _client.SetBufferLength(1, 250);
    }

    public void Dispose()
    {
        _loop.Stop(TimeSpan.FromSeconds(10));
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_play_that_took_long_to_open_begins_by_the_clock_of_then()
    {
        int before = _poller.Wakes;
        _client.Play(1, new PlayCommand(0, "a.mp4"));
        Exchange();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _poller.Wakes) > before, TimeSpan.FromSeconds(30)));
        _loop.Now += 5000; // the storage was slow; nothing else happened meanwhile
        Exchange();
        Assert.Contains("NetStream.Play.Start", _ear.Heard);
        Assert.InRange(_ear.LastTime, 100, 250); // and no five seconds more
    }

    [Theory]
    [InlineData(null)]
    [InlineData("pause")]
    [InlineData("seek")]
    [InlineData("buffer")]
    public void A_pause_ends_when_it_is_over_whatever_the_player_asks_for_meanwhile(string? request)
    {
        Play();
        _client.Pause(1, true, 0);
        Exchange();
        for (int tenths = 0; tenths < 29; tenths++)
        {
            _loop.Now += 100;
            switch (request)
            {
                case "pause": _client.Pause(1, true, 0); break;
                case "seek": _client.Seek(1, 1000 * (tenths % 5)); break;
                case "buffer": _client.SetBufferLength(1, 250); break;
            }

            Exchange();
            Assert.False(_connection.IsClosed);
        }

        _loop.Now += 100;
        _connection.RunTurn();
        Assert.True(_connection.IsClosed);
    }

    [Fact]
    public void A_refusal_is_a_line_and_no_fault_of_the_server()
    {
        int before = _poller.Wakes;
        _client.Play(1, new PlayCommand(0, "nowhere.mp4"));
        Exchange();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _poller.Wakes) > before, TimeSpan.FromSeconds(30)));
        Exchange();
        Assert.Contains(
            _log.Lines, static line => line.Contains("play nowhere.mp4 refused: no title nowhere.mp4", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, static line => line.Contains("unhandled", StringComparison.Ordinal));
    }

    [Fact]
    public void A_player_that_goes_on_in_time_may_pause_again_for_as_long()
    {
        Play();
        for (int i = 0; i < 5; i++)
        {
            _client.Pause(1, true, 0);
            Exchange();
            _loop.Now += 2900;
            _client.Pause(1, false, 0);
            Exchange();
            Assert.False(_connection.IsClosed);
        }
    }

    [Fact]
    public void A_client_that_makes_the_server_hold_too_much_is_closed_with_a_line()
    {
        _sender.Takes = static _ => 0; // it reads nothing
        for (int i = 0; i < 20_000 && !_connection.IsClosed; i++)
        {
            _client.Seek(1, 1);
            if (i % 500 == 0)
            {
                Exchange();
            }
        }

        Assert.True(_connection.IsClosed);
        Assert.Contains(_log.Lines, static line => line.Contains("more than the 1048576 of", StringComparison.Ordinal));
    }

    [Fact]
    public void A_client_that_asks_for_more_when_all_together_hold_too_much_is_closed_and_what_it_held_is_free()
    {
        int others = 0;
        Assert.Null(_held.Count(null, ref others, 1_950_000));
        _sender.Takes = static _ => 0; // it reads nothing
        for (int i = 0; i < 20_000 && !_connection.IsClosed; i++)
        {
            _client.Seek(1, 1);
            if (i % 50 == 0)
            {
                Exchange();
            }
        }

        Assert.True(_connection.IsClosed);
        string line =
            Assert.Single(_log.Lines, static line => line.Contains("and is closed: all connections hold", StringComparison.Ordinal));
        Assert.Contains("more than the 2000000 of --max-held-bytes", line, StringComparison.Ordinal);
        int more = 0;
        Assert.Null(_held.Count(null, ref more, 50_000)); // nothing of it is counted any more
    }

    [Fact]
    public void Who_makes_the_server_hold_what_it_may_has_its_next_turn_when_something_is_due()
    {
        Play();
        _sender.Incoming.Enqueue(HalfOfAMessage(60_000));
        _connection.IsReadable = true;
        _connection.RunTurn();
        int others = 0;
        Assert.NotNull(_held.Count(null, ref others, 1_960_000)); // which is too much with what this one holds
        Assert.InRange(_conversation.Next(_loop.Now).Deadline, _loop.Now + 1, _loop.Now + 1200);
        Assert.False(_connection.IsClosed);
    }

    [Fact]
    public void What_a_client_reads_is_not_held_any_longer()
    {
        _sender.Takes = static _ => 0;
        for (int i = 0; i < 200; i++)
        {
            _client.Seek(1, 1);
        }

        Exchange();
        int others = 0;
        Assert.NotNull(_held.Count(null, ref others, 2_000_000)); // with what it holds that is too much
        _sender.Takes = static offered => offered;
        _connection.IsWritable = true;
        Exchange();
        Assert.False(_connection.IsClosed);
        Assert.Null(_held.Count(null, ref others, 0));
        Assert.Null(_held.Count(null, ref others, 2_000_000));
    }

    [Fact]
    public void A_connection_that_closes_lets_go_of_its_film()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lists what is mapped.");
        Play();
        _catalog.Dispose(); // it holds the film no longer: the player alone does
        Assert.True(IsMapped());
        _connection.Close(CloseReason.PlayerLeft);
        Assert.True(SpinWait.SpinUntil(() => !IsMapped(), TimeSpan.FromSeconds(30)));

        bool IsMapped() => File.ReadLines("/proc/self/maps").Any(line => line.Contains(_folder.Path, StringComparison.Ordinal));
    }

    [Fact]
    public void A_server_that_stops_says_so_and_sends_no_more_of_the_film()
    {
        Play();
        _loop.Now += 1000; // a second of it is due
        long before = _ear.LastTime;
        _loop.Stop(TimeSpan.FromSeconds(10));
        _client.Receive(_sender.Wire.ToArray().AsSpan((int)_heard));
        Assert.Equal("NetConnection.Connect.Closed", _ear.Heard[^1]);
        Assert.DoesNotContain("NetConnection.Connect.ReconnectRequest", _ear.Heard);
        Assert.Equal(before, _ear.LastTime);
        Assert.Contains(_log.Lines, static line => line.Contains("close: ServerStopped", StringComparison.Ordinal));
    }

    [Fact]
    public void A_server_that_stops_asks_who_can_to_connect_again()
    {
        Connect(ClientSessionOptions.EnhancedConnect("vod", "rtmp://h/vod", EnhancedCapabilities.Reconnect));
        Play();
        _loop.Stop(TimeSpan.FromSeconds(10));
        _client.Receive(_sender.Wire.ToArray().AsSpan((int)_heard));
        Assert.Equal(["NetConnection.Connect.ReconnectRequest", "NetConnection.Connect.Closed"], _ear.Heard[^2..]);
    }

    [Fact]
    public void A_server_that_stops_waits_for_no_full_socket()
    {
        Play();
        _sender.Takes = static _ => 0;
        _loop.Now += 1000;
        _connection.RunTurn();
        Assert.True(_connection.IsBlocked);
        int sends = _sender.Sends;
        _loop.Stop(TimeSpan.FromSeconds(10));
        Assert.Equal(sends, _sender.Sends);
        Assert.True(_connection.IsClosed);
    }

    /// <summary>Another client, which is the one that all others ask from now on.</summary>
    private void Connect(ConnectCommand connect)
    {
        _sender = new ScriptedSender();
        _connection = new Connection(_loop, _sender, null, connection => _conversation = new RtmpConversation(_context, connection, null));
        _toServer.ResetWrittenCount();
        _client = new ClientSession(new ClientSessionOptions(), connect, _ear, _toServer);
        _heard = 0;
        Exchange();
        _client.CreateStream();
        Exchange();
    }

    /// <summary>The first bytes of a message of 16 MB less one that nobody answers, in one chunk after another.</summary>
    private static byte[] HalfOfAMessage(int length)
    {
        const int ChunkLength = 128; // until a client says another one
        byte[] bytes = [0x07, 0, 0, 0, 0x01, 0, 0, 18, 1, 0, 0, 0, .. new byte[ChunkLength]];
        byte[] next = [0xC7, .. new byte[ChunkLength]];
        return [.. bytes, .. Enumerable.Repeat(next, length / ChunkLength).SelectMany(static one => one)];
    }

    private void Play()
    {
        int before = _poller.Wakes;
        _client.Play(1, new PlayCommand(0, "a.mp4"));
        Exchange();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _poller.Wakes) > before, TimeSpan.FromSeconds(30)));
        Exchange();
        Assert.Contains("NetStream.Play.Start", _ear.Heard);
    }

    /// <summary>Turns until neither side has more to say.</summary>
    private void Exchange()
    {
        do
        {
            foreach (byte[] part in _toServer.WrittenSpan.ToArray().Chunk(64 * 1024))
            {
                _sender.Incoming.Enqueue(part);
            }

            _toServer.ResetWrittenCount();
            _connection.IsReadable = true;
            _connection.RunTurn();
            byte[] wire = _sender.Wire.ToArray();
            _client.Receive(wire.AsSpan((int)_heard));
            _heard = wire.Length;
        }
        while (_toServer.WrittenCount > 0);
    }

    private sealed class Ear : IClientSessionHandler
    {
        public List<string> Heard { get; } = [];

        public long LastTime { get; private set; }

        public void OnConnected(bool accepted, StatusInfo status) => Assert.True(accepted);

        public void OnResult(double transactionId, bool succeeded, AmfValue value) => Assert.True(succeeded);

        public void OnStatus(uint streamId, StatusInfo status) => Heard.Add(status.Code);

        public void OnUserControl(UserControl control)
        {
        }

        public void OnData(uint streamId, long timestamp, string name, ReadOnlySpan<AmfValue> values)
        {
        }

        public void OnMedia(in RtmpMessage message, long timestamp) => LastTime = Math.Max(LastTime, timestamp);
    }
}
