using Mapwire.Fuzzing;
using Mapwire.Media;
using Mapwire.Media.Flv;
using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Chunks;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Rtmp;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.Live;
using Mapwire.Server.Tests.Strips;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>The server of one case, and who comes to it.</summary>
internal sealed class PublishStage : IDisposable
{
    private const int MostViewers = 6;
    private const int MostConnections = 8;

    private static readonly LiveOptions Options = new(
        Window: 20_000, MemoryBytes: 12 * LivePages.SegmentLength, Latency: 250, ResumeTime: 10_000, PublishTimeout: 15_000,
        PlayWait: 15_000, SegmentTime: 2_000, PartTime: 500, TakesOver: true);

    private static readonly PlayerAbilities[] Abilities =
    [
        PlayerAbilities.None, PlayerCodecs.All, PlayerAbilities.UnofficialNumbers,
        PlayerCodecs.All | PlayerAbilities.ManyTracks | Offer.Avc | Offer.Aac,
        PlayerCodecs.All | PlayerAbilities.ManyTracks | PlayerAbilities.Nanoseconds | Offer.Avc,
    ];

    private readonly ConnectionLoop _loop;
    private readonly RecordingLog _log;
    private readonly LiveStreams _streams;
    private readonly RtmpContext _context;
    private readonly List<LiveViewer> _viewers = [];
    private readonly List<PublishWire> _wires = [];
    private readonly HashSet<LiveStream> _seen = [];
    private readonly MemoryStream _published = new();
    private bool _isRefused;
    private bool _isTampered; // then messages are others than those that were published

    public PublishStage(ConnectionLoop loop, Func<LiveStreams, RtmpContext> createContext, RecordingLog log)
    {
        _loop = loop;
        _log = log;
        _streams = new LiveStreams(
            Options, () => new LoopPhases([loop]), static fault => throw new BrokenPromiseException(fault.ToString(), fault),
            ticks: false);
        _context = createContext(_streams);
        Watch(0); // who comes before the publisher
        Connect();
    }

    public void Do(PublishOp op)
    {
        PublishWire wire = _wires[^1];
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

        foreach (PublishWire wire in _wires)
        {
            wire.CheckAnswers();
            features.Add("wire", wire.IsRefused ? 1 : 0, wire.IsClosed ? 1 : 0, FeatureSet.Size(wire.AnswerLength));
        }

        foreach (string line in _log.Lines)
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
        _wires.Add(new PublishWire(_loop, _context));
        _wires[^1].Begin();
        _seen.UnionWith(_streams.All);
    }

    private void Watch(int choice)
    {
        _viewers.Add(new LiveViewer(
            _streams, "cam", _loop, Abilities[choice % Abilities.Length], behind: choice % 7 == 0 ? choice : 0,
            video: (choice >> 8) % 5 - 1 is > 0 and var video ? video : 0, audio: (choice >> 11) % 4 - 1));
        _seen.Add(_viewers[^1].Play.Stream);
    }

    private void Wait(int time)
    {
        _loop.Now += time;
        foreach (LiveStream stream in _streams.All)
        {
            stream.Tick(_loop.Now, out LivePublisher? silent);
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
        PublishWire wire = _wires[^1];
        Require(wire.IsPublishing, "the next publisher is refused");
        wire.Send(MessageType.Video, 0, [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord]);
        wire.Send(MessageType.Audio, 0, [0xAF, 0, 0x12, 0x10]);
        for (int i = 0; i < 20; i++)
        {
            wire.Send(MessageType.Video, 40, [(byte)(i % 10 == 0 ? 0x17 : 0x27), 1, 0, 0, 0, .. Frame(i)]);
        }

        LiveViewer viewer = new(_streams, "cam", _loop);
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
            stream.Tick(_loop.Now + Options.ResumeTime + 1, out _);
            Require(stream.State == LiveState.Over, $"a stream that nobody publishes is {stream.State}");
            Require(stream.TryRelease(_loop.Now + 100_000), "a stream that is over keeps its pages");
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

    /// <summary>Breaks off the case where something does not hold.</summary>
    public static void Require(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new BrokenPromiseException(otherwise);
        }
    }
}
