using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Mapwire.Conformance.Browsers;

/// <summary>Serves folders as they are, with ranges and CORS: pages, players, and segments that others have cut.</summary>
internal sealed class FileServer : IDisposable
{
    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html",
        [".js"] = "text/javascript",
        [".m3u8"] = "application/vnd.apple.mpegurl",
        [".mpd"] = "application/dash+xml",
        [".m4s"] = "video/iso.segment",
        [".mp4"] = "video/mp4",
        [".flv"] = "video/x-flv",
    };

    private readonly HttpListener _listener = new();
    private readonly Dictionary<string, string> _folders;
    private readonly Task _serving;

    /// <param name="folders">Folders by the first part of the paths that lead to them.</param>
    public FileServer(Dictionary<string, string> folders)
    {
        _folders = folders;
        using (TcpListener free = new(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/";
        }

        _listener.Prefixes.Add(Address);
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>With a slash at its end.</summary>
    public string Address { get; }

    public void Dispose()
    {
        _listener.Close();
        _serving.Wait(TimeSpan.FromSeconds(10));
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                _ = AnswerAsync(await _listener.GetContextAsync());
            }
        }
        catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
        {
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using HttpListenerResponse response = context.Response;
        try
        {
            string[] path = Uri.UnescapeDataString(context.Request.Url!.AbsolutePath).TrimStart('/').Split('/', 2);
            string file = path.Length == 2 && _folders.TryGetValue(path[0], out string? folder) ? Path.Combine(folder, path[1]) : "";
            response.AddHeader("Access-Control-Allow-Origin", "*");
            if (!File.Exists(file))
            {
                // Browsers ask for an icon of every page, and say so in the console where there is none.
                response.StatusCode = context.Request.Url.AbsolutePath == "/favicon.ico" ? 204 : 404;
                return;
            }

            byte[] bytes = await File.ReadAllBytesAsync(file);
            ReadOnlyMemory<byte> body = bytes;
            if (context.Request.Headers["Range"] is { } range && range.StartsWith("bytes=", StringComparison.Ordinal))
            {
                string[] ends = range["bytes=".Length..].Split('-');
                int from = int.Parse(ends[0], CultureInfo.InvariantCulture);
                int to = ends[1].Length > 0 ? int.Parse(ends[1], CultureInfo.InvariantCulture) : bytes.Length - 1;
                to = Math.Min(to, bytes.Length - 1);
                body = body[from..(to + 1)];
                response.StatusCode = 206;
                response.AddHeader("Content-Range", $"bytes {from}-{to}/{bytes.Length}");
            }

            response.AddHeader("Accept-Ranges", "bytes");
            response.ContentType = Types.GetValueOrDefault(Path.GetExtension(file), "application/octet-stream");
            response.ContentLength64 = body.Length;
            if (context.Request.HttpMethod != "HEAD")
            {
                await response.OutputStream.WriteAsync(body);
            }
        }
        catch (Exception gone) when (gone is HttpListenerException or IOException or ObjectDisposedException)
        {
        }
    }
}
