using Mapwire.Memory;
using Mapwire.Memory.Sharing;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Statistics;

/// <summary>
/// A server's figures in shared memory, for <c>mapwire top</c> in another process. Workers write their own places with plain stores
/// as they send; names are written once a title that a player begins, and room is made once in some dozen connections.
/// </summary>
internal sealed class ServerStatistics : IDisposable
{
    /// <summary>Titles kept in the list after their last player left.</summary>
    private const int IdleTitles = 64;

    /// <summary>
    /// What the segment has behind its last chunk, in bytes: room for a thousand players while another process holds the lock of growing.
    /// </summary>
    private const long RoomAhead = 16 * StatisticsLayout.ChunkSize;

    /// <summary>After growing was refused for want of memory it is tried again, in milliseconds.</summary>
    private const long RetryInterval = 10_000;

    private const long WarningInterval = 10_000;

    /// <summary>How long publishing waits for other processes that make or open a segment of the name.</summary>
    private static readonly TimeSpan PublishTimeout = TimeSpan.FromSeconds(10);

    private readonly SharedMemory _memory;
    private readonly ILogger _log;
    private readonly int _workers;
    private readonly Lock _changing = new();
    private readonly Dictionary<string, TitleStatistics> _titles = new(StringComparer.Ordinal);
    private readonly Stack<TitleStatistics> _freeTitles = new();
    private readonly LinkedList<TitleStatistics> _idleTitles = new();
    private long _chunksEnd;
    private long _roomEnd; // the segment has so many bytes
    private long _growAt = long.MinValue; // not before
    private long _lastTitle;
    private long _warnAt = long.MinValue; // not before: one line each ten seconds says it all

    private ServerStatistics(SharedMemory memory, int workers, ILogger log)
    {
        _memory = memory;
        _workers = workers;
        _log = log;
        _chunksEnd = StatisticsLayout.ChunksAt(workers);
        _roomEnd = memory.Size;
        lock (_changing)
        {
            AddTitles();
        }
    }

    /// <summary>Publishes the statistics of a server that is about to start, and removes what servers left that were killed.</summary>
    /// <param name="server">Who it is.</param>
    /// <param name="log">Takes a line when it cannot be done: a server serves all the same.</param>
    /// <returns>Null when it cannot be done.</returns>
    public static ServerStatistics? TryPublish(PublishedServer server, ILogger log)
    {
        try
        {
            SharedMemory.RemoveAbandoned(StatisticsLayout.Options(server.StatisticsFolder), StatisticsLayout.LayoutId);
            return new ServerStatistics(Make(server), server.Workers, log);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or TimeoutException
            or PlatformNotSupportedException)
        {
            Log.StatisticsNotPublished(log, refused.Message);
            return null;
        }
    }

    /// <summary>The places of a worker.</summary>
    public WorkerStatistics ForWorker(int index) => new(this, _memory, index, _workers);

    /// <summary>The places of players that no worker has for itself. Used by one thread at a time.</summary>
    public PlayerPlaces ForViewers() => new(this, _workers, _workers + 1);

    /// <summary>Makes room for some more players of an owner, if there may be more.</summary>
    public void AddPlayers(PlayerPlaces owner, Stack<PlayerStatistics> free)
    {
        lock (_changing)
        {
            AddChunk(
                StatisticsLayout.PlayersKind, StatisticsLayout.PlayersPerChunk, StatisticsLayout.PlayerSize,
                place => free.Push(new PlayerStatistics(owner, _memory, place)));
        }
    }

    /// <summary>Makes room for some more publishers of an owner, if there may be more.</summary>
    public void AddPublishers(PlayerPlaces owner, Stack<PublisherStatistics> free)
    {
        lock (_changing)
        {
            AddChunk(
                StatisticsLayout.PublishersKind, StatisticsLayout.PublishersPerChunk, PublisherFigures.Size,
                place => free.Push(new PublisherStatistics(owner, _memory, place)));
        }
    }

    /// <summary>A player begins a title.</summary>
    /// <returns>Its place; null when there is no room for more titles.</returns>
    public TitleStatistics? Enter(in PlayedTitle title)
    {
        lock (_changing)
        {
            if (!_titles.TryGetValue(title.Name, out TitleStatistics? place))
            {
                place = TakePlace();
                if (place is null)
                {
                    return null;
                }

                place.Begin(++_lastTitle, title.Name);
                _titles.Add(title.Name, place);
            }

            if (place.Idle is not null)
            {
                _idleTitles.Remove(place.Idle);
                place.Idle = null;
            }

            place.Enter(in title);
            return place;
        }
    }

    /// <summary>A player is done with a title.</summary>
    /// <param name="title">What was played.</param>
    /// <param name="bytes">What was sent of it.</param>
    /// <param name="stalls">How often its player ran out of media.</param>
    public void Leave(TitleStatistics title, long bytes, int stalls)
    {
        lock (_changing)
        {
            title.Leave(bytes, stalls);
            if (title.Players == 0)
            {
                title.Idle = _idleTitles.AddLast(title);
            }
        }
    }

    /// <summary>Ends publishing. No worker may run any more.</summary>
    public void Dispose() => _memory.Dispose();

    private static SharedMemory Make(PublishedServer server)
    {
        long first = StatisticsLayout.ChunksAt(server.Workers);
        // Twice what all connections need, since places stay with the worker that had most connections at once, and as many viewers of
        // HTTP; and each may play a title of its own. Address space only: memory is taken as it is needed.
        long most = first + (StatisticsLayout.ChunkSize * (
            server.Workers + 1
            + (3L * server.MaxConnections / StatisticsLayout.PlayersPerChunk)
            + server.Workers + ((long)server.MaxConnections / StatisticsLayout.PublishersPerChunk)
            + ((IdleTitles + (2L * server.MaxConnections)) / StatisticsLayout.TitlesPerChunk)
            + 2));
        bool grows = PlatformCapabilities.Supports(MemoryCapability.ReserveForFile);
        SharedMemoryOptions place = StatisticsLayout.Options(server.StatisticsFolder);
        SharedMemoryOptions options = new()
        {
            Folder = place.Folder,
            LayoutId = place.LayoutId,
            LayoutVersion = place.LayoutVersion,
            MaxSize = most,
            OpenTimeout = TimeSpan.Zero, // workers grow it, and wait for no other process
            Initialize = memory => Fill(memory, server),
        };
        long until = Environment.TickCount64 + (long)PublishTimeout.TotalMilliseconds;
        while (true)
        {
            try
            {
                return SharedMemory.Create(
                    StatisticsLayout.Prefix + server.Name, grows ? Math.Min(first + RoomAhead, most) : most, options);
            }
            catch (TimeoutException) when (Environment.TickCount64 < until)
            {
                CancellationToken.None.WaitHandle.WaitOne(1); // this is no worker
            }
        }
    }

    private static void Fill(SharedMemory memory, PublishedServer server)
    {
        ServerFacts facts = new()
        {
            ProcessId = Environment.ProcessId,
            Workers = server.Workers,
            StartedTicks = DateTime.UtcNow.Ticks,
            StartedAt =
                Environment.TickCount64,
        };
        facts.AddressLength = RecordText.Write(server.Address, facts.Address);
        facts.FolderLength = RecordText.Write(server.Folder, facts.Folder);
        SharedCell.Create<ServerFacts>(memory, StatisticsLayout.FactsAt).WriteSingleWriter(in facts);
        for (int i = 0; i < server.Workers; i++)
        {
            long place = StatisticsLayout.WorkersAt + ((long)i * StatisticsLayout.WorkerSize);
            SharedCell.Create<WorkerRecord>(memory, place);
            memory.At<long>(place + StatisticsLayout.SeenAt) = facts.StartedAt;
        }
    }

    private TitleStatistics? TakePlace()
    {
        if (_freeTitles.Count <= 1 && _idleTitles.Count < IdleTitles) // one ahead, should the lock for it be held at this moment
        {
            AddTitles();
        }

        if (_freeTitles.TryPop(out TitleStatistics? place))
        {
            return place;
        }

        if (_idleTitles.First is { Value: var oldest })
        {
            _idleTitles.RemoveFirst();
            oldest.Idle = null;
            _titles.Remove(oldest.Name!);
            return oldest;
        }

        return null;
    }

    private void AddTitles()
    {
        List<TitleStatistics> made = [];
        bool isAdded = AddChunk(
            StatisticsLayout.TitlesKind, StatisticsLayout.TitlesPerChunk, StatisticsLayout.TitleSize,
            place => made.Add(new TitleStatistics(SharedCell.Create<TitleRecord>(_memory, place))));
        if (isAdded)
        {
            made.ForEach(_freeTitles.Push);
        }
    }

    /// <summary>
    /// Makes places of a kind, if there is room. Waits for no other process: growing and making cells take a lock of the segment that its
    /// readers take as well, and a reader may be stopped while it has it. Whoever needs places next tries again.
    /// </summary>
    /// <returns>Whether they were made.</returns>
    private bool AddChunk(int kind, int places, int size, Action<long> add)
    {
        long chunk = _chunksEnd;
        long end = chunk + StatisticsLayout.ChunkSize;
        if (end > _memory.MaxSize || !Grow(end))
        {
            return false;
        }

        try
        {
            for (int i = 0; i < places; i++)
            {
                add(chunk + StatisticsLayout.PlacesAt + ((long)i * size));
            }
        }
        catch (Exception refused) when (refused is IOException or TimeoutException)
        {
            _memory.AsSpan(chunk, StatisticsLayout.ChunkSize).Clear(); // as it was: nobody looks into it before it has a kind
            Warn(refused.Message);
            return false;
        }

        _chunksEnd = end;
        Volatile.Write(ref _memory.At<int>(chunk), kind); // the places before it: a reader goes by the kind
        return true;
    }

    /// <summary>Grows the segment ahead of the need.</summary>
    /// <returns>Whether it has the bytes that are needed now.</returns>
    private bool Grow(long needed)
    {
        long wanted = Math.Min(needed + RoomAhead, _memory.MaxSize);
        if (wanted > _roomEnd && Environment.TickCount64 >= _growAt)
        {
            try
            {
                _memory.Grow(wanted);
                _roomEnd = wanted;
            }
            catch (Exception refused) when (refused is IOException or TimeoutException)
            {
                // A lock is free again in a moment, as a rule. Memory is not, and asking for it with every connection costs.
                _growAt = Environment.TickCount64 + (refused is TimeoutException ? 0 : RetryInterval);
                if (needed > _roomEnd)
                {
                    Warn(refused.Message);
                }
            }
        }

        return needed <= _roomEnd;
    }

    private void Warn(string fault)
    {
        if (Environment.TickCount64 >= _warnAt)
        {
            _warnAt = Environment.TickCount64 + WarningInterval;
            Log.StatisticsFull(_log, fault);
        }
    }
}

/// <summary>What a server publishes of itself.</summary>
/// <param name="Name">Under which name; see <see cref="StatisticsLayout.IsName"/>.</param>
/// <param name="StatisticsFolder">Where; null for the user's own place.</param>
/// <param name="Address">The URLs that players connect to, with a blank between them.</param>
/// <param name="Folder">The folder that it serves.</param>
/// <param name="Workers">How many workers it has.</param>
/// <param name="MaxConnections">The most connections at once: there has to be room for them.</param>
internal sealed record PublishedServer(
    string Name, string? StatisticsFolder, string Address, string Folder, int Workers, int MaxConnections);
