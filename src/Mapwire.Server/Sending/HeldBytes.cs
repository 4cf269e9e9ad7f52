using System.Net;

namespace Mapwire.Server.Sending;

/// <summary>
/// What the connections of one address, and all of a server, make it hold together. Small holdings are not counted, so that whoever only
/// watches is never closed for what others hold. Any thread may call it.
/// </summary>
/// <param name="max">Of all connections, in bytes; an address may have half of it. With that, and with what is not counted, all is
/// bounded.</param>
/// <param name="option">What the limit is called where it is set.</param>
internal sealed class HeldBytes(long max, string option)
{
    /// <summary>What a connection holds uncounted, in bytes: players hold some hundred.</summary>
    public const int Free = 16 * 1024;

    private readonly Dictionary<IPAddress, long> _ofAddress = [];
    private readonly Lock _gate = new();
    private long _ofAll;

    /// <summary>Counts what a connection holds now.</summary>
    /// <param name="peer">Who makes the server hold it.</param>
    /// <param name="counted">What of it was counted before, 0 at first; the connection keeps the number.</param>
    /// <param name="held">In bytes; 0 when it is over.</param>
    /// <returns>Null when it may stay; otherwise why not. It is counted all the same, until it is over. Who holds less than before may
    /// always stay.</returns>
    public string? Count(EndPoint? peer, ref int counted, int held)
    {
        int now = held > Free ? held : 0;
        int more = now - counted;
        if (more == 0)
        {
            return null; // nearly always
        }

        counted = now;
        long ofAddress = 0;
        long ofAll;
        lock (_gate)
        {
            ofAll = _ofAll += more;
            if (peer is IPEndPoint { Address: var address })
            {
                IPAddress host = AddressLimits.HostOf(address);
                ofAddress = _ofAddress.GetValueOrDefault(host) + more;
                if (ofAddress > 0)
                {
                    _ofAddress[host] = ofAddress;
                }
                else
                {
                    _ofAddress.Remove(host);
                }
            }
        }

        return more < 0 ? null
            : ofAddress > max / 2 ? $"the connections of its address hold {ofAddress} bytes, more than half of the {max} of {option}"
            : ofAll > max ? $"all connections hold {ofAll} bytes, more than the {max} of {option}"
            : null;
    }
}
