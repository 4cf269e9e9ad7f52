using System.Net;
using System.Net.Sockets;

namespace Mapwire.Server.Sending;

/// <summary>
/// What one address may have: connections, and new ones a second, so that no host locks all others out. An IPv6 host is its network of 64
/// bits, since it has all addresses of that. Any thread may call it.
/// </summary>
/// <param name="maxConnections">At once; 0 for no limit.</param>
/// <param name="maxConnects">New ones a second; 0 for no limit. A burst of ten seconds' worth is let through.</param>
/// <param name="connectionsOption">What the first limit is called where it is set.</param>
/// <param name="connectsOption">What the second one is called there.</param>
internal sealed class AddressLimits(int maxConnections, int maxConnects, string connectionsOption, string connectsOption)
{

    private const int BurstSeconds = 10;

    /// <summary>Addresses without a connection that are remembered for their rate; past that all of them are forgotten.</summary>
    private const int MaxIdleAddresses = 65_536;

    private readonly Dictionary<IPAddress, Use> _uses = [];
    private readonly Lock _gate = new();

    /// <summary>Whether there is any limit.</summary>
    public bool IsEmpty => maxConnections == 0 && maxConnects == 0;

    /// <summary>Counts a new connection in.</summary>
    /// <param name="address">Of the peer.</param>
    /// <param name="now">Milliseconds of a clock that never goes back.</param>
    /// <returns>Null when it may stay; otherwise why not, and nothing is counted.</returns>
    public string? TryEnter(IPAddress? address, long now)
    {
        if (IsEmpty || address is null)
        {
            return null;
        }

        IPAddress host = HostOf(address);
        lock (_gate)
        {
            if (!_uses.TryGetValue(host, out Use? use))
            {
                Forget();
                _uses.Add(host, use = new Use { Left = (double)maxConnects * BurstSeconds, Since = now });
            }

            use.Left = Math.Min((double)maxConnects * BurstSeconds, use.Left + ((now - use.Since) * maxConnects / 1000.0));
            use.Since = now;
            if (maxConnections > 0 && use.Connections >= maxConnections)
            {
                return $"has {use.Connections} of the {maxConnections} connections that an address may have ({connectionsOption})";
            }

            if (maxConnects > 0 && use.Left < 1)
            {
                return $"connects more often than the {maxConnects} times a second that an address may, on average over {BurstSeconds} s "
                    + $"({connectsOption})";
            }

            use.Left--;
            use.Connections++;
            return null;
        }
    }

    /// <summary>A connection that was counted in is over.</summary>
    public void Leave(IPAddress? address)
    {
        if (IsEmpty || address is null)
        {
            return;
        }

        IPAddress host = HostOf(address);
        lock (_gate)
        {
            if (_uses.TryGetValue(host, out Use? use) && --use.Connections == 0 && maxConnects == 0)
            {
                _uses.Remove(host);
            }
        }
    }

    /// <summary>What counts as one address.</summary>
    internal static IPAddress HostOf(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    private void Forget()
    {
        if (_uses.Count < MaxIdleAddresses)
        {
            return;
        }

        foreach ((IPAddress host, Use use) in _uses)
        {
            if (use.Connections == 0)
            {
                _uses.Remove(host); // a dictionary may lose entries while it is read
            }
        }
    }

    private sealed class Use
    {
        public int Connections;
        public double Left;
        public long Since;
    }
}
