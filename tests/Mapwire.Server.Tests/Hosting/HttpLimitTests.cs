using System.Net;
using System.Net.Sockets;
using System.Text;
using Mapwire.Server.Hosting;
using Mapwire.Server.Tests.Web;
using Xunit;

namespace Mapwire.Server.Tests.Hosting;

/// <summary>Limits of connections where HTTP is spoken, whoever reads the requests.</summary>
public sealed class HttpLimitTests : IDisposable
{
    private static readonly byte[] Request = Encoding.ASCII.GetBytes("GET /vod/a.mp4 HTTP/1.1\r\nHost: h\r\n\r\n");
    private static readonly byte[] ForeignRequest = Encoding.ASCII.GetBytes("GET http://h/nowhere HTTP/1.1\r\nHost: h\r\n\r\n");

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLog _log = new();

    public HttpLimitTests() => _folder.Add("a.mp4");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 0)]
    [InlineData(100, 1)]
    public void A_connection_over_a_limit_is_told_so_and_closed(int maxConnections, int maxOfAddress)
    {
        using MediaServer server = Start(maxConnections, maxOfAddress);
        int port = server.HttpEndPoints[0].Port;
        using Socket first = Connect(port);
        Assert.True(SpinWait.SpinUntil(() => server.ConnectionCount == 1, TimeSpan.FromSeconds(30)));
        RawAnswer answer = RawAnswer.Ask(port, [Request], isHead: false)[0];
        Assert.Equal(503, answer.Status);
        Assert.True(answer.IsClosed);
        Assert.Contains("retry-after: 5", answer.Fields);
        Assert.Contains("access-control-allow-origin: *", answer.Fields);
        Assert.StartsWith("{\"status\":503,\"error\":\"", Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);
        Assert.Empty(RawAnswer.Ask(port, [Encoding.ASCII.GetBytes("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")], isHead: true)[0].Body);
        Assert.Equal(1, server.ConnectionCount);
    }

    [Fact]
    public void Connections_over_the_limit_that_say_nothing_are_closed_within_some_seconds()
    {
        using MediaServer server = Start(1, 0);
        int port = server.HttpEndPoints[0].Port;
        using Socket first = Connect(port);
        Assert.True(SpinWait.SpinUntil(() => server.ConnectionCount == 1, TimeSpan.FromSeconds(30)));
        List<Socket> others = [.. Enumerable.Range(0, 200).Select(_ => Connect(port))];
        foreach (Socket other in others)
        {
            Assert.True(IsEnded(other));
            other.Dispose();
        }

        Assert.Equal(503, RawAnswer.Ask(port, [Request], isHead: false)[0].Status); // their places are free again
    }

    [Fact]
    public void A_connection_that_Kestrel_has_counts_until_it_ends()
    {
        using MediaServer server = Start(1, 1);
        int port = server.HttpEndPoints[0].Port;
        using (Socket held = Connect(port))
        {
            held.Send(ForeignRequest);
            Assert.True(held.Receive(new byte[4096]) > 0);
            Assert.Equal(1, server.ConnectionCount);
            Assert.Equal(503, RawAnswer.Ask(port, [Request], isHead: false)[0].Status);
        }

        Assert.True(SpinWait.SpinUntil(() => server.ConnectionCount == 0, TimeSpan.FromSeconds(30)));
        Assert.True(SpinWait.SpinUntil( // which is logged behind that
            () => _log.Lines.Any(static line => line.Contains("close: ", StringComparison.Ordinal)), TimeSpan.FromSeconds(30)));
        Assert.Equal(200, RawAnswer.Ask(port, [Request], isHead: false)[0].Status);
    }

    [Fact]
    public void A_server_that_stops_ends_the_connections_that_Kestrel_has()
    {
        MediaServer server = Start(10, 0);
        using Socket idle = Connect(server.HttpEndPoints[0].Port);
        idle.Send(ForeignRequest);
        Assert.True(idle.Receive(new byte[4096]) > 0);
        using Socket slow = Connect(server.HttpEndPoints[0].Port);
        slow.Send(Encoding.ASCII.GetBytes("GET http://h/vod/a.mp4/stream.flv HTTP/1.1\r\nHost: h\r\n\r\n"));
        Assert.True(slow.Receive(new byte[4096]) > 0);
        server.Dispose();
        Assert.True(IsEnded(idle));
        Assert.True(IsEnded(slow));
        Assert.Equal(0, server.ConnectionCount);
        Assert.DoesNotContain(_log.Lines, static line => line.Contains("Exception", StringComparison.Ordinal));
    }

    [Fact]
    public void Clients_that_are_gone_before_they_are_accepted_count_for_nothing_and_fill_no_log()
    {
        using MediaServer server = Start(50, 0);
        int port = server.HttpEndPoints[0].Port;
        for (int i = 0; i < 500; i++)
        {
            Socket gone = Connect(port);
            gone.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
            gone.LingerState = new LingerOption(true, 0); // its end is a reset
            gone.Dispose();
        }

        Assert.True(SpinWait.SpinUntil(() => server.ConnectionCount == 0, TimeSpan.FromSeconds(30)));
        Assert.Equal(200, RawAnswer.Ask(port, [Request], isHead: false)[0].Status);
        Assert.DoesNotContain(_log.Lines, static line => line.Contains("(null)", StringComparison.Ordinal));
    }

    private static Socket Connect(int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    private static bool IsEnded(Socket socket)
    {
        byte[] rest = new byte[65_536];
        try
        {
            while (socket.Receive(rest) > 0)
            {
            }

            return true;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode == SocketError.ConnectionReset;
        }
    }

    private MediaServer Start(int maxConnections, int maxOfAddress)
    {
        MediaServer server = new(
            new MediaServerOptions
            {
                Folder = _folder.Path,
                EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                HttpEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                MaxConnections = maxConnections,
                MaxConnectionsPerAddress = maxOfAddress,
                MaxConnectsPerAddress = 0,
                Workers = 1,
            },
            _log);
        server.Start();
        return server;
    }
}
