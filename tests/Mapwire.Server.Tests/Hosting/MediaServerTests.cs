using System.Net;
using System.Net.Sockets;
using Mapwire.Server.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Hosting;

/// <summary>The beginning and the end of a server.</summary>
public sealed class MediaServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_server_that_is_disposed_of_ends_its_connections()
    {
        MediaServer server = new(Options(new IPEndPoint(IPAddress.Loopback, 0)), NullLogger.Instance);
        server.Start();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000 };
        client.Connect(server.EndPoint);
        Assert.True(SpinWait.SpinUntil(() => server.ConnectionCount == 1, TimeSpan.FromSeconds(10)));
        server.Dispose();
        Assert.True(IsEnded(client));
        Assert.Equal(0, server.ConnectionCount);
    }

    [Fact]
    public void A_server_that_cannot_listen_at_one_of_its_end_points_lets_go_of_the_others()
    {
        using Socket other = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        IPEndPoint taken = (IPEndPoint)other.LocalEndPoint!;
        IPEndPoint free;
        using (Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            free = (IPEndPoint)probe.LocalEndPoint!;
        }

        using MediaServer server = new(Options(free, taken), NullLogger.Instance);
        Assert.Throws<SocketException>(server.Start);
        using Socket next = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        next.Bind(free);
        next.Listen();
    }

    [Fact]
    public void A_logger_that_throws_costs_its_lines_and_nothing_else()
    {
        using MediaServer server = new(Options(new IPEndPoint(IPAddress.Loopback, 0)), new BrokenLogger());
        server.Start();
        for (int i = 0; i < 3; i++)
        {
            using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000 };
            client.Connect(server.EndPoint);
            client.Send("GET / HTTP/1.1\r\n\r\n"u8); // no RTMP: refused, with a line
            Assert.True(IsEnded(client));
        }
    }

    [Theory]
    [InlineData(7.0, 250_000L)]
    [InlineData(60.0, null)]
    public async Task An_accepted_socket_has_the_options_of_the_system_that_it_was_given(double acknowledgeSeconds, long? pacing)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The options are Linux's.");
        TaskCompletionSource<Dictionary<string, uint>> seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        MediaServerOptions options = new()
        {
            Folder = _folder.Path,
            EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Workers = 1,
            AcknowledgeTimeout = TimeSpan.FromSeconds(acknowledgeSeconds),
            MaxPacingRate = pacing,
            WrapStream = (stream, _) =>
            {
                Socket socket = ((NetworkStream)stream).Socket;
                seen.TrySetResult(SystemOptions.ToDictionary(static option => option.Key, option => Ask(socket, option.Value)));
                return ValueTask.FromResult(stream);
            },
        };
        using MediaServer server = new(options, NullLogger.Instance);
        server.Start();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(server.EndPoint);
        Dictionary<string, uint> found = await seen.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(acknowledgeSeconds * 1000, found["TCP_USER_TIMEOUT"]);
        Assert.Equal(pacing ?? uint.MaxValue, found["SO_MAX_PACING_RATE"]);
        Assert.Equal((1u, 1u, 60u), (found["TCP_NODELAY"], found["SO_KEEPALIVE"], found["TCP_KEEPIDLE"]));
    }

    /// <summary>Levels and numbers of linux/tcp.h and asm-generic/socket.h, not those of the code under test.</summary>
    private static Dictionary<string, (int Level, int Name)> SystemOptions { get; } = new(StringComparer.Ordinal)
    {
        ["TCP_USER_TIMEOUT"] = (6, 18),
        ["SO_MAX_PACING_RATE"] = (1, 47),
        ["TCP_NODELAY"] = (6, 1),
        ["SO_KEEPALIVE"] = (1, 9),
        ["TCP_KEEPIDLE"] = (6, 4),
    };

    private static uint Ask(Socket socket, (int Level, int Name) option)
    {
        byte[] value = new byte[sizeof(uint)];
        Assert.Equal(value.Length, socket.GetRawSocketOption(option.Level, option.Name, value));
        return BitConverter.ToUInt32(value);
    }

    private static bool IsEnded(Socket client)
    {
        try
        {
            return client.Receive(new byte[1]) == 0;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted;
        }
    }

    private MediaServerOptions Options(params IPEndPoint[] endPoints) =>
        new() { Folder = _folder.Path, EndPoints = endPoints, Workers = 1 };

    private sealed class BrokenLogger : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => throw new IOException("No space left on device");
    }
}
