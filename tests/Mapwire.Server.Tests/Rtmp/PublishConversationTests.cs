using System.Buffers;
using System.Text;
using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Http;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Playback;
using Mapwire.Server.Rtmp;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Mapwire.Server.Tests.Live;
using Mapwire.Server.Tests.Sending;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Rtmp;

/// <summary>Encoders and players on whole conversations of RTMP with one server of live streams, by a clock that the test sets.</summary>
public sealed class PublishConversationTests : IDisposable
{
    private static readonly byte[] VideoHeader = [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord];
    private static readonly byte[] AudioHeader = [0xAF, 0, 0x12, 0x10];

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLog _log = new();
    private readonly HeldBytes _held = new(100_000_000, "--max-held-bytes");
    private readonly TitleCatalog _catalog;
    private readonly ConnectionLoop _loop;
    private readonly List<LiveStreams> _made = [];
    private readonly List<Peer> _peers = [];
    private RtmpContext _context;

    public PublishConversationTests()
    {
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
        MediaServerOptions options = new() { Folder = _folder.Path };
        _loop = new ConnectionLoop("test", options.ToConnectionLimits(), _log, new ScriptedPoller()) { Now = 1_000_000 };
        _context = Serve(PublishKeys.Open);
    }

    public void Dispose()
    {
        _peers.ForEach(static peer => peer.Close());
        _made.ForEach(static streams => streams.Dispose());
        _loop.Stop(TimeSpan.FromSeconds(10));
        _catalog.Dispose();
        _folder.Dispose();
    }

    /// <summary>LIVE 20.</summary>
    [Theory]
    [InlineData(1_430_000, 4096)]
    [InlineData(16_777_150, 65_536)] // the largest message of RTMP, less what headers take
    public void A_key_picture_of_any_size_goes_through_and_its_publisher_stays(int size, int chunkSize)
    {
        Peer publisher = Publish("cam");
        Peer player = Play("cam");
        byte[] picture = [0x17, 1, 0, 0, 0, .. new byte[size]];
        new Random(7).NextBytes(picture.AsSpan(5));
        publisher.SetChunkSize(chunkSize);
        publisher.Send(MessageType.Video, 1, 0, VideoHeader);
        publisher.Send(MessageType.Audio, 1, 0, AudioHeader);
        publisher.Send(MessageType.Video, 1, 0, picture);
        publisher.Send(MessageType.Video, 1, 40, [0x27, 1, 0, 0, 0, 1, 2, 3]);
        for (int i = 0; i < 40; i++)
        {
            player.Turn(); // each sends a bounded part
        }

        byte[][] frames = [.. FramesOf(player)];
        Assert.Equal(2, frames.Length);
        Assert.True(picture.AsSpan().SequenceEqual(frames[0]), "other bytes");
        Assert.False(publisher.IsClosed);
    }

    /// <summary>LIVE 34: no acknowledgement is waited for, and a player's own are no matter.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_player_that_acknowledges_nothing_or_all_the_time_is_sent_everything(bool acknowledges)
    {
        Peer publisher = Publish("cam");
        publisher.SetChunkSize(65_536);
        Begin(publisher);
        Peer player = Play("cam");
        for (uint i = 0; i < 400; i++)
        {
            publisher.Send(MessageType.Video, 1, i * 40, [(byte)(i % 25 == 0 ? 0x17 : 0x27), 1, 0, 0, 0, .. new byte[20_000]]);
            for (int times = acknowledges ? 50 : 0; times > 0; times--)
            {
                player.Send(MessageType.Acknowledgement, 0, 0, [0xFF, 0xFF, (byte)times, 0]);
            }

            player.Turn();
        }

        // Eight megabytes: three times the window that the player was told to acknowledge by.
        Assert.Equal(400, FramesOf(player).Count());
        Assert.False(player.IsClosed);
    }

    /// <summary>LIVE 23, in the order of ffmpeg and OBS, and where no encoder would say it.</summary>
    [Fact]
    public void Courtesies_before_and_while_publishing_are_answered_and_end_nothing()
    {
        Peer peer = Connect();
        string[] courtesies = ["releaseStream", "FCPublish", "getStreamLength", "_checkbw", "FCSubscribe", "FCUnsubscribe"];
        for (int i = 0; i < courtesies.Length; i++)
        {
            peer.Command(0, courtesies[i], 10 + i, AmfValue.Null, AmfValue.String("cam"));
        }

        peer.Command(0, "createStream", 2, AmfValue.Null);
        peer.Command(1, "publish", 0, AmfValue.Null, AmfValue.String("cam"), AmfValue.String("live"));
        Assert.Contains("NetStream.Publish.Start", peer.Said);
        foreach (string courtesy in courtesies)
        {
            peer.Command(0, courtesy, 20, AmfValue.Null, AmfValue.String("cam"));
        }

        Begin(peer);
        Assert.False(peer.IsClosed);
        peer.Command(0, "FCUnpublish", 9, AmfValue.Null, AmfValue.String("cam"));
        Assert.Contains("NetStream.Unpublish.Success", peer.Said);
        Assert.False(peer.IsClosed);
    }

    /// <summary>LIVE 25.</summary>
    [Fact]
    public void An_encoder_that_comes_back_over_a_half_open_connection_takes_over_and_the_player_stays()
    {
        Peer first = Publish("cam");
        Begin(first);
        first.Send(MessageType.Video, 1, 0, [0x17, 1, 0, 0, 0, 1]);
        Peer player = Play("cam");
        Peer second = Publish("cam");
        Assert.Contains("NetStream.Publish.Start", second.Said);
        Begin(second);
        second.Send(MessageType.Video, 1, 9_000, [0x17, 1, 0, 0, 0, 2]);
        player.Turn();
        Assert.Equal([1, 2], FramesOf(player).Select(static body => (int)body[5]));
        Assert.Equal(1, player.Said.Count(static said => said == "NetStream.Play.Start"));
        first.Turn();
        Assert.True(first.IsClosed);
        Assert.Contains("NetStream.Publish.BadName", first.Said);
        Assert.Contains(_log.Lines, static line => line.Contains("another publisher has taken the stream over", StringComparison.Ordinal));
    }

    /// <summary>LIVE 26.</summary>
    [Fact]
    public void Where_nobody_takes_over_a_second_encoder_is_told_BadName_and_the_first_goes_on()
    {
        _context = Serve(PublishKeys.Open, takesOver: false);
        Peer first = Publish("cam");
        Begin(first);
        Peer second = Publish("cam");
        Assert.Contains("NetStream.Publish.BadName", second.Said);
        Assert.DoesNotContain("NetStream.Publish.Start", second.Said);
        first.Send(MessageType.Video, 1, 0, [0x17, 1, 0, 0, 0, 1]);
        Peer player = Play("cam");
        Assert.Single(FramesOf(player));
        Assert.False(first.IsClosed);
    }

    [Fact]
    public void An_encoder_without_the_key_is_denied_before_anything_starts_and_closed_when_it_goes_on_trying()
    {
        _context = Serve(new PublishKeys([new PublishKey(null, "right")]));
        Peer peer = Publish("cam");
        Assert.Contains("NetStream.Publish.Denied", peer.Said);
        Assert.False(peer.IsClosed);
        peer.Command(1, "publish", 0, AmfValue.Null, AmfValue.String("cam?key=wrong"), AmfValue.String("live"));
        Assert.False(peer.IsClosed);
        peer.Command(1, "publish", 0, AmfValue.Null, AmfValue.String("cam?key=right1"), AmfValue.String("live"));
        Assert.True(peer.IsClosed);
        Assert.DoesNotContain("NetStream.Publish.Start", peer.Said);
        Assert.Contains("NetStream.Publish.Start", Publish("cam?key=right").Said);
        Assert.DoesNotContain(_log.Lines, static line => line.Contains("right", StringComparison.Ordinal));
    }

    [Fact]
    public void An_encoder_that_is_to_prove_a_key_has_a_second_to_end_its_connection_and_others_none()
    {
        _context = Serve(new PublishKeys([new PublishKey(null, "right")]));
        Peer peer = new(_loop, _context);
        _peers.Add(peer);
        peer.Command(0, "connect", 1, AmfValue.Object(("app", AmfValue.String("vod?auth=adobe"))));
        Assert.Contains("NetConnection.Connect.Rejected", peer.Said);
        Assert.False(peer.IsClosed);
        _loop.Now += 1000;
        peer.Turn();
        Assert.True(peer.IsClosed);

        Peer other = new(_loop, _context);
        other.Command(0, "connect", 1, AmfValue.Object(("app", AmfValue.String("nowhere"))));
        Assert.Contains("NetConnection.Connect.Rejected", other.Said);
        Assert.True(other.IsClosed);
    }

    /// <summary>LIVE 12: what comes first is a picture.</summary>
    [Fact]
    public void Media_before_any_metadata_is_taken()
    {
        Peer publisher = Publish("cam");
        Begin(publisher);
        publisher.Send(MessageType.Video, 1, 5, [0x17, 1, 0, 0, 0, 9]);
        byte[] rate = [0, 0x40, 0x39, 0, 0, 0, 0, 0, 0];
        publisher.Send(MessageType.DataAmf0, 1, 5, [2, 0, 10, .. "onMetaData"u8, 3, 0, 9, .. "framerate"u8, .. rate, 0, 0, 9]);
        publisher.Send(MessageType.Video, 1, 45, [0x27, 1, 0, 0, 0, 8]);
        Peer player = Play("cam");
        Assert.Equal([9, 8], FramesOf(player).Select(static body => (int)body[5]));
        Assert.Contains(player.Messages, static message => message.Type == 18 && message.Body.AsSpan().IndexOf("framerate"u8) > 0);
    }

    /// <summary>LIVE 15 on the wire: one player by number, one by what it offers.</summary>
    [Fact]
    public void A_player_of_RTMP_is_sent_the_track_that_it_asks_for_and_one_with_multitrack_all()
    {
        Peer publisher = Publish("cam");
        Begin(publisher);
        publisher.Send(MessageType.Video, 1, 0, [0x96, 0, .. "avc1"u8, 1, .. Mp4Builder.AvcRecord]);
        publisher.Send(MessageType.Video, 1, 0, [0x17, 1, 0, 0, 0, 10]);
        publisher.Send(MessageType.Video, 1, 0, [0x96, 1, .. "avc1"u8, 1, 0, 0, 0, 11]);
        Assert.Equal([(0x17, 10)], Pictures(Play("cam")));
        Assert.Equal([(0x17, 11)], Pictures(Play("cam?video=2")));
        Assert.Empty(Pictures(Play("cam?video=none")));
        Peer enhanced = Play("cam", ("capsEx", AmfValue.Number(2)), ("fourCcList", AmfValue.StrictArray(AmfValue.String("*"))));
        Assert.Equal([(0x17, 10), (0x96, 11)], Pictures(enhanced));
        Assert.Contains(enhanced.Messages, static message => message.Body.AsSpan().IndexOf("videoTrackIdInfoMap"u8) > 0);
        Assert.Contains("NetStream.Play.Failed", Play("cam?video=x").Said);
    }

    [Theory]
    [InlineData("cam/stream.flv", 5, "200", 0x51)]
    [InlineData("cam/stream.flv?video=2&start=-30", 5, "200", 0x52)]
    [InlineData("cam/stream.flv?video=2&audio=none", 1, "200", 0x52)]
    [InlineData("cam/stream.flv?video=none", 4, "200", 0)]
    [InlineData("cam/stream.flv?video=first", 0, "422", 0)]
    public void A_viewer_of_FLV_is_sent_the_track_that_it_asks_for(string path, int flags, string status, byte mark)
    {
        Peer publisher = Publish("cam");
        Begin(publisher);
        publisher.Send(MessageType.Video, 1, 0, [0x96, 0, .. "avc1"u8, 1, .. Mp4Builder.AvcRecord]);
        publisher.Send(MessageType.Video, 1, 0, [0x17, 1, 0, 0, 0, .. Enumerable.Repeat((byte)0x51, 50)]);
        publisher.Send(MessageType.Video, 1, 0, [0x96, 1, .. "avc1"u8, 1, 0, 0, 0, .. Enumerable.Repeat((byte)0x52, 50)]);
        publisher.Send(MessageType.Audio, 1, 0, [0xAF, 1, .. Enumerable.Repeat((byte)0x53, 50)]);
        HttpContext http = new(
            "vod", _catalog, _context.Players.Openings, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(6), false,
            _log, _context.Players);
        ScriptedSender sender = new();
        Connection connection = new(_loop, sender, null, connection => new HttpConversation(http, connection, null));
        sender.Incoming.Enqueue(Encoding.ASCII.GetBytes($"GET /vod/{path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        for (int i = 0; i < 10; i++)
        {
            connection.IsReadable = true;
            connection.RunTurn();
        }

        byte[] answer = sender.Wire.ToArray();
        Assert.Equal($"HTTP/1.1 {status}", Encoding.ASCII.GetString(answer, 0, 12));
        foreach (byte one in (byte[])[0x51, 0x52])
        {
            bool isThere = answer.AsSpan().IndexOf(Enumerable.Repeat(one, 50).ToArray()) > 0;
            Assert.Equal(one == mark, isThere);
        }

        int head = answer.AsSpan().IndexOf("FLV\u0001"u8);
        Assert.Equal(flags, head < 0 ? 0 : answer[head + 4]);
        connection.Close(CloseReason.PlayerLeft);
    }

    /// <summary>LIVE 87, without a clock: it is in the bytes of the turn in which the player asks.</summary>
    [Fact]
    public void A_player_has_a_key_picture_of_five_seconds_ago_at_once_and_all_that_follows()
    {
        Peer publisher = Publish("cam");
        Begin(publisher);
        for (uint i = 0; i < 125; i++)
        {
            publisher.Send(MessageType.Video, 1, i * 40, [(byte)(i == 0 ? 0x17 : 0x27), 1, 0, 0, 0, (byte)i]);
        }

        Peer player = Play("cam");
        (byte Type, uint Time, byte[] Body)[] media = [.. player.Messages.Where(static message => message.Type == MessageType.Video)];
        Assert.Equal(VideoHeader, media[0].Body);
        Assert.Equal([0x17, 1, 0, 0, 0, 0], media[1].Body);
        Assert.Equal(Enumerable.Range(0, 125).Select(static i => (uint)i * 40), media.Skip(1).Select(static one => one.Time));
        Assert.Equal(Enumerable.Range(0, 125).Select(static i => (byte)i), media.Skip(1).Select(static one => one.Body[5]));
    }

    /// <summary>LIVE 2 and 3 within a session: timestamps that have more than 24 bits from some message on, both ways.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Times_beyond_24_bits_go_on_from_those_below(bool hasDeltas)
    {
        Peer publisher = Publish("cam");
        Begin(publisher);
        Peer player = Play("cam");
        List<uint> sent = [];
        uint time = 0;
        while (time < 16_778_500)
        {
            byte[] body = [(byte)(sent.Count % 25 == 0 ? 0x17 : 0x27), 1, 0, 0, 0, (byte)sent.Count];
            if (hasDeltas && sent.Count > 0)
            {
                publisher.SendDelta(MessageType.Video, time - sent[^1], body);
            }
            else
            {
                publisher.Send(MessageType.Video, 1, time, body);
            }

            player.Turn();
            sent.Add(time);
            time += time < 16_760_000 ? 9_000u : 40; // 4.66 h: a slow encoder, until it matters
        }

        Peer late = Play("cam"); // begins with the newest key picture
        Assert.Contains(sent, static one => one == 0xFF_FFFF || (one > 0xFF_FFFF && one < 0x100_0100));
        Assert.Equal(sent, VideoTimesOf(player));
        Assert.Equal(
            Enumerable.Range(0, sent.Count).Select(static i => (byte)i),
            FramesOf(player).Select(static body => body[5]));
        Assert.Equal(0u, VideoTimesOf(late)[0]);
        Assert.Equal(sent[^1] - sent[^VideoTimesOf(late).Length], VideoTimesOf(late)[^1]);
        Assert.False(publisher.IsClosed || player.IsClosed);
    }

    private static uint[] VideoTimesOf(Peer player) =>
        [.. player.Messages.Where(static message => message.Type == MessageType.Video && message.Body[1] == 1)
            .Select(static message => message.Time)];

    private static (int First, int Last)[] Pictures(Peer player) =>
        [.. FramesOf(player).Select(static body => ((int)body[0], (int)body[^1]))];

    /// <summary>The bodies of pictures, by plain headers or by those of one track.</summary>
    private static IEnumerable<byte[]> FramesOf(Peer player) =>
        player.Messages.Where(static message => message.Type == MessageType.Video && message.Body[1] == 1)
            .Select(static message => message.Body);

    private static void Begin(Peer publisher)
    {
        publisher.Send(MessageType.Video, 1, 0, VideoHeader);
        publisher.Send(MessageType.Audio, 1, 0, AudioHeader);
    }

    private RtmpContext Serve(PublishKeys keys, bool takesOver = true)
    {
        MediaServerOptions options = new() { Folder = _folder.Path, PublisherTakesOver = takesOver, LiveMemoryBytes = 64 << 20 };
        LiveStreams streams = new(
            options.ToLiveOptions(), () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        _made.Add(streams);
        PlayerContext players = new(options.ToPlayerOptions(), new ReelOpener(new ServedFolder(_folder.Path), _catalog, 10), _log)
        {
            Live = streams,
            Keys = keys,
            Challenges = new PublisherChallenges(keys, AuthenticationMethod.None),
        };
        return new RtmpContext(
            players, options.HandshakeTimeout, options.IdleTimeout, options.MaxPause, options.MaxConnectionBytes, "--max-connection-bytes",
            _held);
    }

    private Peer Connect(params (string, AmfValue)[] more)
    {
        Peer peer = new(_loop, _context);
        _peers.Add(peer);
        peer.Command(0, "connect", 1, AmfValue.Object([("app", AmfValue.String("vod")), .. more]));
        return peer;
    }

    private Peer Publish(string name)
    {
        Peer peer = Connect();
        peer.Command(0, "createStream", 2, AmfValue.Null);
        peer.Command(1, "publish", 3, AmfValue.Null, AmfValue.String(name), AmfValue.String("live"));
        return peer;
    }

    private Peer Play(string name, params (string, AmfValue)[] offers)
    {
        Peer peer = Connect(offers);
        peer.Command(0, "createStream", 2, AmfValue.Null);
        peer.Command(1, "play", 0, AmfValue.Null, AmfValue.String(name), AmfValue.Number(-1000)); // live alone
        return peer;
    }

    /// <summary>A client on a connection: what it says at once, and what it has heard.</summary>
    private sealed class Peer
    {
        private readonly ScriptedSender _sender = new();
        private readonly Connection _connection;
        private int _chunkSize = ChunkWriter.DefaultChunkSize;

        public Peer(ConnectionLoop loop, RtmpContext context)
        {
            _connection = new Connection(loop, _sender, null, connection => new RtmpConversation(context, connection, null));
            Receive([3, .. new byte[2 * 1536]]);
        }

        public bool IsClosed => _connection.IsClosed;

        /// <summary>Every message that came whole.</summary>
        public List<(byte Type, uint Time, byte[] Body)> Messages
        {
            get
            {
                List<(byte, uint, byte[])> messages = [];
                ReadOnlySpan<byte> rest = _sender.Wire.ToArray().AsSpan(1 + (2 * 1536));
                ChunkReader reader = new(ChunkReaderLimits.Client);
                while (reader.TryRead(ref rest, out RtmpMessage message))
                {
                    messages.Add((message.TypeId, message.Timestamp, message.Payload.ToArray()));
                }

                return messages;
            }
        }

        /// <summary>The codes of what was said.</summary>
        public List<string> Said
        {
            get
            {
                List<string> codes = [];
                foreach ((byte type, _, byte[] body) in Messages)
                {
                    if (type == MessageType.CommandAmf0)
                    {
                        CommandReader command = new(type, body);
                        command.SkipObject();
                        codes.Add(command.IsAtEnd ? "" : StatusInfo.Parse(command.ReadValue()).Code);
                    }
                }

                return codes;
            }
        }

        public void SetChunkSize(int size)
        {
            Send(MessageType.SetChunkSize, 0, 0, [(byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size]);
            _chunkSize = size;
        }

        public void Command(uint streamId, string name, double transaction, params AmfValue[] arguments)
        {
            Amf0Writer writer = new(default);
            writer.WriteString(name);
            writer.WriteNumber(transaction);
            foreach (AmfValue argument in arguments)
            {
                writer.WriteValue(argument);
            }

            byte[] body = writer.Written.ToArray();
            writer.Dispose();
            Send(MessageType.CommandAmf0, streamId, 0, body);
        }

        public void Send(byte type, uint streamId, uint time, byte[] body)
        {
            ArrayBufferWriter<byte> output = new();
            new ChunkWriter(output) { ChunkSize = _chunkSize }.Write(type < 8 ? 2 : 4, time, type, streamId, body);
            Receive(output.WrittenSpan.ToArray());
        }

        /// <summary>A message in one chunk whose time is told by the step from the one before (RTMP 1.0, 5.3.1.2.2).</summary>
        public void SendDelta(byte type, uint delta, byte[] body) => Receive(
        [
            0x44, (byte)(delta >> 16), (byte)(delta >> 8), (byte)delta, (byte)(body.Length >> 16), (byte)(body.Length >> 8),
            (byte)body.Length, type, .. body,
        ]);

        public void Turn()
        {
            _connection.IsReadable = true;
            _connection.IsWritable = true;
            _connection.RunTurn();
        }

        public void Close()
        {
            if (!IsClosed)
            {
                _connection.Close(CloseReason.PlayerLeft);
            }
        }

        private void Receive(byte[] bytes)
        {
            foreach (byte[] piece in bytes.Chunk(60_000))
            {
                _sender.Incoming.Enqueue(piece);
                Turn();
            }
        }
    }
}
