using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Mapwire.Server.Web;

/// <summary>
/// Writes a request that Kestrel has read, in whatever version of HTTP, as the head that the loop reads: so both are answered by the same
/// code.
/// </summary>
internal static class ExchangeRequest
{
    /// <summary>A host that stands for one that the loop would not read; no answer depends on it.</summary>
    private const string NoHost = "localhost";

    /// <summary>What extended CONNECT has no key for (RFC 8441, section 5.1): any of 16 bytes.</summary>
    private const string AnyKey = "AAAAAAAAAAAAAAAAAAAAAA==";

    private const string Hexadecimals = "0123456789ABCDEF";

    /// <summary>Fields that answers depend on, whose values are one each.</summary>
    private static readonly string[] Single = ["Range", "If-Range", "If-Modified-Since", "If-Unmodified-Since", "Expect"];

    /// <summary>Fields that answers depend on, whose values are lists: several lines are one (RFC 9110, section 5.3).</summary>
    private static readonly string[] Lists = ["If-Match", "If-None-Match", "Accept-Encoding"];

    private static readonly SearchValues<char> TargetCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?%");

    private static readonly SearchValues<char> HostCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    /// <summary>Writes the head.</summary>
    /// <param name="features">The request's.</param>
    public static byte[] Write(IFeatureCollection features)
    {
        IHttpRequestFeature request = features.GetRequiredFeature<IHttpRequestFeature>();
        IHeaderDictionary fields = request.Headers;
        bool isConnect = features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" };
        bool isUpgrade = features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            && string.Equals(fields.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase);
        StringBuilder head = new(512);
        head.Append(isConnect ? "GET" : request.Method).Append(' ');
        AppendTarget(head, request.RawTarget); // of extended CONNECT, too: the path of Kestrel's is decoded
        head.Append(" HTTP/1.1\r\n");
        AppendField(head, "Host", HostOf(fields.Host));
        if (isUpgrade || isConnect)
        {
            AppendField(head, "Connection", "upgrade");
            AppendField(head, "Upgrade", "websocket");
            AppendField(head, "Sec-WebSocket-Key", isConnect ? AnyKey : fields.SecWebSocketKey.ToString());
            AppendField(head, "Sec-WebSocket-Version", fields.SecWebSocketVersion.ToString());
        }
        else if (features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            AppendField(head, "Content-Length", "1"); // refused: no request here has a body
        }

        foreach (string name in Single)
        {
            foreach (string? value in fields[name])
            {
                AppendField(head, name, value ?? "");
            }
        }

        foreach (string name in Lists)
        {
            if (fields.TryGetValue(name, out StringValues values))
            {
                AppendField(head, name, string.Join(", ", values.ToArray()));
            }
        }

        return Encoding.ASCII.GetBytes(head.Append("\r\n").ToString());
    }

    /// <summary>What the target and the fields of a request take while it is answered, in bytes.</summary>
    /// <param name="features">The request's.</param>
    public static int BytesOf(IFeatureCollection features)
    {
        IHttpRequestFeature request = features.GetRequiredFeature<IHttpRequestFeature>();
        int length = request.RawTarget.Length + request.Path.Length + request.QueryString.Length;
        foreach ((string name, StringValues values) in request.Headers)
        {
            length += name.Length;
            foreach (string? value in values)
            {
                length += value?.Length ?? 0;
            }
        }

        return length * sizeof(char);
    }

    /// <summary>The target in origin form (RFC 9112, section 3.2.1), what no target has percent-encoded.</summary>
    private static void AppendTarget(StringBuilder head, string target)
    {
        int scheme = target.IndexOf("://", StringComparison.Ordinal);
        if (scheme > 0 && !target.StartsWith('/'))
        {
            int path = target.AsSpan(scheme + 3).IndexOfAny('/', '?');
            target = path < 0 ? "/" : target[(scheme + 3 + path)..];
        }

        if (!target.StartsWith('/'))
        {
            head.Append('/'); // asterisk and authority form are about the whole server
            target = target.StartsWith('?') ? target : "";
        }

        if (!target.AsSpan().ContainsAnyExcept(TargetCharacters))
        {
            head.Append(target);
            return;
        }

        foreach (byte one in Encoding.UTF8.GetBytes(target))
        {
            if (TargetCharacters.Contains((char)one))
            {
                head.Append((char)one);
            }
            else
            {
                head.Append('%').Append(Hexadecimals[one >> 4]).Append(Hexadecimals[one & 15]);
            }
        }
    }

    private static string HostOf(StringValues host)
    {
        string text = host.ToString();
        int colon = text.LastIndexOf(':');
        ReadOnlySpan<char> name = colon < 0 ? text : text.AsSpan(0, colon);
        ReadOnlySpan<char> port = colon < 0 ? "" : text.AsSpan(colon + 1);
        bool isPlain = !name.IsEmpty && !name.ContainsAnyExcept(HostCharacters)
            && (colon < 0 || (port.Length is > 0 and <= 5 && !port.ContainsAnyExceptInRange('0', '9')));
        return isPlain ? text : NoHost;
    }

    private static void AppendField(StringBuilder head, string name, string value)
    {
        head.Append(name).Append(": ");
        foreach (char one in value)
        {
            head.Append(one is (>= ' ' and <= '~') or '\t' ? one : '?'); // no tag and no date of ours has it
        }

        head.Append("\r\n");
    }
}
