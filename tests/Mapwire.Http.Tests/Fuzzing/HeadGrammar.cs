using System.Text;

namespace Mapwire.Http.Tests.Fuzzing;

/// <summary>
/// Writes request heads by the grammar of RFC 9112, mostly right, with everything in them that servers have differed about.
/// </summary>
/// <param name="random">The only source of chance.</param>
internal sealed class HeadGrammar(Random random)
{
    private static readonly string[] Methods = ["GET", "GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "get", "PRI", "G", ""];

    private static readonly string[] Pieces =
    [
        "/", "/", "vod", "film.mp4", "index.m3u8", "%20", "%E6%97%A5", "%2e%2e", "..", ".", "%2F", "%5C", "%00", "%", "%zz",
        "%FF", "?", "?", "a=1", "&", "=", "+", ":", "@", ";", ",", "~", "#", "\\", "|",
        "\"", "<", " ", "\t", "http://h", "*", "//", "{", "\u00e9", "a", "b",
    ];

    private static readonly string[] Names =
    [
        "Host", "host", "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Connection",
        "Keep-Alive", "Upgrade", "Content-Length", "Transfer-Encoding", "Expect", "TE", "Trailer", "Accept", "Accept-Encoding", "Origin",
        "Cookie", "Referer", "User-Agent", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "HTTP2-Settings",
        "X-Forwarded-For", "Content-Type", "Authorization", "a", "!#$%&'*+-.^_`|~9", "Date", "Cache-Control",
        ":path", "X Y", "X(", "", "Host ",
    ];

    private static readonly string[] Values =
    [
        "", "0", "00", "5", "-1", "+0", "0, 0", "h", "example.org:8080", "[::1]:80", "[::1]", "a b", "u@h", "chunked", "identity",
        "keep-alive", "close", "Keep-Alive, Close", "upgrade", "Upgrade, keep-alive", "websocket", "WebSocket", "h2c", "100-continue",
        "bytes=0-0", "bytes=0-", "\"a\"", "W/\"a\"", "*", "Sun, 06 Nov 1994 08:49:37 GMT", "dGhlIHNhbXBsZSBub25jZQ==", "13", "gzip, br",
        "a\tb", " a ", "a\r\n b", "a\rb", "a\nb", "a\0b", "\u0001", "\u007f", "\u00e9", "a:b", ",", ",,close,", "\"", "()<>@", "trailers",
    ];

    /// <summary>A head, and now and then what follows one.</summary>
    public byte[] Head()
    {
        StringBuilder text = new();
        bool isPlain = random.Next(3) > 0; // most of it has to be simple, or nothing else is seen
        text.Append(isPlain ? Methods[random.Next(7)] : Pick(Methods)).Append(Rarely(isPlain, "  ", "\t") ?? " ");
        text.Append(isPlain ? "/" : "");
        for (int i = random.Next(6); i > 0; i--)
        {
            text.Append(isPlain ? Pieces[random.Next(8)] : Pick(Pieces));
        }

        text.Append(Rarely(isPlain, "  ", "\t", "") ?? " ");
        text.Append(Rarely(isPlain, "HTTP/1.0", "HTTP/2.0", "http/1.1", "", "HTTP/1.1 ") ?? "HTTP/1.1");
        text.Append(End(isPlain));
        if (isPlain || random.Next(8) > 0)
        {
            text.Append("Host: ").Append(isPlain ? Host() : Pick(Values)).Append(End(isPlain));
        }

        for (int i = random.Next(random.Next(20) == 0 ? 80 : 6); i > 0; i--)
        {
            string name = Pick(Names);
            if (isPlain && (name.Length == 0 || name.StartsWith("Host", StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            text.Append(name).Append(Rarely(isPlain, " :", "", "::") ?? ":").Append(Rarely(false, "", "\t", "  ") ?? " ");
            text.Append(Pick(Values)).Append(Rarely(false, " ", "\t") ?? "").Append(End(isPlain));
        }

        text.Append(End(isPlain));
        text.Append(random.Next(4) == 0 ? "GET /next HTTP/1.1\r\n" : "");
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>A host that may be one: names, and what stands in brackets, by the letters that each of them has.</summary>
    private string Host()
    {
        if (random.Next(3) > 0)
        {
            return "example.org";
        }

        bool isAddress = random.Next(2) == 0;
        string letters = isAddress ? "019afAF.::::" : "abcXYZ019-._~";
        string name = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => letters[random.Next(letters.Length)]));
        return (isAddress ? $"[{name}]" : name) + (random.Next(3) == 0 ? $":{random.Next(100_000)}" : "");
    }

    private string End(bool isPlain) => Rarely(isPlain, "\n", "\r", "\r\r\n", "\n\r", " \r\n", "\r\n ") ?? "\r\n";

    private string? Rarely(bool isPlain, params string[] others) => !isPlain && random.Next(25) == 0 ? Pick(others) : null;

    private string Pick(string[] from) => from[random.Next(from.Length)];
}
