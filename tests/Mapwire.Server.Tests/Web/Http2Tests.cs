using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.WebSockets;
using Xunit;

namespace Mapwire.Server.Tests.Web;

/// <summary>HTTP/2, by TLS and by prior knowledge: the answers that the loop gives by HTTP/1.1.</summary>
public sealed class Http2Tests : IClassFixture<TwoLanes>, IDisposable
{
    private readonly TwoLanes _lanes;
    private readonly SocketsHttpHandler _handler;
    private readonly HttpClient _client;

    public Http2Tests(TwoLanes lanes)
    {
        _lanes = lanes;
        _handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetCertHashString() == lanes.Thumbprint,
            },
        };
        _client = new HttpClient(_handler)
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(60),
        };
    }

    public void Dispose()
    {
        _client.Dispose();
        _handler.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_of_HTTP_2_gets_the_answers_of_HTTP_1_1(bool isEncrypted)
    {
        string[] plain = ["a range", "a field", "a coding", "GET /vod", "HEAD /vod", "OPTIONS /vod", "a stream", "a part", "the head of"];
        foreach (CorpusRequest request in RequestCorpus.All()
            .Where(one => one.Difference == LawfulDifference.None)
            .Where(one => plain.Any(start => one.Name.StartsWith(start, StringComparison.Ordinal)))
            .Where(static one => !one.Text.Contains("/../", StringComparison.Ordinal))) // which HTTP/2 has in no path
        {
            RawAnswer expected = RawAnswer.Ask(_lanes.FastPort, request.Pieces, request.IsHead)[0];
            RawAnswer found = await AskAsync(request, isEncrypted);
            string difference = expected.DifferenceFrom(found, "connection", "end");
            Assert.True(difference.Length == 0, $"{request.Name}: {difference}");
        }
    }

    [Fact]
    public async Task Many_requests_of_one_connection_are_answered_side_by_side()
    {
        byte[] film = await File.ReadAllBytesAsync(SampleClip.Path, TestContext.Current.CancellationToken);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            using HttpRequestMessage request = new(HttpMethod.Get, $"https://localhost:{_lanes.EncryptedPort}/vod/a.mp4")
            {
                Version = HttpVersion.Version20,
            };
            request.Headers.Range = new RangeHeaderValue(i * 1000, null);
            using HttpResponseMessage answer = await _client.SendAsync(request);
            Assert.Equal(HttpVersion.Version20, answer.Version);
            byte[] body = await answer.Content.ReadAsByteArrayAsync();
            Assert.True(film.AsSpan(i * 1000).SequenceEqual(body));
        }));
    }

    [Fact]
    public async Task A_web_socket_on_HTTP_2_gets_the_stream()
    {
        using HttpClient plain = new();
        byte[] expected = await plain.GetByteArrayAsync(
            $"http://localhost:{_lanes.FastPort}/vod/a.mp4/stream.flv?buffer=3600", TestContext.Current.CancellationToken);
        Assert.Equal(expected, await ReadSocketAsync($"wss://localhost:{_lanes.EncryptedPort}", HttpVersion.Version20));
        Assert.Equal(expected, await ReadSocketAsync($"ws://localhost:{_lanes.SlowPort}", HttpVersion.Version11));
    }

    [Fact]
    public async Task A_web_socket_on_HTTP_2_has_its_path_decoded_once()
    {
        _lanes.AddLarge("p%41.mp4", 16);
        byte[] stream = await ReadSocketAsync(
            $"wss://localhost:{_lanes.EncryptedPort}", HttpVersion.Version20, "/vod/p%2541.mp4/stream.flv?buffer=3600");
        Assert.Equal("FLV"u8.ToArray(), stream[..3]);
    }

    private async Task<byte[]> ReadSocketAsync(
        string server, Version version, string target = "/vod/a.mp4/stream.flv?buffer=3600")
    {
        using ClientWebSocket client = new();
        client.Options.HttpVersion = version;
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(60));
        await client.ConnectAsync(new Uri(server + target), _client, timeout.Token);
        MemoryStream stream = new();
        byte[] buffer = new byte[1 << 16];
        WebSocketReceiveResult result;
        while ((result = await client.ReceiveAsync(buffer, timeout.Token)).MessageType == WebSocketMessageType.Binary)
        {
            stream.Write(buffer, 0, result.Count);
        }

        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        return stream.ToArray();
    }

    private async Task<RawAnswer> AskAsync(CorpusRequest request, bool isEncrypted)
    {
        string[] lines = request.Text.Split("\r\n");
        string[] words = lines[0].Split(' ');
        string server = isEncrypted ? $"https://localhost:{_lanes.EncryptedPort}" : $"http://localhost:{_lanes.FastPort}";
        using HttpRequestMessage message = new(
            new HttpMethod(words[0]),
            new Uri(server + words[1], new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        foreach (string[] field in lines.Skip(2).Where(static line => line.Length > 0).Select(static line => line.Split(": ", 2)))
        {
            if (field[0] is not ("Connection" or "Content-Length"))
            {
                Assert.True(message.Headers.TryAddWithoutValidation(field[0], field[1]));
            }
        }

        using HttpResponseMessage answer = await _client.SendAsync(message);
        Assert.Equal(HttpVersion.Version20, answer.Version);
        return RawAnswer.Of(answer, await answer.Content.ReadAsByteArrayAsync());
    }
}
