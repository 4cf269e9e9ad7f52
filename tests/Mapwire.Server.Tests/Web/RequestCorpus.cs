using System.Globalization;
using System.Text;

namespace Mapwire.Server.Tests.Web;

/// <summary>How the loop and Kestrel may lawfully differ, each with its reason.</summary>
internal enum LawfulDifference
{
    /// <summary>They may not.</summary>
    None,

    /// <summary>
    /// Kestrel refuses a broken head by itself, before anything of ours is asked: with the same status and the same fields, and a reason
    /// that tells no more than the status, since Kestrel tells no more.
    /// </summary>
    KestrelRefusesTheHead,

    /// <summary>
    /// As the one before, with status 505: what has no version is one of HTTP/0.9 to Kestrel, and a bad request to the loop.
    /// </summary>
    KestrelRefusesAnotherVersion,
}

/// <summary>A request in all its bytes.</summary>
/// <param name="Name">For the message of a test that fails.</param>
/// <param name="Text">Each character is a byte.</param>
/// <param name="Difference">How the answers may differ.</param>
internal sealed record CorpusRequest(string Name, string Text, LawfulDifference Difference = LawfulDifference.None)
{
    /// <summary>The length of the pieces that it is sent in; 0 for one.</summary>
    public int Dribble { get; init; }

    /// <summary>How many answers it has.</summary>
    public int Answers { get; init; } = 1;

    /// <summary>Whether the client ends its half of the connection behind it.</summary>
    public bool EndsHalf { get; init; }

    public bool IsHead => Text.StartsWith("HEAD ", StringComparison.Ordinal);

    /// <summary>What is sent, piece by piece.</summary>
    public IEnumerable<byte[]> Pieces
    {
        get
        {
            byte[] bytes = Encoding.Latin1.GetBytes(Text);
            return Dribble == 0 ? [bytes] : bytes.Chunk(Dribble);
        }
    }
}

/// <summary>Requests of every kind, good, unusual and hostile, for titles <c>a.mp4</c>, <c>b.flv</c> and <c>x y|z.mp4</c>.</summary>
internal static class RequestCorpus
{
    private static readonly string[] Paths =
    [
        "/vod/a.mp4", "/vod/b.flv", "/vod/a.mp4/index.m3u8", "/vod/a.mp4/v1a1.m3u8", "/vod/a.mp4/v1.m3u8", "/vod/a.mp4/v1-pictures.m3u8",
        "/vod/a.mp4/v1a1-init-1.mp4", "/vod/a.mp4/v1a1-1.m4s", "/vod/a.mp4/v1a1-2.m4s", "/vod/a.mp4/a1-1.m4s",
        "/vod/a.mp4/v1-picture-1.m4s", "/vod/a.mp4/manifest.mpd", "/vod/a.mp4/stream.mp4", "/vod/a.mp4/clip.mp4?start=2&end=9.5",
        "/vod/a.mp4/clip.mp4?start=nothing", "/vod/a.mp4/index.m3u8?loop=1", "/vod/a.mp4/index.m3u8?audio=none", "/vod/a.mp4/v9-1.m4s",
        "/vod/a.mp4/v1-99.m4s", "/vod/a.mp4/v1-1.m4s?r=other", "/vod/nowhere.mp4", "/vod/", "/vod", "/", "/other/a.mp4", "/vod/a.mp4/x",
        "/vod/c.m3u8", "/vod/c.m3u8/index.m3u8", "/vod/c.m3u8/stream.mp4",
        "/vod/a.mp4/", "/vod/d.mp4", "/vod/%61.mp4", "/vod/%2561.mp4", "/vod/x%20y%7Cz.mp4", "/vod/../vod/a.mp4", "/vod/%2e%2e/a.mp4",
        "/vod/x%2fa.mp4", "/vod//a.mp4", "/vod/%ff.mp4", "/vod/a%5c..%5ca.mp4", "/vod/a.mp4?%zz", "/vod/%zz", "/vod/a.mp4?a=%00",
        "/vod/a.mp4;x", "/vod/a.mp4?", "/vod/a.mp4/stream.flv?enhanced=2", "/vod/nowhere.mp4/stream.flv",
    ];

    private static readonly string[] Ranges =
    [
        "bytes=0-0", "bytes=100-199", "bytes=-5", "bytes=600000-", "bytes=0-9,100000-300000,-3", "bytes=5-1", "bytes=9999999-",
        "bytes=9223372036854775808-", "bytes=", "bytes=a-b", "octets=0-1", "bytes= 1-2 , 4-5", "bytes=0-,0-,0-",
    ];

    /// <summary>Fields that change an answer, or must not.</summary>
    private static readonly string[] Lines =
    [
        "If-None-Match: *", "If-None-Match: \"other\"", "If-Match: \"other\"", "If-Match: *",
        "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", "If-Modified-Since: Thu, 31 Dec 2099 00:00:00 GMT",
        "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", "If-Range: \"other\"",
        "If-Modified-Since: yesterday", "Accept-Encoding: gzip, br", "Accept-Encoding: identity;q=0", "Connection: close",
        "Connection: keep-alive", "Cookie: a=b", "Range: bytes=7-8", "Origin: http://page", "Content-Length: 0",
    ];

    /// <summary>All of them.</summary>
    public static IEnumerable<CorpusRequest> All()
    {
        foreach (string path in Paths)
        {
            foreach (string method in (string[])["GET", "HEAD", "OPTIONS"])
            {
                yield return Simple($"{method} {path}", method, path);
            }
        }

        foreach (string range in Ranges)
        {
            yield return Simple($"a range {range}", "GET", "/vod/a.mp4", $"Range: {range}");
            yield return Simple($"a range {range} of a segment", "GET", "/vod/a.mp4/v1a1-2.m4s", $"Range: {range}");
            yield return Simple($"a range {range} of a head", "HEAD", "/vod/a.mp4", $"Range: {range}");
        }

        foreach (string line in Lines)
        {
            yield return Simple($"a field {line}", "GET", "/vod/a.mp4", line);
            string other = line.StartsWith("Range", StringComparison.Ordinal) ? "X: y" : "Range: bytes=0-99";
            yield return Simple($"a field {line} with a range", "GET", "/vod/a.mp4/clip.mp4?end=5", line, other);
        }

        foreach (string accepted in (string[])["gzip", "br", "gzip, br;q=0.5", "deflate", "*", "identity, br;q=0.1"])
        {
            string line = $"Accept-Encoding: {accepted}";
            foreach (string name in (string[])["index.m3u8", "manifest.mpd", "v1-pictures.m3u8", "v1a1-1.m4s"])
            {
                string path = $"/vod/a.mp4/{name}";
                yield return Simple($"a coding {accepted} of {name}", "GET", path, line);
                yield return Simple($"a coding {accepted} of a part of {name}", "GET", path, line, "Range: bytes=9-99");
                yield return Simple($"a coding {accepted} of the head of {name}", "HEAD", path, line);
            }
        }

        yield return Simple("a coding of two lines", "GET", "/vod/a.mp4/manifest.mpd", "Accept-Encoding: gzip", "Accept-Encoding: br");
        yield return Simple("a stream of FLV", "GET", "/vod/a.mp4/stream.flv?buffer=3600");
        yield return Simple("a part of a stream of FLV", "GET", "/vod/a.mp4/stream.flv?buffer=3600", "Range: bytes=1000-90000");
        yield return Simple("the head of a stream of FLV", "HEAD", "/vod/a.mp4/stream.flv");
        yield return Simple("a list as FLV", "GET", "/vod/c.m3u8/stream.flv?buffer=3600");
        yield return new("a list as FLV by HTTP/1.0", "GET /vod/c.m3u8/stream.flv?buffer=3600 HTTP/1.0\r\n\r\n");
        foreach (string path in (string[])["/vod/a.mp4", "/vod/a.mp4/v1a1-2.m4s", "/vod/nowhere.mp4", "/vod/c.m3u8/stream.flv?buffer=3600"])
        {
            yield return Simple($"an end of the client's half behind {path}", "GET", path) with { EndsHalf = true };
        }

        foreach (CorpusRequest unusual in Unusual().Concat(Broken()))
        {
            yield return unusual;
        }

        foreach (int dribble in (int[])[1, 2, 7])
        {
            yield return Simple($"a head in pieces of {dribble}", "GET", "/vod/a.mp4", "Range: bytes=0-99") with { Dribble = dribble };
            yield return new($"a foreign head in pieces of {dribble}", "GET http://h/vod/b.flv HTTP/1.1\r\nHost: h\r\n\r\n")
            {
                Dribble = dribble,
            };
            yield return new($"POST in pieces of {dribble}", "POST /vod/a.mp4 HTTP/1.1\r\nHost: h\r\n\r\n") { Dribble = dribble };
        }
    }

    /// <summary>A request of a seed.</summary>
    public static CorpusRequest Random(Random random)
    {
        string method = random.Next(8) switch { 0 => "HEAD", 1 => "OPTIONS", _ => "GET" };
        string path = Paths[random.Next(Paths.Length)];
        List<string> lines = [];
        HashSet<string> names = [];
        for (int i = random.Next(4); i > 0; i--)
        {
            string line = Lines[random.Next(Lines.Length)];
            if (names.Add(line.Split(':')[0]))
            {
                lines.Add(line);
            }
        }

        if (names.Add("Range") && random.Next(2) == 0)
        {
            long first = random.NextInt64(700_000);
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"Range: bytes={first}-{first + random.Next(100_000)}"));
        }

        CorpusRequest made = Simple($"{method} {path} {string.Join(" | ", lines)}", method, path, [.. lines]);
        return random.Next(20) == 0 ? made with { Dribble = random.Next(1, 9) } : made;
    }

    private static CorpusRequest Simple(string name, string method, string path, params string[] lines) =>
        new(name, $"{method} {path} HTTP/1.1\r\nHost: h\r\n{string.Concat(lines.Select(static line => line + "\r\n"))}\r\n");

    /// <summary>Good HTTP that the loop does not read itself.</summary>
    private static IEnumerable<CorpusRequest> Unusual()
    {
        const string Rest = " HTTP/1.1\r\nHost: h\r\n";
        yield return new("absolute form", $"GET http://h/vod/a.mp4{Rest}\r\n");
        yield return new("absolute form with another host than Host", $"GET http://other/vod/a.mp4{Rest}\r\n");
        yield return new("absolute form without a path", $"GET http://h{Rest}\r\n");
        yield return new("asterisk form", $"OPTIONS *{Rest}\r\n");
        yield return new("a bar in the target", $"GET /vod/x%20y|z.mp4{Rest}\r\n");
        yield return new("braces in the target", $"GET /vod/{{a}}.mp4{Rest}\r\n");
        yield return new("POST without a body", $"POST /vod/a.mp4{Rest}Content-Length: 0\r\n\r\n");
        yield return new("POST with a body", $"POST /vod/a.mp4{Rest}Content-Length: 5\r\n\r\nhello");
        yield return new("POST in chunks", $"POST /vod/a.mp4{Rest}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        yield return new("DELETE", $"DELETE /vod/a.mp4{Rest}\r\n");
        yield return new("PUT to nowhere", $"PUT /nowhere{Rest}Content-Length: 2\r\n\r\nhi");
        yield return new("GET with a body", $"GET /vod/a.mp4{Rest}Content-Length: 5\r\n\r\nhello");
        yield return new("GET in chunks", $"GET /vod/a.mp4{Rest}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        yield return new("an expectation", $"GET /vod/a.mp4{Rest}Expect: 100-continue\r\n\r\n");
        yield return new("a cookie that is no ASCII", $"GET /vod/a.mp4{Rest}Cookie: \u00c3\u00a9\r\n\r\n");
        yield return new("two lists of tags", $"GET /vod/a.mp4{Rest}If-None-Match: \"x\"\r\nIf-None-Match: *\r\n\r\n");
        yield return new("two ranges", $"GET /vod/a.mp4{Rest}Range: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n");
        yield return new("an upgrade to HTTP/2",
            $"GET /vod/a.mp4{Rest}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
        yield return new("a head of 32 KB", $"GET /vod/a.mp4{Rest}Cookie: {new string('x', 32_000)}\r\n\r\n");
        yield return new("a range of 9 KB", $"GET /vod/a.mp4{Rest}Range: bytes={new string('0', 9_000)}1-2\r\n\r\n");
        yield return new("a large head", $"GET /vod/a.mp4{Rest}Cookie: {new string('x', 9000)}\r\n\r\n");
        string fields = string.Concat(Enumerable.Range(0, 80).Select(static i => $"X-{i}: y\r\n"));
        yield return new("many fields", $"GET /vod/a.mp4{Rest}{fields}\r\n");
        yield return new("an empty line before it", $"\r\nGET /vod/a.mp4{Rest}\r\n");
        yield return new("HTTP/1.0", "GET /vod/a.mp4 HTTP/1.0\r\nHost: h\r\n\r\n");
        yield return new("HTTP/1.0 without a host", "GET /vod/a.mp4 HTTP/1.0\r\n\r\n");
        yield return new("HTTP/1.0 that stays", "GET /vod/a.mp4 HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
        yield return new("HEAD by HTTP/1.0", "HEAD /vod/a.mp4 HTTP/1.0\r\n\r\n");
        yield return new("several requests in one packet", string.Concat(Enumerable.Range(0, 20).Select(static i =>
            $"GET /vod/a.mp4{Rest}Range: bytes={i}-{i}\r\n\r\n")))
        {
            Answers = 20,
        };
        yield return new("a simple request, and a foreign one behind it",
            $"GET /vod/a.mp4{Rest}\r\nGET http://h/vod/b.flv{Rest}\r\nGET /vod/a.mp4{Rest}Range: bytes=1-2\r\n\r\n")
        {
            Answers = 3,
        };
        yield return new("an end of the client's half behind two requests",
            $"GET /vod/a.mp4{Rest}\r\nGET http://h/vod/b.flv{Rest}\r\n")
        {
            Answers = 2,
            EndsHalf = true,
        };
    }

    /// <summary>What no reader may take, or what readers take for different requests.</summary>
    private static IEnumerable<CorpusRequest> Broken()
    {
        const string Behind = "GET /vod/b.flv HTTP/1.1\r\nHost: h\r\n\r\n";
        foreach ((string name, string text) in ((string, string)[])
        [
            ("a bare line feed", "GET /vod/a.mp4 HTTP/1.1\nHost: h\n\n"),
            ("a bare line feed behind a field", "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"),
            ("a bare carriage return", "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"),
            ("a folded field", "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nX: 1\r\n 2\r\n\r\n"),
            ("a byte 0", "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nX: \0\r\n\r\n"),
            ("a field without a colon", "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nX\r\n\r\n"),
            ("a blank before the colon", "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nContent-Length : 5\r\n\r\nhello"),
            ("no host", "GET /vod/a.mp4 HTTP/1.1\r\n\r\n"),
            ("two blanks", "GET  /vod/a.mp4 HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("TLS", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003\r\n\r\n"),
        ])
        {
            yield return new CorpusRequest(name, text + Behind, LawfulDifference.KestrelRefusesTheHead);
        }

        yield return new CorpusRequest("a length and chunks",
            "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        yield return new CorpusRequest("two words", "GET /vod/a.mp4\r\n\r\n", LawfulDifference.KestrelRefusesAnotherVersion);
        foreach ((string name, string text) in ((string, string)[])
        [
            ("two lengths", "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello"),
            ("two hosts", "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n"),
            ("a host that is none", "GET /vod/a.mp4 HTTP/1.1\r\nHost: a b\r\n\r\n"),
            ("a method that is no token", "G(T /vod/a.mp4 HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("a version that is none", "GET /vod/a.mp4 HTTP/3.7\r\nHost: h\r\n\r\n"),
            ("a target that is no ASCII", "GET /vod/\u00e9.mp4 HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("a byte 0 in the target", "GET /vod/%00.mp4 HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("a head of 33 KB that is whole", $"GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nX: {new string('x', 33_000)}\r\n\r\n"),
            ("200 fields", $"GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\n{string.Concat(Enumerable.Repeat("X: y\r\n", 200))}\r\n"),
            ("a length that is none", "POST /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nContent-Length: five\r\n\r\nhello"),
            ("a target of 64 KB", $"GET /{new string('x', 65_536)} HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("a head of 10 MB", $"GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nX: {new string('x', 10_000_000)}\r\n\r\n"),
        ])
        {
            yield return new CorpusRequest(name, text, LawfulDifference.KestrelRefusesTheHead);
        }
    }
}
