using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Http;

/// <summary><c>serve --https</c>: the same answers by TLS, to curl, ffmpeg and WebSocket clients.</summary>
public sealed class EncryptedTests
{
    private const string Film = "moov-first.mp4";

    [Theory]
    [InlineData("--tls-max", "1.2")]
    [InlineData("--tlsv1.3")]
    public async Task Curl_is_given_the_file_as_it_lies_on_the_disk(params string[] version)
    {
        (MapwireServer server, string address, string keys) = await ServeAsync();
        await using MapwireServer served = server;
        string copy = Path.Combine(keys, "copy.mp4");
        string[] words = ["-sS", "--fail", "--http1.1", "--cacert", Path.Combine(keys, "cert.pem"), .. version];
        await Tool.SucceedAsync("curl", [.. words, "-o", copy, $"{address}/{Film}"]);
        byte[] film = await File.ReadAllBytesAsync(await FilmFactory.GetAsync(Film));
        Assert.Equal(film, await File.ReadAllBytesAsync(copy));
        await Tool.SucceedAsync("curl", [.. words, "-r", "100-199", "-o", copy, $"{address}/{Film}"]);
        Assert.Equal(film[100..200], await File.ReadAllBytesAsync(copy));
    }

    [Theory]
    [InlineData("2", "--http2")]
    [InlineData("1.1", "--http1.1")]
    [InlineData("1.1", "--no-alpn")]
    public async Task A_client_is_answered_in_the_version_that_it_offers(string version, string offer)
    {
        (MapwireServer server, string address, string keys) = await ServeAsync();
        await using MapwireServer served = server;
        string copy = Path.Combine(keys, "copy.mp4");
        ToolResult result = await Tool.SucceedAsync("curl", [
            "-sS", "--fail", offer, "--cacert", Path.Combine(keys, "cert.pem"), "-o", copy, "-w", "%{http_version}", $"{address}/{Film}",
        ]);
        Assert.Equal(version, result.Output);
        Assert.Equal(await File.ReadAllBytesAsync(await FilmFactory.GetAsync(Film)), await File.ReadAllBytesAsync(copy));
    }

    [Fact]
    public async Task A_hundred_requests_of_one_connection_of_http_2_are_answered()
    {
        (MapwireServer server, string address, _) = await ServeAsync();
        await using MapwireServer served = server;
        ToolResult result = await Tool.SucceedAsync(
            "h2load", ["-n", "100", "-c", "1", "-m", "20", $"{address}/{Film}"]);
        Assert.Contains("100 succeeded, 0 failed, 0 errored", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ffmpeg_reads_a_film_and_its_flv_encrypted()
    {
        (MapwireServer server, string address, _) = await ServeAsync();
        await using MapwireServer served = server;
        Recording file = await Ffprobe.ReadAsync(await FilmFactory.GetAsync(Film));
        Assert.Empty(Expectation.Differences(file, await Ffprobe.ReadAsync($"{address}/{Film}", "-tls_verify", "0"), from: 0));
        Expectation.Same(
            Expectation.Of(file), await Ffprobe.ReadAsync($"{address}/{Film}/stream.flv?buffer=60", "-tls_verify", "0"), "stream.flv");
    }

    [Fact]
    public async Task A_web_socket_client_gets_the_stream_encrypted()
    {
        (MapwireServer server, string address, string keys) = await ServeAsync();
        await using MapwireServer served = server;
        using HttpClient http = new();
        byte[] expected = await http.GetByteArrayAsync($"{server.WebAddress(Film)}/stream.flv?buffer=60");
        using ClientWebSocket client = new();
        using X509Certificate2 own = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(keys, "cert.pem"));
        client.Options.RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetCertHashString() == own.GetCertHashString();
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(60));
        await client.ConnectAsync(new Uri($"wss{address["https".Length..]}/{Film}/stream.flv?buffer=60"), timeout.Token);
        MemoryStream stream = new();
        byte[] buffer = new byte[1 << 16];
        WebSocketReceiveResult result;
        while ((result = await client.ReceiveAsync(buffer, timeout.Token)).MessageType == WebSocketMessageType.Binary)
        {
            stream.Write(buffer, 0, result.Count);
        }

        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        Assert.True(expected.AsSpan().SequenceEqual(stream.ToArray()));
    }

    private static async Task<(MapwireServer Server, string Address, string Keys)> ServeAsync()
    {
        string keys = TemporaryFolder.Create("keys");
        await Tool.SucceedAsync(MapwireServer.Program, ["certificate", keys, "--host", "127.0.0.1"]);
        string folder = Path.GetDirectoryName(await FilmFactory.GetAsync(Film))!;
        MapwireServer server = await MapwireServer.StartAsync(folder, "--https", "127.0.0.1:0",
            "--certificate", Path.Combine(keys, "cert.pem"), "--key", Path.Combine(keys, "key.pem"));
        Match line = await server.Process.HearsAsync(new Regex(@"Listening on (https://127\.0\.0\.1:\d+/vod)"));
        return (server, line.Groups[1].Value, keys);
    }
}
