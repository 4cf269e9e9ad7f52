using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mapwire.Cli;

/// <summary>
/// Reads HOST:PORT: <c>127.0.0.1:1935</c>, <c>[::]:1935</c>, <c>localhost:1935</c>; <c>:1935</c> and <c>*:1935</c> are all IPv4 addresses.
/// </summary>
internal static class EndPointText
{
    /// <summary>What <see cref="Parse"/> takes, for messages.</summary>
    public const string Takes = "HOST:PORT such as 127.0.0.1:1935, [::]:1935 or :1935, of a host that is known here";

    /// <summary>Reads an end point.</summary>
    /// <exception cref="FormatException">It is none, or the host is not known.</exception>
    public static IPEndPoint Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new FormatException();
        }

        return new IPEndPoint(ParseHost(text[..colon]), port);
    }

    private static IPAddress ParseHost(string host)
    {
        if (host is "" or "*")
        {
            return IPAddress.Any;
        }

        bool isBracketed = host.StartsWith('[') && host.EndsWith(']');
        if (isBracketed || host.Contains(':', StringComparison.Ordinal))
        {
            // Without brackets nothing tells the last group of an IPv6 address from a port.
            return isBracketed && IPAddress.TryParse(host[1..^1], out IPAddress? six) && six.AddressFamily == AddressFamily.InterNetworkV6
                ? six
                : throw new FormatException();
        }

        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return address;
        }

        try
        {
            return Dns.GetHostAddresses(host)[0];
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException or IndexOutOfRangeException)
        {
            throw new FormatException(exception.Message, exception);
        }
    }
}
