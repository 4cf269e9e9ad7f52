using System.Net;
using System.Net.Sockets;
using Mapwire.Server.Catalog;
using Mapwire.Server.Sources;
using Mapwire.Server.Statistics;
using Mapwire.Server.Transport;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Hosting;

/// <summary>Serves a folder of recordings over RTMP.</summary>
public sealed class RtmpServer : IDisposable
{
    /// <summary>
    /// Connections that the system holds until they are accepted: enough for a burst of thousands of players; systems cap it
    /// themselves (Linux: net.core.somaxconn).
    /// </summary>
    private const int Backlog = 4096;

    /// <summary>Silence after which the system asks a peer whether it is still there; a phone that lost its network is gone within minutes.</summary>
    private const int KeepAliveSeconds = 60;

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait before accepting again when the system has no descriptor left.</summary>
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly ServerContext _context;
    private readonly Worker[] _workers;
    private readonly ManualResetEventSlim _stopping = new();
    private readonly long? _descriptorLimit = DescriptorLimit.Get();
    private RepeatedWarning _full;
    private RepeatedWarning _failed;
    private int _maxConnections;
    private Socket? _listener;
    private Thread? _accepting;

    /// <summary>Creates a server that does not listen yet.</summary>
    /// <param name="options">What to serve and how.</param>
    /// <param name="log">A line a connect, play and close goes here.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    public RtmpServer(RtmpServerOptions options, ILogger log)
    {
        options.Validate();
        IndexCache? cache = options.IndexCacheFolder is { } kept ? new IndexCache(new CacheFolder(kept, options.Folder), options.IndexCacheBytes, log) : null;
        ServedFolder folder = new(options.Folder);
        TitleCatalog catalog = new(folder, options.CacheBytes, options.CacheTitles, cache, log, options.Limits, new PresenceThreads(), options.MaxOpenBytes, options.MaxOpenFiles);
        _context = new ServerContext(options, catalog, new ReelOpener(folder, catalog, options.MaxPlaylistItems), log);
        _workers = new Worker[options.Workers];
        EndPoint = options.EndPoint;
    }

    /// <summary>Where the server listens; with the real port once it has started.</summary>
    public IPEndPoint EndPoint { get; private set; }

    /// <summary>
    /// The most connections at once: <see cref="RtmpServerOptions.MaxConnections"/>, or what the system's limit of descriptors leaves
    /// room for, where that is less. Known once the server has started.
    /// </summary>
    public int MaxConnections => _maxConnections;

    /// <summary>Connections that are open now.</summary>
    public int ConnectionCount => _workers.Sum(static worker => worker?.ConnectionCount ?? 0);

    /// <summary>Counts the titles of the folder as they are now, as far as it can be read; serving does not wait for it.</summary>
    /// <param name="timeLimit">After this time the result is what was found so far.</param>
    public Task<TitleCount> CountTitlesAsync(TimeSpan timeLimit) => _context.Catalog.CountAsync(timeLimit);

    /// <summary>Listens and serves until <see cref="Stop"/>.</summary>
    /// <exception cref="SocketException">The end point cannot be listened on.</exception>
    public void Start()
    {
        Socket listener = new(EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(EndPoint);
            listener.Listen(Backlog);
        }
        catch
        {
            listener.Dispose();
            throw;
        }

        _listener = listener;
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        _context.Statistics = _context.Options.StatisticsName is null
            ? null
            : ServerStatistics.TryPublish(_context.Options, EndPoint, _context.Log);
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Worker(_context, i);
            _workers[i].Start();
        }

        _maxConnections = FitMaxConnections();
        _accepting = new Thread(() => Accept(listener)) { Name = "mapwire accept", IsBackground = true };
        _accepting.Start();
    }

    /// <summary>Stops accepting and ends all connections.</summary>
    public void Stop()
    {
        _stopping.Set();
        _listener?.Dispose(); // which ends the wait for a connection
        _accepting?.Join(StopPatience);
        foreach (Worker worker in _workers)
        {
            worker?.Stop(StopPatience);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (Worker worker in _workers)
        {
            worker?.Dispose();
        }

        if (_workers.All(static worker => worker is not { IsRunning: true })) // else it may still write there; the next server clears it away
        {
            _context.Statistics?.Dispose();
        }

        _context.Catalog.Dispose();
        _stopping.Dispose();
    }

    private void Accept(Socket listener)
    {
        while (!_stopping.IsSet)
        {
            try
            {
                Hand(listener.Accept());
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
            {
                // The client left before it was accepted: nothing is wrong here.
            }
            catch (Exception exception)
            {
                // No descriptor or no memory left, or a fault of ours: either way the players that are there play on.
                if (!_stopping.IsSet)
                {
                    if (_failed.TryLog(Environment.TickCount64, out long times))
                    {
                        Log.AcceptFailed(_context.Log, exception.Message, times);
                    }

                    _stopping.Wait(AcceptPause);
                }
            }
        }
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
        long room = DescriptorLimit.RoomFor(limit, open);
        if (room >= wished)
        {
            return wished;
        }

        Log.ConnectionsLimited(_context.Log, room, wished, limit, wished + open + DescriptorLimit.ReserveOf(wished * 4L));
        return (int)room;
    }

    private void Hand(Socket socket)
    {
        Worker least = _workers[0];
        int total = 0;
        foreach (Worker worker in _workers)
        {
            total += worker.ConnectionCount;
            least = worker.ConnectionCount < least.ConnectionCount ? worker : least;
        }

        if (total >= _maxConnections || DescriptorLimit.IsInReserve(socket.SafeHandle, _descriptorLimit))
        {
            socket.Dispose();
            if (_full.TryLog(Environment.TickCount64, out long times))
            {
                Log.ServerFull(_context.Log, times, total, _maxConnections);
            }

            return;
        }

        try
        {
            socket.Blocking = false;
            socket.NoDelay = true; // a message is sent whole: waiting for more of it would only delay the first frame
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true); // a paused player may be gone for good
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            if (_context.Options.SendBuffer is { } sendBuffer)
            {
                socket.SendBufferSize = sendBuffer;
            }

            if (_context.Options.ReceiveBuffer is { } receiveBuffer)
            {
                socket.ReceiveBufferSize = receiveBuffer;
            }
        }
        catch (SocketException)
        {
            socket.Dispose(); // gone already
            return;
        }

        least.Adopt(socket);
    }
}
