namespace Mapwire.Http.Heads;

/// <summary>The value of Host (RFC 9110, section 7.2), where it is plainly a name or an address with a port.</summary>
internal static class HostValue
{
    private const int MaxPortDigits = 5;

    /// <summary>Whether it is plain: uri-host [ ":" port ], without what RFC 3986 allows beyond names, IPv4 and IPv6 addresses.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> host)
    {
        int colon = host.LastIndexOf((byte)':');
        bool hasPort = colon > host.LastIndexOf((byte)']');
        ReadOnlySpan<byte> name = hasPort ? host[..colon] : host;
        if (hasPort && !IsPort(host[(colon + 1)..]))
        {
            return false;
        }

        return name is [(byte)'[', .. var address, (byte)']']
            ? IsIPv6Address(address)
            : !name.IsEmpty && !name.ContainsAnyExcept(HeadCharacters.HostName);
    }

    private static bool IsPort(ReadOnlySpan<byte> port) =>
        port.Length is > 0 and <= MaxPortDigits && !port.ContainsAnyExcept(HeadCharacters.Digits);

    /// <summary>Eight groups of up to four digits, or fewer and one "::" (RFC 3986, section 3.2.2).</summary>
    /// <remarks>Not plain: IPv4 at its end, and "::", which is no host (RFC 4291, section 2.5.2) and which Kestrel refuses.</remarks>
    private static bool IsIPv6Address(ReadOnlySpan<byte> address)
    {
        int gap = address.IndexOf("::"u8);
        if ((gap >= 0 && address[(gap + 1)..].IndexOf("::"u8) >= 0)
            || (address.StartsWith(":"u8) && gap != 0) || (address.EndsWith(":"u8) && gap != address.Length - 2))
        {
            return false;
        }

        int groups = 0;
        foreach (Range range in address.Split((byte)':'))
        {
            ReadOnlySpan<byte> group = address[range];
            if (group.Length > 4 || group.ContainsAnyExcept(HeadCharacters.HexadecimalDigits))
            {
                return false;
            }

            groups += group.IsEmpty ? 0 : 1;
        }

        return gap >= 0 ? groups is > 0 and < 8 : groups == 8;
    }
}
