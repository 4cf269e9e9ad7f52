using Mapwire.Fuzzing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Live;
using Mapwire.Server.Playback;
using Mapwire.Server.Rtmp;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
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

    /// <summary>Cases that share a loop: what they post to it is run by nobody, and goes with it.</summary>
    private const int LoopLifetime = 200;

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
        using PublishStage stage = new(_loop, CreateContext, _log);
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
        PublishStage.Require(!log.Contains("unhandled", StringComparison.Ordinal), $"a fault of the server: {log}");
        return isAccepted;
    }

    private ConnectionLoop CreateLoop()
    {
        ConnectionLimits limits = new(SendTimeout: 60_000, MinPlayerRate: 0, MaxPlayerRate: null, MaxLoopRate: null, MaxUnsentTime: 0);
        return new ConnectionLoop("fuzz", limits, _log, new ScriptedPoller()) { Now = 1_000_000 };
    }

    private RtmpContext CreateContext(LiveStreams streams)
    {
        ReelOpener reels = new(new ServedFolder(_folder.Path), _catalog, 10);
        PlayerContext players = new(_options.ToPlayerOptions(), reels, _log)
        {
            Live = streams,
            Keys = PublishKeys.Open,
        };
        return new RtmpContext(
            players, _options.HandshakeTimeout, _options.IdleTimeout, _options.MaxPause, _options.MaxConnectionBytes,
            "--max-connection-bytes", _held);
    }

    private static FuzzCase Case(IEnumerable<PublishOp> ops) => new("steps", PublishOp.Write(ops));
}
