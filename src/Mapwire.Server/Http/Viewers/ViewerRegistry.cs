using System.Net;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http.Viewers;

/// <summary>
/// Who watches by HTTP requests. A request says whose it is, and its viewer stays until it has asked for nothing for three target
/// durations. Within the limits of players: what is not known here costs nothing but its answer. Any thread may call it.
/// </summary>
/// <remarks>docs/adr/0042-viewers-of-http.md has the reasons.</remarks>
internal sealed class ViewerRegistry : IDisposable
{
    /// <summary>How many target durations a viewer stays without a request.</summary>
    public const int KeptDurations = 3;

    /// <summary>How often figures are published, and who is gone is looked for, in milliseconds.</summary>
    private const int Interval = 1000;

    /// <summary>Viewers that are looked at before requests have their turn.</summary>
    private const int Batch = 256;

    private readonly PlayerLimits _limits;
    private readonly PlayerPlaces? _places;
    private readonly Lock _gate = new();
    private readonly Dictionary<ViewerKey, Viewer> _viewers = [];
    private readonly Dictionary<string, (ulong Number, PlayerProtocol Protocol)> _proven = []; // ids of those who are here
    private readonly Timer _timer;
    private bool _isTicking;
    private bool _isDisposed;

    /// <param name="limits">How many players there may be.</param>
    /// <param name="places">Where they are published, the registry's own from now on; null for nowhere.</param>
    public ViewerRegistry(PlayerLimits limits, PlayerPlaces? places)
    {
        _limits = limits;
        _places = places;
        _timer = new Timer(static registry => ((ViewerRegistry)registry!).Sweep(Environment.TickCount64), this, Timeout.Infinite, Interval);
    }

    /// <summary>The ids that viewers have in addresses.</summary>
    public ViewerIds Ids { get; } = new();

    /// <summary>Viewers now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _viewers.Count;
            }
        }
    }

    /// <summary>Counts a request that is answered with a body.</summary>
    /// <param name="part">What it is for.</param>
    /// <param name="from">The first byte of it that is asked for.</param>
    /// <param name="length">Of how many.</param>
    /// <param name="peer">Who asks.</param>
    /// <param name="connection">On which connection: no other one has the number.</param>
    /// <param name="now">Milliseconds of the system's clock that never goes back.</param>
    /// <param name="isNew">Whether a title begins with it.</param>
    /// <param name="refusal">Why there is no viewer where there should be one; null where it need not be one.</param>
    /// <returns>The viewer, which is told what it is sent and when that ends; null for none.</returns>
    public Viewer? TryBegin(
        WatchedPart part, long from, long length, EndPoint? peer, long connection, long now, out bool isNew, out string? refusal)
    {
        isNew = false;
        refusal = null;
        IPAddress? address = (peer as IPEndPoint)?.Address;
        if (!part.IsWatching)
        {
            refusal = _limits.FindRefusal(address);
            return null;
        }

        lock (_gate)
        {
            (ViewerKey key, PlayerProtocol protocol) = Identify(part, address, connection);
            if (!_viewers.TryGetValue(key, out Viewer? viewer))
            {
                refusal = _isDisposed ? "the server stops" : _limits.TryEnter(address);
                if (refusal is not null)
                {
                    return null;
                }

                viewer = new Viewer(key, protocol, address, _places?.Enter(peer, now, protocol))
                {
                    Id = key.Kind == ViewerKind.Id ? part.Id : null,
                };
                _viewers.Add(key, viewer);
                if (viewer.Id is { } id)
                {
                    _proven[id] = (key.Number, protocol);
                }

                if (!_isTicking)
                {
                    _isTicking = true;
                    _timer.Change(Interval, Interval);
                }
            }

            isNew = viewer.BeginRequest(part, from, length, now);
            viewer.Publish(now);
            return viewer;
        }
    }

    /// <summary>A connection is closed, and who was known by it is gone.</summary>
    public void Leave(Viewer viewer)
    {
        lock (_gate)
        {
            if (viewer.Key.Kind == ViewerKind.Connection && _viewers.GetValueOrDefault(viewer.Key) == viewer)
            {
                Remove(viewer);
            }
        }
    }

    /// <summary>Publishes how all stand, and forgets who is gone.</summary>
    internal void Sweep(long now)
    {
        Viewer[] viewers;
        lock (_gate)
        {
            viewers = [.. _viewers.Values];
        }

        for (int i = 0; i < viewers.Length; i += Batch)
        {
            lock (_gate)
            {
                Sweep(viewers.AsSpan(i, Math.Min(Batch, viewers.Length - i)), now);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (Viewer viewer in _viewers.Values)
            {
                _limits.Leave(viewer.Address);
            }

            _viewers.Clear();
        }

        _timer.Dispose();
    }

    private void Sweep(ReadOnlySpan<Viewer> viewers, long now)
    {
        foreach (Viewer viewer in viewers)
        {
            if (_viewers.GetValueOrDefault(viewer.Key) != viewer)
            {
                continue; // gone meanwhile, or all are
            }

            if (viewer.IsGone(now))
            {
                Remove(viewer);
            }
            else
            {
                viewer.Publish(now);
            }
        }

        if (_isTicking && _viewers.Count == 0 && !_isDisposed)
        {
            _isTicking = false;
            _timer.Change(Timeout.Infinite, Interval);
        }
    }

    /// <summary>Under the gate.</summary>
    private void Remove(Viewer viewer)
    {
        _viewers.Remove(viewer.Key);
        if (viewer.Id is { } id)
        {
            _proven.Remove(id); // another one of the same id, at another address, proves it again
        }

        viewer.Leave();
        _limits.Leave(viewer.Address);
    }

    /// <summary>Says who it is. An id is proven once, and known for as long as its viewer is. Under the gate.</summary>
    private (ViewerKey Key, PlayerProtocol Protocol) Identify(WatchedPart part, IPAddress? address, long connection)
    {
        if (part.IsWhole)
        {
            return (new ViewerKey(ViewerKind.Connection, (ulong)connection, null, null), part.Protocol!.Value);
        }

        IPAddress? host = address is null ? null : AddressLimits.HostOf(address);
        if (part.Id is { } id && _proven.TryGetValue(id, out (ulong Number, PlayerProtocol Protocol) known))
        {
            return (new ViewerKey(ViewerKind.Id, known.Number, host, null), known.Protocol);
        }

        return Ids.TryRead(part.Id, out ulong number, out PlayerProtocol protocol)
            ? (new ViewerKey(ViewerKind.Id, number, host, null), protocol)
            : (new ViewerKey(ViewerKind.Address, 0, host, part.Title.Name), part.Protocol ?? PlayerProtocol.Hls);
    }
}
