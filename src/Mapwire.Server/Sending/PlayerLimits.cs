using System.Globalization;
using System.Net;

namespace Mapwire.Server.Sending;

/// <summary>
/// How many players there may be at once, of the server and of one address. A connection of RTMP or FLV is a player, and so is a viewer of
/// HTTP, who may have several connections or none at the moment. Any thread may call it.
/// </summary>
/// <param name="max">Players at once; 0 for no limit.</param>
/// <param name="maxPerAddress">Players of one address, as <see cref="AddressLimits"/> counts them; 0 for no limit.</param>
/// <param name="option">What the first limit is called where it is set.</param>
/// <param name="addressOption">What the second one is called there.</param>
internal sealed class PlayerLimits(int max, int maxPerAddress, string option, string addressOption)
{
    private readonly Dictionary<IPAddress, int> _addresses = []; // of each that has some
    private readonly Lock _gate = new();
    private int _count;

    /// <summary>Counts and limits nothing.</summary>
    public static PlayerLimits None { get; } = new(0, 0, "", "");

    /// <summary>Players now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Why one more of an address would be too many; null where it would not.</summary>
    public string? FindRefusal(IPAddress? address)
    {
        lock (_gate)
        {
            return FindRefusalOf(HostOf(address));
        }
    }

    /// <summary>Counts one in unless it is too many.</summary>
    /// <returns>Null when it may stay; otherwise why not, and nothing is counted.</returns>
    public string? TryEnter(IPAddress? address)
    {
        IPAddress? host = HostOf(address);
        lock (_gate)
        {
            string? refusal = FindRefusalOf(host);
            if (refusal is null)
            {
                Add(host, 1);
            }

            return refusal;
        }
    }

    /// <summary>Counts one in that is there, as a connection that was let in.</summary>
    public void Enter(IPAddress? address)
    {
        IPAddress? host = HostOf(address);
        lock (_gate)
        {
            Add(host, 1);
        }
    }

    /// <summary>One that was counted in is gone.</summary>
    public void Leave(IPAddress? address)
    {
        IPAddress? host = HostOf(address);
        lock (_gate)
        {
            Add(host, -1);
        }
    }

    /// <summary>Under the gate.</summary>
    private string? FindRefusalOf(IPAddress? host) =>
        max > 0 && _count >= max
            ? string.Create(CultureInfo.InvariantCulture, $"there are {_count} of the {max} players that this server has ({option})")
        : maxPerAddress > 0 && host is not null && _addresses.GetValueOrDefault(host) is var own && own >= maxPerAddress
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"its address has {own} of the {maxPerAddress} players that an address may have ({addressOption})")
        : null;

    /// <summary>Under the gate.</summary>
    private void Add(IPAddress? host, int count)
    {
        if (max == 0 && maxPerAddress == 0)
        {
            return;
        }

        _count += count;
        if (maxPerAddress > 0 && host is not null)
        {
            int own = _addresses.GetValueOrDefault(host) + count;
            if (own > 0)
            {
                _addresses[host] = own;
            }
            else
            {
                _addresses.Remove(host);
            }
        }
    }

    private static IPAddress? HostOf(IPAddress? address) => address is null ? null : AddressLimits.HostOf(address);
}
