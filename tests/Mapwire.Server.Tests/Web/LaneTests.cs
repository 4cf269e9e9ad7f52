using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Mapwire.Server.Hosting;
using Mapwire.Server.Tests.Tls;
using Xunit;

namespace Mapwire.Server.Tests.Web;

/// <summary>Two servers of the same folder, one whose loops answer HTTP and one whose Kestrel does: they give the same answers.</summary>
public sealed class LaneTests : IClassFixture<TwoLanes>
{
    /// <summary><c>MAPWIRE_LANE_REQUESTS</c> says how many random requests.</summary>
    private static readonly int Requests = int.Parse(
        Environment.GetEnvironmentVariable("MAPWIRE_LANE_REQUESTS") is { Length: > 0 } text ? text : "500", CultureInfo.InvariantCulture);

    private readonly TwoLanes _lanes;

    public LaneTests(TwoLanes lanes) => _lanes = lanes;

    [Fact]
    public void Kestrel_gives_the_answers_of_the_loop_to_every_request_of_the_corpus()
    {
        List<string> differences = [];
        Dictionary<int, int> statuses = [];
        foreach (CorpusRequest request in RequestCorpus.All())
        {
            differences.AddRange(Compare(request, statuses));
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
        Assert.Empty(((int[])[200, 204, 206, 304, 307, 400, 404, 405, 412, 414, 416, 417, 422, 431, 505]).Except(statuses.Keys));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // what Kestrel refuses by itself, too
    public void Whatever_head_is_refused_is_told_why_as_JSON_to_pages_of_every_origin(bool isFast)
    {
        List<string> silent = [];
        int port = isFast ? _lanes.FastPort : _lanes.SlowPort;
        foreach (CorpusRequest request in RequestCorpus.All().Where(static one => !one.IsHead))
        {
            foreach (RawAnswer answer in RawAnswer.Ask(port, request.Pieces, isHead: false, request.Answers))
            {
                if (answer.Status >= 400 && !IsExplained(answer))
                {
                    silent.Add($"{request.Name}: {answer.Status}");
                }
            }
        }

        Assert.True(silent.Count == 0, string.Join('\n', silent));
    }

    [Theory]
    [InlineData("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nRange: bytes=0-9\r\n\r\n", 206)]
    [InlineData("GET /vod/nowhere.mp4 HTTP/1.1\r\nHost: h\r\n\r\n", 404)]
    [InlineData("HEAD /vod/a.mp4 HTTP/1.1\r\nHost: h\r\n\r\n", 200)]
    public void What_Kestrel_refuses_behind_a_request_that_was_answered_is_told_why_too(string first, int status)
    {
        byte[] both = Encoding.ASCII.GetBytes(first + "GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nX\r\n\r\n");
        bool isHead = first.StartsWith("HEAD ", StringComparison.Ordinal);
        RawAnswer[] answers = RawAnswer.Ask(_lanes.SlowPort, [both], isHead, count: 2);
        Assert.Equal([status, 400], answers.Select(static answer => answer.Status));
        Assert.True(IsExplained(answers[1]));
        Assert.True(answers[1].IsClosed);
    }

    [Fact]
    public void A_head_request_that_Kestrel_refuses_is_told_its_status_without_a_body()
    {
        RawAnswer answer = Assert.Single(RawAnswer.Ask(
            _lanes.SlowPort, ["HEAD /vod/a.mp4 HTTP/1.1\r\nHost: h\r\nX\r\n\r\n"u8.ToArray()], isHead: true));
        Assert.Equal(400, answer.Status);
        Assert.Contains("content-type: application/json", answer.Fields);
        Assert.Empty(answer.Body);
    }

    [Fact]
    public void A_head_that_does_not_come_to_its_end_is_told_so_by_Kestrel()
    {
        using MediaServer server = _lanes.Start(hasFastLane: false, TimeSpan.FromSeconds(1));
        RawAnswer answer = Assert.Single(RawAnswer.Ask(
            server.HttpEndPoints[0].Port, ["GET /vod/a.mp4 HTTP/1.1\r\nHost:"u8.ToArray()], isHead: false));
        Assert.Equal(408, answer.Status);
        Assert.Equal("{\"status\":408,\"error\":\"the head of a request took too long\"}", Encoding.UTF8.GetString(answer.Body));
        Assert.Contains(_lanes.Log.Lines, static line => line.Contains(
            "sent what is refused: 408 the head of a request took too long", StringComparison.Ordinal));
    }

    private static bool IsExplained(RawAnswer answer) =>
        answer.Fields.Contains("content-type: application/json") && answer.Fields.Contains("access-control-allow-origin: *")
        && answer.Body.AsSpan().StartsWith(Encoding.ASCII.GetBytes($"{{\"status\":{answer.Status},\"error\":\""));

    [Fact]
    public void Kestrel_gives_the_answers_of_the_loop_to_random_requests()
    {
        int seed = Environment.GetEnvironmentVariable("MAPWIRE_FUZZ_SEED") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture) : System.Random.Shared.Next();
        Random random = new(seed);
        for (int i = 0; i < Requests; i++)
        {
            string difference = string.Join('\n', Compare(RequestCorpus.Random(random), []));
            Assert.True(difference.Length == 0, $"seed {seed}, request {i}: {difference}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_ends_its_half_reads_its_whole_answer_and_then_the_end(bool isEncrypted)
    {
        string name = $"half-{isEncrypted}.mp4";
        byte[] film = await File.ReadAllBytesAsync(_lanes.AddLarge(name, 8 << 20), TestContext.Current.CancellationToken);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", isEncrypted ? _lanes.EncryptedPort : _lanes.FastPort, TestContext.Current.CancellationToken);
        await using NetworkStream plain = new(socket);
        using SslStream? encrypted = isEncrypted
            ? new SslStream(plain, false, (_, shown, _, _) => shown!.GetCertHashString() == _lanes.Thumbprint) : null;
        if (encrypted is not null)
        {
            await encrypted.AuthenticateAsClientAsync("localhost");
        }

        Stream stream = encrypted ?? (Stream)plain;
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"GET /vod/{name} HTTP/1.1\r\nHost: h\r\n\r\n"), TestContext.Current.CancellationToken);
        if (encrypted is not null)
        {
            await encrypted.ShutdownAsync(); // close_notify alone: TLS 1.3 has it end this half only
        }
        else
        {
            socket.Shutdown(SocketShutdown.Send);
        }

        MemoryStream answer = new();
        await stream.CopyToAsync(answer, TestContext.Current.CancellationToken);
        byte[] all = answer.ToArray();
        Assert.StartsWith("HTTP/1.1 200 ", Encoding.ASCII.GetString(all, 0, Math.Min(all.Length, 20)), StringComparison.Ordinal);
        Assert.True(film.AsSpan().SequenceEqual(all.AsSpan(all.AsSpan().IndexOf("\r\n\r\n"u8) + 4)));
    }

    [Fact]
    public void A_file_that_is_cut_while_Kestrel_sends_it_ends_the_answer_and_nothing_is_filled_in()
    {
        string path = _lanes.AddLarge("large.mp4", 32 << 20);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveTimeout = 20_000,
            ReceiveBufferSize = 65_536,
        };
        socket.Connect("127.0.0.1", _lanes.SlowPort);
        socket.Send("GET /vod/large.mp4 HTTP/1.1\r\nHost: h\r\n\r\n"u8);
        MemoryStream answer = new();
        byte[] buffer = new byte[65_536];
        answer.Write(buffer.AsSpan(0, socket.Receive(buffer)));
        byte[] film = File.ReadAllBytes(path);
        File.WriteAllBytes(path, new byte[film.Length + 7]); // other bytes
        try
        {
            while (socket.Receive(buffer) is > 0 and int count)
            {
                answer.Write(buffer.AsSpan(0, count));
            }
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            // cut short
        }

        byte[] all = answer.ToArray();
        int start = all.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        Assert.InRange(all.Length - start, 0, film.Length - 1);
        Assert.True(film.AsSpan().StartsWith(all.AsSpan(start)));
        Assert.Contains(_lanes.Log.Lines, static line => line.Contains("ended: the file changed", StringComparison.Ordinal));
    }

    private IEnumerable<string> Compare(CorpusRequest request, Dictionary<int, int> statuses)
    {
        RawAnswer[] fast = RawAnswer.Ask(_lanes.FastPort, request.Pieces, request.IsHead, request.Answers, request.EndsHalf);
        RawAnswer[] slow = RawAnswer.Ask(_lanes.SlowPort, request.Pieces, request.IsHead, request.Answers, request.EndsHalf);
        if (fast.Length != slow.Length)
        {
            yield return $"{request.Name}: {fast.Length} answers and {slow.Length}";
            yield break;
        }

        for (int i = 0; i < fast.Length; i++)
        {
            statuses[fast[i].Status] = statuses.GetValueOrDefault(fast[i].Status) + 1;
            string difference = request.Difference switch
            {
                LawfulDifference.KestrelRefusesAnotherVersion => (fast[i].Status, slow[i].Status) is (400, 505) ? "" : "not refused so",
                LawfulDifference.KestrelRefusesTheHead =>
                    (fast[i] with { Body = [] }).DifferenceFrom(slow[i] with { Body = [] }, "content-length"),
                _ => fast[i].DifferenceFrom(slow[i]),
            };
            if (difference.Length > 0)
            {
                yield return $"{request.Name}: {difference}";
            }
        }
    }
}

/// <summary>A folder of films and the two servers of it.</summary>
public sealed class TwoLanes : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _keys = new();
    private readonly MediaServer _fast;
    private readonly MediaServer _slow;
    private readonly RecordingLog _log = new();

    public TwoLanes()
    {
        Thumbprint = TestCertificate.Write(_keys.Path);
        _folder.Add("a.mp4");
        _folder.Add("x y|z.mp4");
        File.WriteAllBytes(Path.Combine(_folder.Path, "b.flv"), FilmBytes.FlvWithSound(1, 200));
        File.WriteAllText(Path.Combine(_folder.Path, "c.m3u8"), "a.mp4\nb.flv\n");
        File.WriteAllText(Path.Combine(_folder.Path, "d.mp4"), "no film");
        foreach (string file in Directory.GetFiles(_folder.Path))
        {
            File.SetLastWriteTimeUtc(file, new DateTime(2020, 5, 5, 5, 5, 5, DateTimeKind.Utc));
        }

        _fast = Start(hasFastLane: true);
        _slow = Start(hasFastLane: false);
    }

    public int FastPort => _fast.HttpEndPoints[0].Port;

    public int SlowPort => _slow.HttpEndPoints[0].Port;

    /// <summary>Where the first one is encrypted.</summary>
    public int EncryptedPort => _fast.EncryptedHttpEndPoints[0].Port;

    /// <summary>Of the certificate that is shown there.</summary>
    public string Thumbprint { get; }

    /// <summary>What both have logged.</summary>
    internal RecordingLog Log => _log;

    /// <summary>Adds a film with so many bytes behind it that no socket holds all of it.</summary>
    /// <returns>Its path.</returns>
    public string AddLarge(string name, int length)
    {
        string path = _folder.Add(name);
        using FileStream file = File.OpenWrite(path);
        file.Seek(0, SeekOrigin.End);
        byte[] box = new byte[length];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(box, length);
        "free"u8.CopyTo(box.AsSpan(4));
        new Random(length).NextBytes(box.AsSpan(8));
        file.Write(box);
        return path;
    }

    public void Dispose()
    {
        _fast.Dispose();
        _slow.Dispose();
        _folder.Dispose();
        _keys.Dispose();
    }

    /// <summary>Starts a server of the folder.</summary>
    /// <param name="hasFastLane">Whether its loops answer HTTP.</param>
    /// <param name="headTimeout">How long the head of a request may take; null for the default.</param>
    internal MediaServer Start(bool hasFastLane, TimeSpan? headTimeout = null)
    {
        MediaServer server = new(
            new MediaServerOptions
            {
                Folder = _folder.Path,
                EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                HttpEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                EncryptedHttpEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                CertificateFile = Path.Combine(_keys.Path, "both.pem"),
                HasViewerIds = false,
                HasHttpFastLane = hasFastLane,
                MaxConnectionsPerAddress = 0,
                MaxConnectsPerAddress = 0,
                MaxClientBuffer = TimeSpan.FromHours(1),
                HandshakeTimeout = headTimeout ?? new MediaServerOptions { Folder = _folder.Path }.HandshakeTimeout,
                Workers = 2,
            },
            _log);
        server.Start();
        return server;
    }
}
