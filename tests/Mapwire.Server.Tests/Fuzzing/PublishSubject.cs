using System.Buffers;
using Mapwire.Fuzzing;
using Mapwire.Media;
using Mapwire.Media.Flv;
using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Playback;
using Mapwire.Server.Rtmp;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Mapwire.Server.Tests.Live;
using Mapwire.Server.Tests.Sending;
using Mapwire.Server.Tests.Strips;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>
/// Publishers of one stream over whole conversations of RTMP, viewers who come, read a little or nothing and go, and a clock: a case is the
/// steps that they take (<see cref="PublishOp"/>). Behind them all a publisher that does everything right has to be heard.
/// </summary>
internal sealed class PublishSubject : IFuzzSubject, IDisposable
{
    /// <summary>Where the corpus is: the program's copy of tests/Mapwire.Server.Tests/Corpus/Publish.</summary>
    public static string Corpus { get; } = Path.Combine(AppContext.BaseDirectory, "Corpus", "Publish");

    private const int MostViewers = 6;
    private const int MostConnections = 8;

    /// <summary>Cases that share a loop: what they post to it is run by nobody, and goes with it.</summary>
    private const int LoopLifetime = 200;

    private static readonly LiveOptions Options = new(
        Window: 20_000, MemoryBytes: 12 * LivePages.SegmentLength, Latency: 250, ResumeTime: 10_000, PublishTimeout: 15_000,
        PlayWait: 15_000, SegmentTime: 2_000, PartTime: 500, TakesOver: true);

    private static readonly byte[] Hello = [3, .. new byte[2 * 1536]];

    private static readonly PlayerAbilities[] Abilities =
    [
        PlayerAbilities.None, PlayerCodecs.All, PlayerAbilities.UnofficialNumbers,
        PlayerCodecs.All | PlayerAbilities.ManyTracks | Offer.Avc | Offer.Aac,
        PlayerCodecs.All | PlayerAbilities.ManyTracks | PlayerAbilities.Nanoseconds | Offer.Avc,
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLog _log = new();
    private readonly HeldBytes _held = new(64 << 20, "--max-held-bytes");
    private readonly TitleCatalog _catalog;
    private readonly MediaServerOptions _options;
    private ConnectionLoop _loop;
    private int _cases;

    public PublishSubject()
    {
        ServedFolder folder = new(_folder.Path);
        _catalog = new TitleCatalog(new FileCatalog(folder, new FileBudget()), NullLogger.Instance);
        _options = new MediaServerOptions { Folder = _folder.Path };
        _loop = CreateLoop();
    }

    public string Name => "publish";

    public void Dispose()
    {
        _loop.Stop(TimeSpan.FromSeconds(10));
        _catalog.Dispose();
        _folder.Dispose();
    }

    public IEnumerable<FuzzCase> Seeds()
    {
        PublishGrammar grammar = new(new Random(1));
        for (int i = 0; i < 30; i++)
        {
            yield return Case(grammar.Session());
        }

        foreach (string path in Directory.GetFiles(Corpus).Order(StringComparer.Ordinal))
        {
            yield return Load(Path.GetFileName(path), File.ReadAllBytes(path));
        }
    }

    public FuzzCase Load(string name, byte[] bytes) => new(name[..name.IndexOf('-', StringComparison.Ordinal)], bytes);

    public FuzzCase Vary(FuzzCase sound, FuzzCase other, Random random)
    {
        PublishGrammar grammar = new(random);
        if (random.Next(4) == 0)
        {
            return Case(grammar.Session());
        }

        List<PublishOp> ops = PublishOp.Read(sound.Bytes);
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(ops.Count + 1);
            switch (random.Next(7))
            {
                case 0 when at < ops.Count:
                    ops.RemoveAt(at);
                    break;
                case 1 when at < ops.Count:
                    ops.Insert(random.Next(ops.Count + 1), ops[at]);
                    break;
                case 2 when at < ops.Count:
                    ops[at] = ops[at] with { Number = random.Next(3) == 0 ? random.Next(0x1_0000) : random.Next(200) };
                    break;
                case 3:
                    List<PublishOp> others = PublishOp.Read(other.Bytes);
                    int from = random.Next(others.Count + 1);
                    ops.InsertRange(at, others.Skip(from).Take(random.Next(8)));
                    break;
                case 4 or 5 when at < ops.Count && ops[at].Bytes.Length > 0:
                    List<byte> bytes = [.. ops[at].Bytes];
                    int place = random.Next(3) == 0 ? random.Next(bytes.Count) : random.Next(Math.Min(bytes.Count, 16)); // headers most
                    ByteDamage.Apply(
                        bytes, random.Next(ByteDamage.Kinds), place, Math.Min(random.Next(1, 12), bytes.Count - place), random);
                    ops[at] = ops[at] with { Bytes = [.. bytes] };
                    break;
                default:
                    ops.Insert(at, grammar.Any());
                    break;
            }
        }

        return Case(ops.Take(200));
    }

    /// <summary>Messages may come many times, and go to some viewers, who are read twice.</summary>
    public long MostAllocated(FuzzCase given) => 20_000_000 + (6_000L * given.Bytes.Length);

    public bool Run(FuzzCase given, FeatureSet features)
    {
        if (++_cases % LoopLifetime == 0)
        {
            _loop.Stop(TimeSpan.FromSeconds(10));
            _loop = CreateLoop();
        }

        _log.Lines.Clear();
        using Stage stage = new(this);
        PublishOp last = default;
        foreach (PublishOp op in PublishOp.Read(given.Bytes))
        {
            bool isRepeat = op.Kind == PublishOpKind.Repeat;
            for (int times = isRepeat ? op.Number % 64 : 1; times > 0 && (!isRepeat || last.Bytes is not null); times--)
            {
                stage.Do(isRepeat ? last with { Number = 40 } : op);
            }

            last = op.Kind <= PublishOpKind.Aggregate ? op : last;
        }

        bool isAccepted = stage.End(features);
        string log = string.Join('\n', _log.Lines);
        Require(!log.Contains("unhandled", StringComparison.Ordinal), $"a fault of the server: {log}");
        return isAccepted;
    }

    private ConnectionLoop CreateLoop()
    {
        ConnectionLimits limits = new(SendTimeout: 60_000, MinPlayerRate: 0, MaxPlayerRate: null, MaxLoopRate: null, MaxUnsentTime: 0);
        return new ConnectionLoop("fuzz", limits, _log, new ScriptedPoller()) { Now = 1_000_000 };
    }

    private static FuzzCase Case(IEnumerable<PublishOp> ops) => new("steps", PublishOp.Write(ops));

    private static void Require(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new BrokenPromiseException(otherwise);
        }
    }

    /// <summary>The server of one case, and who comes to it.</summary>
    private sealed class Stage : IDisposable
    {
        private readonly PublishSubject _subject;
        private readonly LiveStreams _streams;
        private readonly RtmpContext _context;
        private readonly List<LiveViewer> _viewers = [];
        private readonly List<Wire> _wires = [];
        private readonly HashSet<LiveStream> _seen = [];
        private readonly MemoryStream _published = new();
        private bool _isRefused;
        private bool _isTampered; // then messages are others than those that were published

        public Stage(PublishSubject subject)
        {
            _subject = subject;
            _streams = new LiveStreams(
                Options, () => new LoopPhases([subject._loop]), static fault => throw new BrokenPromiseException(fault.ToString(), fault),
                ticks: false);
            ReelOpener reels = new(new ServedFolder(subject._folder.Path), subject._catalog, 10);
            PlayerContext players = new(subject._options.ToPlayerOptions(), reels, subject._log)
            {
                Live = _streams,
                Keys = PublishKeys.Open,
            };
            _context = new RtmpContext(
                players, subject._options.HandshakeTimeout, subject._options.IdleTimeout, subject._options.MaxPause,
                subject._options.MaxConnectionBytes, "--max-connection-bytes", subject._held);
            Watch(0); // who comes before the publisher
            Connect();
        }

        public void Do(PublishOp op)
        {
            Wire wire = _wires[^1];
            switch (op.Kind)
            {
                case PublishOpKind.Video:
                    wire.Send(MessageType.Video, op.Number, op.Bytes);
                    break;
                case PublishOpKind.Audio:
                    wire.Send(MessageType.Audio, op.Number, op.Bytes);
                    break;
                case PublishOpKind.Data:
                    wire.Send(MessageType.DataAmf0, op.Number, op.Bytes);
                    break;
                case PublishOpKind.Aggregate:
                    wire.Send(MessageType.Aggregate, op.Number, op.Bytes);
                    break;
                case PublishOpKind.Raw:
                    _isTampered = true;
                    wire.Receive(op.Bytes);
                    break;
                case PublishOpKind.Command:
                    wire.Command(op.Number);
                    break;
                case PublishOpKind.Wait:
                    Wait(op.Number);
                    break;
                case PublishOpKind.Read:
                    Read(op.Number == 0xFFFF ? long.MaxValue : op.Number);
                    break;
                case PublishOpKind.Watch when _viewers.Count < MostViewers:
                    Watch(op.Number);
                    break;
                case PublishOpKind.Reconnect when _wires.Count < MostConnections:
                    if (op.Number % 3 > 0)
                    {
                        wire.Close(); // else it is half open, and the next takes over
                    }

                    Connect();
                    break;
            }

            if (op.Kind <= PublishOpKind.Aggregate)
            {
                _published.Write(op.Bytes);
            }

            _seen.UnionWith(_streams.All);
        }

        /// <summary>What has to hold when all steps were taken, and that the next publisher is heard.</summary>
        public bool End(FeatureSet features)
        {
            _isRefused = _wires.Exists(static wire => wire.IsRefused);
            Read(long.MaxValue);
            byte[]? published = _isTampered ? null : _published.ToArray();
            foreach (LiveStream stream in _seen)
            {
                CheckEntries(stream);
                features.Add("stream", (long)stream.State, FeatureSet.Size(stream.LeftOut), FeatureSet.Size(stream.Strip.Count));
                features.Add("format", stream.Format?.Configurations.Count(static codec => codec is not null) ?? -1,
                    FeatureSet.Size(stream.Format?.First ?? -1), (long)(stream.Pages.Fullness * 8));
                foreach (string code in stream.Format?.Configurations.Select(static codec => codec?.FourCc.ToString() ?? "") ?? [])
                {
                    features.Add(code);
                }
            }

            foreach (LiveViewer viewer in _viewers)
            {
                IReadOnlyList<LiveTag> tags = viewer.Tags;
                CheckTags(tags, published);
                features.Add(string.Join(' ', viewer.Said.Select(static said => said.Split(':')[0])), FeatureSet.Size(tags.Count));
            }

            foreach (Wire wire in _wires)
            {
                wire.CheckAnswers();
                features.Add("wire", wire.IsRefused ? 1 : 0, wire.IsClosed ? 1 : 0, FeatureSet.Size(wire.AnswerLength));
            }

            foreach (string line in _subject._log.Lines)
            {
                features.AddMessage(line);
            }

            PublishWell();
            LeaveNothing();
            return !_isRefused;
        }

        public void Dispose()
        {
            _viewers.ForEach(static viewer => viewer.Dispose());
            _wires.ForEach(static wire => wire.Close());
            _streams.Dispose();
        }

        private void Connect()
        {
            _wires.Add(new Wire(_subject._loop, _context));
            _wires[^1].Begin();
            _seen.UnionWith(_streams.All);
        }

        private void Watch(int choice)
        {
            _viewers.Add(new LiveViewer(
                _streams, "cam", _subject._loop, Abilities[choice % Abilities.Length], behind: choice % 7 == 0 ? choice : 0,
                video: (choice >> 8) % 5 - 1 is > 0 and var video ? video : 0, audio: (choice >> 11) % 4 - 1));
            _seen.Add(_viewers[^1].Play.Stream);
        }

        private void Wait(int time)
        {
            _subject._loop.Now += time;
            foreach (LiveStream stream in _streams.All)
            {
                stream.Tick(_subject._loop.Now, out LivePublisher? silent);
                silent?.Dismiss("nothing was sent for too long");
            }

            _wires.ForEach(static wire => wire.Receive([]));
        }

        private void Read(long most)
        {
            foreach (LiveViewer viewer in _viewers)
            {
                viewer.Read(most);
                if (viewer.PinsPages)
                {
                    viewer.Dispose(); // as its connection would
                }
            }

            _viewers.RemoveAll(static viewer => viewer.IsDisposed);
        }

        /// <summary>Each entry of the window lies in pages that are its stream's, and times of a track never go back.</summary>
        private static void CheckEntries(LiveStream stream)
        {
            Require(stream.Strip.Length is >= 0 and <= LiveOptions.MaxEntries, $"the window has {stream.Strip.Length} entries");
            LiveBlock block = stream.Strip.FirstBlock;
            TitleTime[] times = new TitleTime[StripEntry.MaxLanes];
            for (long number = stream.Strip.Oldest; number < stream.Strip.Count; number++)
            {
                while (number - block.First >= LiveBlock.Length)
                {
                    block = block.Next!;
                }

                StripEntry entry = block.Entries[(int)(number - block.First)];
                LiveRun run = stream.Pages.RunAt(entry.Offset);
                Require(
                    entry.Offset >= run.Offset && entry.Offset + entry.Size <= run.Offset + run.Length && !run.IsRetired,
                    $"entry {number} lies outside of its run");
                Require(entry.Time >= times[entry.Lane], $"the time of entry {number} goes back");
                times[entry.Lane] = entry.Time;
                Require((stream.FormatAt(number)?.First ?? 0) <= number, $"entry {number} is before its format");
            }
        }

        private static void CheckTags(IReadOnlyList<LiveTag> tags, byte[]? published)
        {
            Dictionary<(bool, int), uint> times = [];
            foreach (LiveTag tag in tags)
            {
                FlvPacketReader reader = new(tag.IsVideo ? TrackKind.Video : TrackKind.Audio, tag.Body);
                Require(reader.TryRead(out FlvPacket packet), "a viewer is sent what nobody can read");
                Require(
                    published is null || packet.Payload.IsEmpty || published.AsSpan().IndexOf(packet.Payload) >= 0,
                    "a viewer is sent what nobody published");
                Require(tag.Time >= times.GetValueOrDefault((tag.IsVideo, packet.Track)), "a viewer's time goes back");
                times[(tag.IsVideo, packet.Track)] = tag.Time;
            }
        }

        /// <summary>A publisher that does everything right, and a viewer who comes while it publishes.</summary>
        private void PublishWell()
        {
            Connect();
            Wire wire = _wires[^1];
            Require(wire.IsPublishing, "the next publisher is refused");
            wire.Send(MessageType.Video, 0, [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord]);
            wire.Send(MessageType.Audio, 0, [0xAF, 0, 0x12, 0x10]);
            for (int i = 0; i < 20; i++)
            {
                wire.Send(MessageType.Video, 40, [(byte)(i % 10 == 0 ? 0x17 : 0x27), 1, 0, 0, 0, .. Frame(i)]);
            }

            LiveViewer viewer = new(_streams, "cam", _subject._loop);
            _viewers.Add(viewer);
            _seen.Add(viewer.Play.Stream);
            viewer.Read();
            LiveStream heard = viewer.Play.Stream;
            if (heard.Pages.Occupancy > LiveStream.ComfortableFullness)
            {
                return; // others that are still waited for have nearly all of the memory: what is kept is short
            }

            Require(
                viewer.Said is ["started"],
                $"who watches the next publisher is told {string.Join(", ", viewer.Said)}; {heard.State}, {heard.Strip.Count} entries, "
                + $"format of {heard.Format?.First}, newest place {heard.Strip.NewestSyncPoint()?.Number}, left out {heard.LeftOut}");
            IReadOnlyList<LiveTag> tags = viewer.Tags;
            Require(
                tags.Count == 10 && tags.Index().All(static pair => pair.Item.Body.AsSpan(5).SequenceEqual(Frame(10 + pair.Index))),
                $"of the next publisher come {tags.Count} frames");
            wire.Command(0); // FCUnpublish
            viewer.Read();
            Require(viewer.Said is ["started", "ended"], "the end of the next publisher is not told");
        }

        private static byte[] Frame(int number) => [0, 0, 0, 200, 0x65, .. Enumerable.Repeat((byte)number, 199)];

        /// <summary>When all have gone, every page is free again.</summary>
        private void LeaveNothing()
        {
            Read(long.MaxValue);
            _viewers.ForEach(static viewer => viewer.Dispose());
            _wires.ForEach(static wire => wire.Close());
            _seen.UnionWith(_streams.All);
            LivePages? pages = _seen.FirstOrDefault()?.Pages;
            foreach (LiveStream stream in _seen)
            {
                Require(stream.Viewers == 0, "a viewer who has left is counted");
                stream.Tick(_subject._loop.Now + Options.ResumeTime + 1, out _);
                Require(stream.State == LiveState.Over, $"a stream that nobody publishes is {stream.State}");
                Require(stream.TryRelease(_subject._loop.Now + 100_000), "a stream that is over keeps its pages");
            }

            if (pages?.TryTake(1) is { } run) // what waits is looked at when something is taken
            {
                Require(pages.Fullness <= (double)run.Count / pages.SegmentCount, $"{pages.Fullness:P0} of the pages stay in use");
            }
            else
            {
                Require(pages is null, "no page is free when all have gone");
            }
        }
    }

    /// <summary>A connection that publishes.</summary>
    private sealed class Wire
    {
        private readonly ScriptedSender _sender = new();
        private readonly Connection _connection;
        private uint _time;

        public Wire(ConnectionLoop loop, RtmpContext context)
        {
            _connection = new Connection(loop, _sender, null, connection => new RtmpConversation(context, connection, null));
            Receive(Hello);
        }

        public bool IsClosed => _connection.IsClosed;

        /// <summary>Whether the server ended it.</summary>
        public bool IsRefused { get; private set; }

        public bool IsPublishing => _sender.Wire.ToArray().AsSpan().LastIndexOf("NetStream.Publish.Start"u8) >= 0;

        public long AnswerLength => _sender.Wire.Length;

        public void Begin()
        {
            Write(MessageType.CommandAmf0, 0, Body("connect", 1, AmfValue.Object(("app", AmfValue.String("vod")))));
            Write(MessageType.CommandAmf0, 0, Body("createStream", 2, AmfValue.Null));
            Write(MessageType.CommandAmf0, 1, Body("publish", 3, AmfValue.Null, AmfValue.String("cam"), AmfValue.String("live")));
        }

        public void Send(byte type, int step, byte[] body)
        {
            _time += step < 0x8000 ? (uint)step : (uint)(step & 0x7FFF) << 17;
            Write(type, 1, body);
        }

        public void Command(int number)
        {
            uint stream = 1 + ((uint)number >> 8 & 1);
            AmfValue name = AmfValue.String(((string[])["cam", "cam", "other", "", "cam?x=1", "a\\b"])[(number >> 9) % 6]);
            byte[] body = (number % 16) switch
            {
                0 => Body("FCUnpublish", 9, AmfValue.Null, AmfValue.String("cam")),
                1 => Body("deleteStream", 0, AmfValue.Null, AmfValue.Number(stream)),
                2 => Body("closeStream", 0, AmfValue.Null),
                3 => Body("createStream", 5, AmfValue.Null),
                4 or 5 or 6 => Body("publish", 6, AmfValue.Null, name, AmfValue.String("append")),
                7 => Body("FCPublish", 7, AmfValue.Null, name),
                8 => Body("releaseStream", 8, AmfValue.Null, name),
                9 or 10 => Body("play", 0, AmfValue.Null, AmfValue.String("cam"), AmfValue.Number(-1000)),
                11 => Body("seek", 0, AmfValue.Null, AmfValue.Number(number)),
                12 => Body("pause", 0, AmfValue.Null, AmfValue.Boolean((number & 512) != 0), AmfValue.Number(0)),
                13 => Body("receiveVideo", 0, AmfValue.Null, AmfValue.Boolean((number & 512) != 0)),
                14 => Body("FCUnpublish", 9, AmfValue.Null, name),
                _ => Body("_checkbw", 10, AmfValue.Null),
            };
            Write(MessageType.CommandAmf0, number % 16 is 0 or 1 or 3 or 7 or 8 or 14 ? 0 : stream, body);
        }

        public void Receive(byte[] bytes)
        {
            for (int at = 0; at < Math.Max(1, bytes.Length) && !_connection.IsClosed; at += 4000)
            {
                if (at < bytes.Length)
                {
                    _sender.Incoming.Enqueue(bytes[at..Math.Min(bytes.Length, at + 4000)]);
                }

                _connection.IsReadable = true;
                _connection.IsWritable = true;
                _connection.RunTurn();
                IsRefused |= _connection.IsClosed;
            }
        }

        /// <summary>All that was answered can be read: whole messages, none of which was not meant.</summary>
        public void CheckAnswers()
        {
            ReadOnlySpan<byte> rest = _sender.Wire.ToArray();
            if (rest.Length < Hello.Length)
            {
                return;
            }

            rest = rest[Hello.Length..];
            ChunkReader reader = new(ChunkReaderLimits.Client);
            while (reader.TryRead(ref rest, out RtmpMessage message))
            {
                Require(message.StreamId <= 32, "an answer is on a message stream that there is not");
            }

            Require(IsClosed || reader.BufferedBytes == 0, "an answer has no end");
        }

        public void Close()
        {
            if (!_connection.IsClosed)
            {
                _connection.Close(CloseReason.PlayerLeft);
            }
        }

        private static byte[] Body(string name, double transaction, params AmfValue[] arguments)
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
            return body;
        }

        private void Write(byte type, uint streamId, byte[] body)
        {
            ArrayBufferWriter<byte> output = new();
            new ChunkWriter(output).Write(type == MessageType.CommandAmf0 ? 3 : 6, _time, type, streamId, body);
            Receive(output.WrittenSpan.ToArray());
        }
    }
}
