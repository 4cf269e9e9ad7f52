using Mapwire.Memory.Sharing;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Statistics;

/// <summary>
/// Reads the statistics of a server of the same user, in another process: by looking at memory, so that the server neither notices
/// nor has to be able to answer.
/// </summary>
/// <remarks>Not for several threads at once.</remarks>
public sealed class ServerStatisticsReader : IDisposable
{
    /// <summary>A worker gives a sign of life a second; a busy machine may make it late by as much again.</summary>
    public static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long a look waits for what the system says of the files: they answer in milliseconds, or their file system is ill.
    /// </summary>
    private static readonly TimeSpan ResidencyPatience = TimeSpan.FromMilliseconds(250);

    private const long MostMilliseconds = long.MaxValue / TimeSpan.TicksPerMillisecond;

    private readonly SharedMemory _memory;
    private readonly ServerFacts _facts;
    private readonly List<SharedCell<WorkerRecord>> _workers = [];
    private readonly List<long> _players = []; // their places
    private readonly List<SharedCell<TitleRecord>> _titles = [];
    private readonly List<long> _publishers = []; // their places
    private readonly TitleResidency _residency = new();
    private readonly string[] _addresses;
    private readonly string? _folder; // null when there was no room for all of it
    private long _chunksEnd;

    private ServerStatisticsReader(string name, SharedMemory memory)
    {
        Name = name;
        _memory = memory;
        SharedCell.Open<ServerFacts>(memory, StatisticsLayout.FactsAt).TryRead(out _facts);
        string addresses = RecordText.Read(_facts.Address, _facts.AddressLength, out bool isComplete);
        _addresses = addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        _addresses = isComplete || _addresses.Length < 2 ? _addresses : _addresses[..^1]; // the last one is cut
        string folder = RecordText.Read(_facts.Folder, _facts.FolderLength, out bool isWhole);
        _folder = isWhole ? folder : null;
        _facts.Workers = Math.Clamp(_facts.Workers, 0, StatisticsLayout.MostWorkers);
        for (int i = 0; i < _facts.Workers; i++)
        {
            _workers.Add(SharedCell.Open<WorkerRecord>(memory, WorkerAt(i)));
        }

        _chunksEnd = StatisticsLayout.ChunksAt(_facts.Workers);
    }

    /// <summary>The name under which the server publishes.</summary>
    public string Name { get; }

    /// <summary>The names of the servers whose statistics there are, dead ones included.</summary>
    /// <param name="folder">Where they publish; null for the place that is the default.</param>
    /// <exception cref="UnauthorizedAccessException">The place belongs to somebody else.</exception>
    public static IReadOnlyList<string> Names(string? folder = null) =>
    [
        .. SharedMemory.List(StatisticsLayout.Options(folder))
            .Where(static segment => segment.LayoutId == StatisticsLayout.LayoutId
            && segment.Name.StartsWith(StatisticsLayout.Prefix, StringComparison.Ordinal))
            .Select(static segment => segment.Name[StatisticsLayout.Prefix.Length..]),
    ];

    /// <summary>Opens the statistics of a server, be it running, stuck or dead.</summary>
    /// <param name="name">The name under which it publishes.</param>
    /// <param name="folder">Where it publishes; null for the place that is the default.</param>
    /// <exception cref="FileNotFoundException">There is none of the name.</exception>
    /// <exception cref="SharedMemoryFormatException">They are damaged, or of another version of the server.</exception>
    /// <exception cref="UnauthorizedAccessException">They belong to somebody else.</exception>
    public static ServerStatisticsReader Open(string name, string? folder = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!StatisticsLayout.IsName(name))
        {
            throw new FileNotFoundException($"'{name}' is no server's name.");
        }

        SharedMemory memory = SharedMemory.Open(StatisticsLayout.Prefix + name, new SharedMemoryOptions
        {
            Folder = folder,
            LayoutId = StatisticsLayout.LayoutId,
            LayoutVersion = StatisticsLayout.Version,
            ReadOnly = true,
            OpenAbandoned = true,
        });
        try
        {
            return new ServerStatisticsReader(name, memory);
        }
        catch (ArgumentOutOfRangeException)
        {
            memory.Dispose();
            throw new SharedMemoryFormatException(SharedMemoryError.WrongSize, memory.Name, 0, "it is too short for a server's statistics");
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Looks.</summary>
    /// <param name="withResidency">Whether to look what of the titles' files is in memory.</param>
    /// <exception cref="SharedMemoryFormatException">They are damaged.</exception>
    public ServerSnapshot Read(bool withResidency = true)
    {
        FollowGrowth();
        // Of a dead one nothing is known after its last sign of life; whether it is dead is asked before anything is read.
        bool isDead = !_memory.IsInUse;
        long seen = Enumerable.Range(0, _facts.Workers).Select(SeenAt).DefaultIfEmpty(_facts.StartedAt).Max();
        DateTimeOffset started = new(Math.Clamp(_facts.StartedTicks, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
        TimeSpan uptime = Milliseconds(Math.Max(0, seen - _facts.StartedAt));
        long now = isDead ? seen : Environment.TickCount64;
        // The clock of a dead one may be of a time before the machine was started again, so its age is one of dates.
        TimeSpan age = isDead ? Positive(DateTime.UtcNow.Ticks - started.Ticks - uptime.Ticks) : Milliseconds(Math.Max(0, now - seen));
        List<WorkerSnapshot> workers = ReadWorkers(now);
        Dictionary<long, TitleRecord> titles = ReadTitles();
        if (withResidency)
        {
            _residency.Refresh(
                titles.Values.Select(title => (PathOf(title) ?? "", title.FileLength)).Where(static file => file.Item1.Length > 0),
                ResidencyPatience);
        }

        List<PlayerReading> players = ReadPlayers();
        ILookup<long, PlayerReading> playing = players.ToLookup(static player => player.Facts.TitleId);
        return new ServerSnapshot(
            Name, _facts.ProcessId, _addresses, _folder ?? "",
            isDead ? ServerState.Dead : workers.Exists(static worker => worker.Silence > StuckAfter)
            ? ServerState.Stuck
            : ServerState.Running,
            age, started, uptime,
            workers.Sum(static worker => worker.Connections), workers.Sum(static worker => worker.Bytes),
            workers.Sum(static worker => worker.BytesPerSecond), workers.Sum(static worker => worker.Plays),
            workers.Sum(static worker => worker.Stalls), workers,
            [.. titles.Values.Select(title => Title(title, playing[title.Id], now, withResidency))
                .OrderBy(static title => title.Name, StringComparer.Ordinal)],
            [.. players.Select(player => Player(player, titles, now))])
        {
            Streams = ReadStreams(players, titles, playing, now),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private static long WorkerAt(int index) => StatisticsLayout.WorkersAt + ((long)index * StatisticsLayout.WorkerSize);

    private void FollowGrowth()
    {
        for (; _memory.Size >= _chunksEnd + StatisticsLayout.ChunkSize; _chunksEnd += StatisticsLayout.ChunkSize)
        {
            switch (_memory.Read<int>(_chunksEnd))
            {
                case StatisticsLayout.PlayersKind:
                    AddPlaces(StatisticsLayout.PlayersPerChunk, StatisticsLayout.PlayerSize, _players.Add);
                    break;
                case StatisticsLayout.TitlesKind:
                    AddPlaces(
                        StatisticsLayout.TitlesPerChunk, StatisticsLayout.TitleSize,
                        place => _titles.Add(SharedCell.Open<TitleRecord>(_memory, place)));
                    break;
                case StatisticsLayout.PublishersKind:
                    AddPlaces(StatisticsLayout.PublishersPerChunk, PublisherFigures.Size, _publishers.Add);
                    break;
                default:
                    return; // being made, or never finished
            }
        }
    }

    private void AddPlaces(int count, int size, Action<long> add)
    {
        Thread.MemoryBarrier(); // the kind was read; the places were made before it
        for (int i = 0; i < count; i++)
        {
            add(_chunksEnd + StatisticsLayout.PlacesAt + ((long)i * size));
        }
    }

    private long SeenAt(int worker) => _memory.Read<long>(WorkerAt(worker) + StatisticsLayout.SeenAt);

    private List<WorkerSnapshot> ReadWorkers(long now)
    {
        List<WorkerSnapshot> workers = [];
        for (int i = 0; i < _workers.Count; i++)
        {
            _workers[i].TryRead(out WorkerRecord worker);
            workers.Add(new WorkerSnapshot(
                worker.Connections, worker.Bytes, ByteRate.Fading(worker.Rate, now - worker.SentAt), worker.Plays, worker.Stalls,
                Milliseconds(Math.Max(0, now - SeenAt(i)))));
        }

        return workers;
    }

    private Dictionary<long, TitleRecord> ReadTitles()
    {
        Dictionary<long, TitleRecord> titles = [];
        foreach (SharedCell<TitleRecord> cell in _titles)
        {
            if (cell.TryRead(out TitleRecord title) && title.Id != 0)
            {
                titles[title.Id] = title;
            }
        }

        return titles;
    }

    private List<PlayerReading> ReadPlayers()
    {
        List<PlayerReading> players = [];
        foreach (long place in _players)
        {
            if (PlayerReading.Of(_memory, place) is { } player)
            {
                players.Add(player);
            }
        }

        players.Sort(static (one, other) => (one.Facts.OpenedAt, one.Facts.Id).CompareTo((other.Facts.OpenedAt, other.Facts.Id)));
        return players;
    }

    private static PlayerSnapshot Player(in PlayerReading player, Dictionary<long, TitleRecord> titles, long now)
    {
        bool isKnown = titles.TryGetValue(player.Facts.TitleId, out TitleRecord title);
        return new PlayerSnapshot(
            player.Facts.Id, player.Peer, player.Protocol,
            isKnown ? RecordText.Read(title.Name, title.NameLength, out _) : null, player.State,
            Milliseconds(Math.Clamp(player.PositionAt(now), 0, Math.Max(title.Duration, Math.Max(0, player.Figures.MediaTime)))),
            Milliseconds(player.LeadAt(now)),
            player.Figures.Bytes, player.RateAt(now), player.Figures.Stalls, Since(player.Facts.OpenedAt), Since(player.Facts.PlayedAt),
            Since(player.Figures.SentAt), (player.Figures.Flags & PlayerFigures.Blocked) != 0)
        {
            Latency = player.Latency is { Last: var last } ? Milliseconds(last) : null,
            WorstLatency = player.Latency is { Worst: var worst } ? Milliseconds(worst) : null,
            Lag = player.IsLiveViewer ? Milliseconds(player.Lag) : null,
        };

        TimeSpan Since(long time) => time == 0 ? TimeSpan.Zero : Milliseconds(Math.Max(0, now - time));
    }

    private List<StreamSnapshot> ReadStreams(
        List<PlayerReading> players, Dictionary<long, TitleRecord> titles, ILookup<long, PlayerReading> playing, long now)
    {
        Dictionary<long, PlayerReading> byId = [];
        players.ForEach(player => byId[player.Facts.Id] = player);
        List<StreamSnapshot> streams = [];
        foreach (long place in _publishers)
        {
            if (PublisherReading.Of(_memory, place) is { } figures && byId.TryGetValue(figures.PlayerId, out PlayerReading publisher)
                && titles.TryGetValue(figures.TitleId, out TitleRecord title))
            {
                List<PlayerReading> viewers =
                    [.. playing[figures.TitleId].Where(static player => player.State is PlayerState.Playing or PlayerState.Paused)];
                streams.Add(Stream(title, figures, publisher, viewers, now));
            }
        }

        return [.. streams.OrderBy(static stream => stream.Name, StringComparer.Ordinal)];
    }

    private static StreamSnapshot Stream(
        in TitleRecord title, in PublisherFigures figures, in PlayerReading publisher, List<PlayerReading> viewers, long now)
    {
        List<(long Last, long Worst)> latencies = [.. viewers.Select(static viewer => viewer.Latency).OfType<(long, long)>()];
        List<PlayerReading> playing = viewers.FindAll(static viewer => viewer is { IsLiveViewer: true, State: PlayerState.Playing });
        long silence = Math.Max(0, now - publisher.Figures.SentAt);
        return new StreamSnapshot(
            RecordText.Read(title.Name, title.NameLength, out _), publisher.Facts.Id, publisher.Peer,
            Milliseconds(Math.Max(0, now - publisher.Facts.PlayedAt)), Milliseconds(silence),
            8 * ByteRate.Fading(figures.VideoRate, silence), 8 * ByteRate.Fading(figures.AudioRate, silence),
            ByteRate.Fading(1000 * figures.FrameRate, silence) / 1000, Known(figures.KeyframeInterval), Known(figures.SoundAhead),
            TimeSpan.FromMilliseconds(float.IsFinite(figures.Jitter) ? Math.Clamp(figures.Jitter, 0, 1e6) : 0),
            Milliseconds(Math.Max(0, figures.LongestPause)), figures.LeftOut, figures.Malformed, viewers.Count,
            Percentile(latencies.ConvertAll(static latency => latency.Last), 0.5),
            Percentile(latencies.ConvertAll(static latency => latency.Worst), 0.99),
            playing.Count == 0 ? null : Milliseconds(playing.Max(static viewer => viewer.Lag)));

        static TimeSpan? Known(int time) => time == PublisherFigures.None ? null : Milliseconds(time);
    }

    private static TimeSpan? Percentile(List<long> times, double share)
    {
        times.Sort();
        return times.Count == 0 ? null : Milliseconds(times[(int)Math.Ceiling((times.Count * share) - 1)]);
    }

    /// <summary>A title's file; null when there was no room for all of its path.</summary>
    private string? PathOf(in TitleRecord title)
    {
        string name = RecordText.Read(title.Name, title.NameLength, out bool isWhole);
        return isWhole && _folder is not null ? Path.Join(_folder, name) : null;
    }

    private TitleSnapshot Title(in TitleRecord title, IEnumerable<PlayerReading> players, long now, bool withResidency)
    {
        long bytes = title.PastBytes;
        long stalls = title.PastStalls;
        double rate = 0;
        int active = 0;
        long? least = null;
        foreach (PlayerReading player in players)
        {
            if (player.State == PlayerState.Publishing)
            {
                continue; // its bytes were not sent but received
            }

            bytes += player.PlayBytes;
            stalls += player.Figures.Stalls;
            rate += player.RateAt(now);
            active += player.State is PlayerState.Playing or PlayerState.Paused ? 1 : 0;
            if (player.State == PlayerState.Playing)
            {
                least = Math.Min(least ?? long.MaxValue, player.LeadAt(now));
            }
        }

        string name = RecordText.Read(title.Name, title.NameLength, out _);
        double? resident = withResidency && PathOf(title) is { } path ? _residency.GetShare(path) : null;
        return new TitleSnapshot(
            name, active, title.Plays, bytes, rate, stalls, least is { } lowest ? Milliseconds(lowest) : null,
            Milliseconds(title.Duration), title.FileLength, resident);
    }

    /// <summary>Of what may be damaged: the nearest time that there is.</summary>
    private static TimeSpan Milliseconds(long time) =>
        TimeSpan.FromTicks(Math.Clamp(time, -MostMilliseconds, MostMilliseconds) * TimeSpan.TicksPerMillisecond);

    private static TimeSpan Positive(long ticks) => TimeSpan.FromTicks(Math.Max(0, ticks));
}
