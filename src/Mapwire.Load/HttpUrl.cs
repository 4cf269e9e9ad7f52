using System.Diagnostics.CodeAnalysis;

namespace Mapwire.Load;

/// <summary>Where a viewer of HTTP goes: <c>http://host[:port]/path</c> or <c>https://</c>.</summary>
/// <param name="Host">A name or an address; of IPv6 without brackets.</param>
/// <param name="Port">Default 80, of https 443.</param>
/// <param name="IsEncrypted">Whether it is https.</param>
/// <param name="Target">
/// Path and query as they were written. <c>{0..199}</c> in it stands for 200 numbers: the viewers share them out among themselves, and each
/// goes on to its next one with every play.
/// </param>
public sealed record HttpUrl(string Host, int Port, bool IsEncrypted, string Target) : LoadUrl(Host, Port)
{
    private const int DefaultPort = 80;
    private const int DefaultEncryptedPort = 443;

    /// <summary>The value of the Host field: without the port where it is the scheme's own.</summary>
    public string Authority
    {
        get
        {
            string host = Host.Contains(':') ? $"[{Host}]" : Host;
            return Port == (IsEncrypted ? DefaultEncryptedPort : DefaultPort) ? host : $"{host}:{Port}";
        }
    }

    /// <summary>What is watched there, by the path's extension: a playlist, an FLV stream or bytes.</summary>
    public HttpMedia Media => PathOf(Target) switch
    {
        var path when path.EndsWith(".m3u8", StringComparison.OrdinalIgnoreCase) => HttpMedia.Hls,
        var path when path.EndsWith(".flv", StringComparison.OrdinalIgnoreCase) => HttpMedia.Flv,
        _ => HttpMedia.Bytes,
    };

    /// <summary>Reads a URL; false when it is neither <c>http</c> nor <c>https</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HttpUrl? url)
    {
        url = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0
            || uri.UserInfo.Length > 0)
        {
            return false;
        }

        // The target goes to the server as it was written: a server may count on escapes, or on none. A fragment never goes.
        int start = text.IndexOf('/', text.IndexOf("://", StringComparison.Ordinal) + 3);
        string target = (start < 0 ? "/" : text[start..]).Split('#')[0];
        if (target.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return false; // it would not stay on its line
        }

        url = new HttpUrl(uri.IdnHost.Trim('[', ']'), uri.Port, uri.Scheme == "https", target);
        return true;
    }

    /// <summary>What one of many viewers asks for in one of its plays.</summary>
    /// <param name="turn">Which play of all viewers', from 0.</param>
    public HttpUrl ForTurn(int turn) => this with { Target = PickNumbers(Target, turn) };

    /// <summary>The target that a reference in a playlist leads to (RFC 3986, section 5.2).</summary>
    /// <param name="reference">A path, relative or not, or a whole URL of this server.</param>
    /// <returns>Null when it leads to another server, or nowhere.</returns>
    public string? Resolve(string reference)
    {
        if (!Uri.TryCreate($"{(IsEncrypted ? "https" : "http")}://{Authority}{Target}", UriKind.Absolute, out Uri? own)
            || !Uri.TryCreate(own, reference, out Uri? found) || found.Scheme != own.Scheme || found.Authority != own.Authority)
        {
            return null;
        }

        return found.PathAndQuery;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(IsEncrypted ? "https" : "http")}://{Authority}{Target}";

    private static string PathOf(string target) => target.Split('?')[0];
}

/// <summary>What a viewer of HTTP watches.</summary>
public enum HttpMedia
{
    /// <summary>Bytes: a file is taken again and again.</summary>
    Bytes,

    /// <summary>HLS: a playlist, and the segments that it names, each when it is due.</summary>
    Hls,

    /// <summary>FLV in one response.</summary>
    Flv,
}
