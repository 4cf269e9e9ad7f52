using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http;
using Mapwire.Server.Loop;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Sources;
using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;
using Mapwire.Server.Tls;
using Mapwire.Server.Web;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Hosting;

/// <summary>Serves a folder of recordings over RTMP and HTTP.</summary>
public sealed class RtmpServer : IDisposable
{
    /// <summary>
    /// Connections that the system holds until they are accepted: enough for a burst of thousands of players; systems cap it
    /// themselves (Linux: net.core.somaxconn).
    /// </summary>
    private const int Backlog = 4096;

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);
    private static readonly Refusal ServerIsFull = new(503, "the server has as many connections as it may");
    private static readonly Refusal AddressHasTooMany = new(503, "this address has as many connections as it may, or makes them too often");

    private readonly ServerContext _context;
    private readonly Worker[] _workers;
    private readonly AddressLimits _addresses;
    private readonly EventLoop _accepting;
    private readonly List<Listener> _listeners = [];
    private readonly ServerCertificate? _certificate;
    private readonly KestrelReader _kestrel;
    private readonly long? _descriptorLimit = DescriptorLimit.Get();
    private int _wrapping;
    private int _turnedAway; // connections that are told that they are too many
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
    public RtmpServer(RtmpServerOptions options, ILogger log)
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
            log, times, ConnectionCount, MaxConnections, options.NameOf(nameof(RtmpServerOptions.MaxConnections))));
        _failed = new RepeatedWarning(_accepting, times => Log.AcceptFailed(log, _fault!.Message, times));
        _limited = new RepeatedWarning(_accepting, times => Log.AddressLimited(log, times, _refusedPeer, _refusal));
        _stuck = new RepeatedWarning(_accepting, _ => Log.WorkerStuck(log));
        EndPoints = options.EndPoints;
        EncryptedEndPoints = options.EncryptedEndPoints;
        HttpEndPoints = options.HttpEndPoints;
        EncryptedHttpEndPoints = options.EncryptedHttpEndPoints;
        _kestrel = new KestrelReader(options.ToKestrelLimits(), Converse, log);
        _certificate = options.ToCertificateFiles() is { } files ? new ServerCertificate(files, log) : null;
    }

    /// <summary>Where the server listens; with the real ports once it has started.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; private set; }

    /// <summary>Where the server listens for encrypted connections; with the real ports once it has started.</summary>
    public IReadOnlyList<IPEndPoint> EncryptedEndPoints { get; private set; }

    /// <summary>
    /// Where the server listens for HTTP; with the real ports once it has started, and none where it went on without.
    /// </summary>
    public IReadOnlyList<IPEndPoint> HttpEndPoints { get; private set; }

    /// <summary>Where the server listens for encrypted HTTP; with the real ports once it has started.</summary>
    public IReadOnlyList<IPEndPoint> EncryptedHttpEndPoints { get; private set; }

    /// <summary>Where clients connect to, such as <c>rtmp://0.0.0.0:1935/vod</c>.</summary>
    public IReadOnlyList<string> Urls =>
    [
        .. EndPoints.Select(endPoint => $"rtmp://{endPoint}/{_context.Options.Application}"),
        .. EncryptedEndPoints.Select(endPoint => $"rtmps://{endPoint}/{_context.Options.Application}"),
        .. HttpEndPoints.Select(endPoint => $"http://{endPoint}/{_context.Options.Application}"),
        .. EncryptedHttpEndPoints.Select(endPoint => $"https://{endPoint}/{_context.Options.Application}"),
    ];

    /// <summary>The first of <see cref="EndPoints"/>.</summary>
    public IPEndPoint EndPoint => EndPoints[0];

    /// <summary>
    /// The most connections at once: <see cref="RtmpServerOptions.MaxConnections"/>, or what the system's limit of descriptors leaves
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
            EndPoints = Listen(_context.Options.EndPoints, new Protocol(IsHttp: false, _context.Options.WrapStream));
            EncryptedEndPoints = Listen(
                _context.Options.EncryptedEndPoints,
                new Protocol(IsHttp: false, null, _certificate is null ? null : _certificate.ToOptions));
            EncryptedHttpEndPoints = Listen(
                _context.Options.EncryptedHttpEndPoints,
                new Protocol(IsHttp: true, null, _certificate is null ? null : _certificate.ToHttpOptions));
            HttpEndPoints = ListenForHttp();
        }
        catch
        {
            _listeners.ForEach(static listener => listener.Dispose());
            throw;
        }

        _context.Start(_context.Options.ToPublishedServer(Urls) is { } published
            ? ServerStatistics.TryPublish(published, _context.Log)
            : null);
        OtherReader other = new(_kestrel.Take, TakesAll: !_context.Options.HasHttpFastLane);
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Worker(_context, _addresses, other, i);
            _workers[i].Start();
        }

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

        _kestrel.Stop();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _context.Http?.Viewers.Dispose();
        // else it may still write there; the next server clears it away
        if (_workers.All(static worker => worker is not { IsRunning: true }))
        {
            _context.Statistics?.Dispose();
        }

        _listeners.ForEach(static listener => listener.Dispose());
        _kestrel.Dispose();
        _certificate?.Dispose();
        _context.Titles.Dispose();
    }

    private IPEndPoint[] ListenForHttp()
    {
        int before = _listeners.Count;
        try
        {
            return Listen(_context.Options.HttpEndPoints, new Protocol(IsHttp: true, _context.Options.WrapStream));
        }
        catch (SocketException exception) when (_context.Options.IsHttpOptional)
        {
            _listeners.GetRange(before, _listeners.Count - before).ForEach(static listener => listener.Dispose());
            _listeners.RemoveRange(before, _listeners.Count - before);
            Log.HttpNotListening(_context.Log, exception.Message);
            return [];
        }
    }

    /// <summary>Listens at end points.</summary>
    /// <param name="endPoints">Port 0 picks a free one.</param>
    /// <param name="protocol">What is spoken there.</param>
    /// <returns>The end points with their real ports.</returns>
    private IPEndPoint[] Listen(IReadOnlyList<IPEndPoint> endPoints, Protocol protocol)
    {
        IPEndPoint[] real = new IPEndPoint[endPoints.Count];
        for (int i = 0; i < real.Length; i++)
        {
            Listener listener = new(_accepting, endPoints[i], Backlog, socket => OnAccepted(socket, protocol), OnAcceptFailed);
            _listeners.Add(listener);
            real[i] = listener.EndPoint;
        }

        return real;
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
            _context.Options.NameOf(nameof(RtmpServerOptions.MaxConnections)));
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
            TurnAway(socket, protocol, isInReserve, ServerIsFull);
            _full.Report();
            return;
        }

        EndPoint? peer = PeerOf(socket);
        IPAddress? address = (peer as IPEndPoint)?.Address;
        string? reason = _addresses.TryEnter(address, _accepting.Now);
        // Who speaks RTMP is a player at once; of HTTP it is known with the request.
        if (reason is null && !protocol.IsHttp && _context.Rtmp.Players.Limits.FindRefusal(address) is { } tooMany)
        {
            _addresses.Leave(address);
            reason = tooMany;
        }

        if (reason is not null)
        {
            TurnAway(socket, protocol, isInReserve, AddressHasTooMany);
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
            worker.Adopt(sender, peer, protocol.ConversationOn(worker));
        }
        else if (protocol.Wrap is not null || _context.Options.CopiesPayload)
        {
            _ = AdoptStreamAsync(worker, socket, peer, protocol);
        }
        else
        {
            worker.Adopt(new PlainSender(socket), peer, protocol.ConversationOn(worker));
        }
    }

    /// <summary>
    /// Closes a connection that is one too many, by HTTP with the reason: as far as that costs next to nothing, so by no handshake of TLS.
    /// </summary>
    private void TurnAway(Socket socket, Protocol protocol, bool isInReserve, Refusal refusal)
    {
        if (!protocol.IsHttp || protocol.Wrap is not null || protocol.Encryption is not null || isInReserve
            || _turnedAway >= TurnedAway.MaxCount)
        {
            socket.Dispose();
            return;
        }

        _turnedAway++;
        _ = new TurnedAway(_accepting, socket, refusal, () => _turnedAway--);
    }

    /// <summary>Wraps a socket's stream off the loop, within the time that a connect command may take.</summary>
    private async Task AdoptStreamAsync(Worker worker, Socket socket, EndPoint? peer, Protocol protocol)
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

            worker.Adopt(new StreamSender(stream, socket), peer, protocol.ConversationOn(worker));
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

    /// <summary>Begins the conversation of a request that Kestrel has read, on the worker that its connection came from.</summary>
    private static IConversation Converse(Connection exchange, HttpClientState client) =>
        ((Worker)exchange.Loop).ConverseExchange(exchange, client);

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

    /// <summary>What is spoken at an end point.</summary>
    /// <param name="IsHttp">HTTP, or else RTMP.</param>
    /// <param name="Wrap">Wraps the stream of each connection; null for none.</param>
    /// <param name="Encryption">How each connection is encrypted; null for those that are not.</param>
    private sealed record Protocol(
        bool IsHttp, Func<Stream, CancellationToken, ValueTask<Stream>>? Wrap, Func<SslServerAuthenticationOptions>? Encryption = null)
    {
        public Func<Connection, IConversation>? ConversationOn(Worker worker) => IsHttp ? worker.ConverseHttp : null;
    }

    /// <summary>Accepts for all workers.</summary>
    private sealed class AcceptLoop(ILogger log) : EventLoop("mapwire accept")
    {
        /// <inheritdoc/>
        protected override void OnLoopFault(Exception exception) => Log.LoopFault(log, exception);
    }
}
