using System.Net;
using System.Net.Sockets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Loop;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Sources;
using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;
using Mapwire.Server.Tls;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Hosting;

/// <summary>Serves a folder of recordings over RTMP and HTTP.</summary>
public sealed class MediaServer : IDisposable
{
    /// <summary>
    /// Connections that the system holds until they are accepted: enough for a burst of thousands of players; systems cap it
    /// themselves (Linux: net.core.somaxconn).
    /// </summary>
    private const int Backlog = 4096;

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    private readonly ServerContext _context;
    private readonly Worker[] _workers;
    private readonly AddressLimits _addresses;
    private readonly EventLoop _accepting;
    private readonly List<Listener> _listeners = [];
    private readonly ServerCertificate? _certificate;
    private readonly Protocols _protocols;
    private readonly Dictionary<string, IPEndPoint[]> _endPoints; // of each scheme; with their real ports once the server has started
    private readonly long? _descriptorLimit = DescriptorLimit.Get();
    private int _wrapping;
    private readonly RepeatedWarning _full;
    private readonly RepeatedWarning _failed;
    private readonly RepeatedWarning _limited;
    private readonly RepeatedWarning _stuck;
    private Exception? _fault; // these three: what a warning tells of
    private EndPoint? _refusedPeer;
    private string _refusal = "";

    /// <summary>Creates a server that does not listen yet.</summary>
    /// <param name="options">What to serve and how.</param>
    /// <param name="log">A line a connect, play and close goes here.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="IOException">The certificate cannot be used.</exception>
    public MediaServer(MediaServerOptions options, ILogger log)
    {
        options.Validate();
        log = new UnfailingLogger(log);
        IndexCache? cache =
            options.IndexCacheFolder is { } kept
            ? new IndexCache(new CacheFolder(kept, options.Folder), options.IndexCacheBytes, log)
            : null;
        ServedFolder folder = new(options.Folder);
        FileBudget budget = options.ToFileBudget(DescriptorLimit.FilesOf(_descriptorLimit, options.MaxOpenFiles));
        TitleCatalog titles = new(new FileCatalog(folder, budget, cache, options.Limits, new PresenceThreads(log: log)), log);
        _context = new ServerContext(options, titles, new ReelOpener(folder, titles, options.MaxPlaylistItems), log);
        _workers = new Worker[options.Workers];
        _addresses = new AddressLimits(
            options.MaxConnectionsPerAddress, options.MaxConnectsPerAddress,
            options.NameOf(nameof(options.MaxConnectionsPerAddress)), options.NameOf(nameof(options.MaxConnectsPerAddress)));
        _accepting = new AcceptLoop(log);
        _full = new RepeatedWarning(_accepting, times => Log.ServerFull(
            log, times, ConnectionCount, MaxConnections, options.NameOf(nameof(MediaServerOptions.MaxConnections))));
        _failed = new RepeatedWarning(_accepting, times => Log.AcceptFailed(log, _fault!.Message, times));
        _limited = new RepeatedWarning(_accepting, times => Log.AddressLimited(log, times, _refusedPeer, _refusal));
        _stuck = new RepeatedWarning(_accepting, _ => Log.WorkerStuck(log));
        _certificate = options.ToCertificateFiles() is { } files ? new ServerCertificate(files, log) : null;
        _protocols = new Protocols(_context, _certificate, _accepting);
        _endPoints = _protocols.All.ToDictionary(static protocol => protocol.Scheme, static protocol => protocol.EndPoints.ToArray());
    }

    /// <summary>Where the server listens; with the real ports once it has started.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints => _endPoints["rtmp"];

    /// <summary>Where the server listens for encrypted connections; with the real ports once it has started.</summary>
    public IReadOnlyList<IPEndPoint> EncryptedEndPoints => _endPoints["rtmps"];

    /// <summary>
    /// Where the server listens for HTTP; with the real ports once it has started, and none where it went on without.
    /// </summary>
    public IReadOnlyList<IPEndPoint> HttpEndPoints => _endPoints["http"];

    /// <summary>Where the server listens for encrypted HTTP; with the real ports once it has started.</summary>
    public IReadOnlyList<IPEndPoint> EncryptedHttpEndPoints => _endPoints["https"];

    /// <summary>Where clients connect to, such as <c>rtmp://0.0.0.0:1935/vod</c>.</summary>
    public IReadOnlyList<string> Urls =>
    [
        .. _protocols.All.SelectMany(protocol => _endPoints[protocol.Scheme]
            .Select(endPoint => $"{protocol.Scheme}://{endPoint}/{_context.Options.Application}")),
    ];

    /// <summary>The first of <see cref="EndPoints"/>.</summary>
    public IPEndPoint EndPoint => EndPoints[0];

    /// <summary>
    /// The most connections at once: <see cref="MediaServerOptions.MaxConnections"/>, or what the system's limit of descriptors leaves
    /// room for, where that is less. 0 until the server has started.
    /// </summary>
    public int MaxConnections { get; private set; }

    /// <summary>Connections that are open now, those whose stream is still being wrapped included.</summary>
    public int ConnectionCount => Volatile.Read(ref _wrapping) + _workers.Sum(static worker => worker?.ConnectionCount ?? 0);

    /// <summary>Counts the titles of the folder as they are now, as far as it can be read; serving does not wait for it.</summary>
    /// <param name="timeLimit">After this time the result is what was found so far.</param>
    public Task<TitleCount> CountTitlesAsync(TimeSpan timeLimit) => _context.Titles.Files.CountAsync(timeLimit);

    /// <summary>Listens and serves until <see cref="Stop"/>.</summary>
    /// <exception cref="SocketException">An end point cannot be listened on; the message names it.</exception>
    public void Start()
    {
        try
        {
            foreach (Protocol protocol in _protocols.All)
            {
                _endPoints[protocol.Scheme] = Listen(protocol);
            }
        }
        catch
        {
            _listeners.ForEach(static listener => listener.Dispose());
            throw;
        }

        _context.Start(_context.Options.ToPublishedServer(Urls) is { } published
            ? ServerStatistics.TryPublish(published, _context.Log)
            : null);
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Worker(_context, _addresses, i);
        }

        _context.SetLoops(_workers);
        Array.ForEach(_workers, static worker => worker.Start());

        MaxConnections = FitMaxConnections();
        _listeners.ForEach(_accepting.Watch);
        Array.ForEach([_full, _failed, _limited, _stuck], _accepting.Watch);
        _accepting.Start();
    }

    /// <summary>Stops accepting and ends all connections.</summary>
    public void Stop()
    {
        _accepting.Stop(StopPatience);
        foreach (Worker worker in _workers)
        {
            worker?.Stop(StopPatience);
        }

        _protocols.Stop();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _context.Dispose();
        // else it may still write there; the next server clears it away
        if (_workers.All(static worker => worker is not { IsRunning: true }))
        {
            _context.DisposeBehindWorkers();
        }

        _listeners.ForEach(static listener => listener.Dispose());
        _protocols.Dispose();
        _certificate?.Dispose();
        _context.Titles.Dispose();
    }

    /// <summary>Listens at the end points of a protocol.</summary>
    /// <returns>The end points with their real ports; none where the server goes on without the protocol.</returns>
    private IPEndPoint[] Listen(Protocol protocol)
    {
        int before = _listeners.Count;
        try
        {
            foreach (IPEndPoint endPoint in protocol.EndPoints)
            {
                _listeners.Add(new Listener(_accepting, endPoint, Backlog, socket => OnAccepted(socket, protocol), OnAcceptFailed));
            }
        }
        catch (SocketException exception) when (protocol.IsOptional)
        {
            _listeners.GetRange(before, _listeners.Count - before).ForEach(static listener => listener.Dispose());
            _listeners.RemoveRange(before, _listeners.Count - before);
            Log.HttpNotListening(_context.Log, exception.Message);
        }

        return [.. _listeners.Skip(before).Select(static listener => listener.EndPoint)];
    }

    /// <summary>Compares what is wished for with what the system allows, and says so where it does not.</summary>
    private int FitMaxConnections()
    {
        int wished = _context.Options.MaxConnections;
        if (_descriptorLimit is not { } limit)
        {
            return wished;
        }

        int open = DescriptorLimit.CountOpen();
        int files = DescriptorLimit.FilesOf(limit, _context.Options.MaxOpenFiles);
        ThreadPool.UnsafeQueueUserWorkItem(DescriptorLimit.Prepare, (long)wished + open + files, preferLocal: false);
        long room = DescriptorLimit.RoomFor(limit, open, files);
        if (room >= wished)
        {
            return wished;
        }

        Log.ConnectionsLimited(_context.Log, room, wished, limit, (long)wished + open + files + DescriptorLimit.ReserveOf(wished * 4L),
            _context.Options.NameOf(nameof(MediaServerOptions.MaxConnections)));
        return (int)room;
    }

    private void OnAcceptFailed(Exception exception)
    {
        _fault = exception;
        _failed.Report();
    }

    private void OnAccepted(Socket socket, Protocol protocol)
    {
        bool isInReserve = DescriptorLimit.IsInReserve(socket.SafeHandle, _descriptorLimit);
        if (ConnectionCount >= MaxConnections || isInReserve)
        {
            TurnAway(socket, protocol, isInReserve, isServerFull: true);
            _full.Report();
            return;
        }

        if (PeerOf(socket) is not { } peer)
        {
            socket.Dispose(); // nobody is there to be answered, nor to be counted
            return;
        }

        IPAddress? address = (peer as IPEndPoint)?.Address;
        string? reason = _addresses.TryEnter(address, _accepting.Now);
        if (reason is null && protocol.IsOfPlayers && _context.Players.Limits.FindRefusal(address) is { } tooMany)
        {
            _addresses.Leave(address);
            reason = tooMany;
        }

        if (reason is not null)
        {
            TurnAway(socket, protocol, isInReserve, isServerFull: false);
            _refusedPeer = peer;
            _refusal = reason;
            _limited.Report();
            return;
        }

        if (!SocketSettings.TryApply(socket, _context.Options))
        {
            socket.Dispose(); // gone already
            _addresses.Leave(address);
            return;
        }

        Worker worker = (Worker)ConnectionLoop.LeastLoaded(_workers, out bool isAnyStuck);
        if (isAnyStuck)
        {
            _stuck.Report();
        }

        if (protocol.Encryption is { } encryption)
        {
            EncryptedSender sender = new(
                socket, encryption, fault => Log.StreamNotWrapped(_context.Log, peer, fault.GetBaseException().Message));
            worker.Adopt(sender, peer, protocol.Converse);
        }
        else if (protocol.Wrap is not null || _context.Options.CopiesPayload)
        {
            _ = AdoptStreamAsync(worker, socket, peer, protocol);
        }
        else
        {
            worker.Adopt(new PlainSender(socket), peer, protocol.Converse);
        }
    }

    /// <summary>Closes a connection that is one too many, with the reason where its protocol has one to tell.</summary>
    private static void TurnAway(Socket socket, Protocol protocol, bool isInReserve, bool isServerFull)
    {
        if (isInReserve || protocol.TurnAway?.Invoke(socket, isServerFull) is not true)
        {
            socket.Dispose();
        }
    }

    /// <summary>Wraps a socket's stream off the loop, within the time that a connect command may take.</summary>
    private async Task AdoptStreamAsync(Worker worker, Socket socket, EndPoint peer, Protocol protocol)
    {
        Interlocked.Increment(ref _wrapping);
        try
        {
            socket.Blocking = true; // to .NET: its streams wait by themselves
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (protocol.Wrap is { } wrap)
            {
                using CancellationTokenSource timeout = new(_context.Options.HandshakeTimeout);
                stream = await wrap(stream, timeout.Token).ConfigureAwait(false);
            }

            worker.Adopt(new StreamSender(stream, socket), peer, protocol.Converse);
        }
        catch (Exception exception)
        {
            Log.StreamNotWrapped(_context.Log, peer, exception.GetBaseException().Message);
            socket.Dispose();
            _addresses.Leave((peer as IPEndPoint)?.Address);
        }
        finally
        {
            Interlocked.Decrement(ref _wrapping);
        }
    }

    private static EndPoint? PeerOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint;
        }
        catch (SocketException)
        {
            return null; // gone before it was looked at
        }
    }

    /// <summary>Accepts for all workers.</summary>
    private sealed class AcceptLoop(ILogger log) : EventLoop("mapwire accept")
    {
        /// <inheritdoc/>
        protected override void OnLoopFault(Exception exception) => Log.LoopFault(log, exception);
    }
}
