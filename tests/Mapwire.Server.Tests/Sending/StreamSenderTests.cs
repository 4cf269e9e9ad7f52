using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Hosting;
using Mapwire.Server.Sending;
using Mapwire.Server.Tests.Tls;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

/// <summary>RTMP over the sender of streams: a whole film, byte for byte, with TLS and without.</summary>
public sealed class StreamSenderTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _keys = new();
    private readonly string _thumbprint;

    public StreamSenderTests()
    {
        _folder.Add("film.mp4");
        _thumbprint = TestCertificate.Write(_keys.Path);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _keys.Dispose();
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(4096, true)]
    [InlineData(1024 * 1024, true)]
    [InlineData(128, false)]
    [InlineData(1024 * 1024, false)]
    public async Task A_film_comes_as_over_the_plain_sender(int chunkSize, bool tls)
    {
        List<string> plain = await PlayAsync(new MediaServerOptions
        {
            Folder = _folder.Path,
            EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            ChunkSize = chunkSize,
            MaxClientBuffer =
                TimeSpan.FromDays(1),
        }, tls: false);
        List<string> copied = await PlayAsync(new MediaServerOptions
        {
            Folder = _folder.Path,
            EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            ChunkSize = chunkSize,
            MaxClientBuffer = TimeSpan.FromDays(1),
            CopiesPayload = true,
            EncryptedEndPoints = tls ? [new IPEndPoint(IPAddress.Loopback, 0)] : [],
            CertificateFile = tls ? Path.Combine(_keys.Path, "both.pem") : null,
        }, tls);
        Assert.InRange(plain.Count, 1000, 5000);
        Assert.Equal(plain, copied);
    }

    [Fact]
    public async Task A_handshake_that_never_ends_is_given_up_and_others_play()
    {
        using MediaServer server = new(
            new MediaServerOptions
            {
                Folder = _folder.Path,
                EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                HandshakeTimeout = TimeSpan.FromSeconds(1),
                MaxClientBuffer = TimeSpan.FromDays(1),
                EncryptedEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                CertificateFile = Path.Combine(_keys.Path, "both.pem"),
            },
            NullLogger.Instance);
        server.Start();
        using TcpClient silent = new();
        await silent.ConnectAsync(server.EncryptedEndPoints[0]);
        await silent.GetStream().WriteAsync(new byte[] { 0x16, 3 }); // the beginning of a ClientHello
        Assert.NotEmpty(await ReceiveAsync(server.EncryptedEndPoints[0], tls: true));
        Assert.Equal(0, await silent.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
    }

    [Fact]
    public async Task A_client_that_reads_nothing_is_closed_in_time()
    {
        using MediaServer server = new(
            new MediaServerOptions
            {
                Folder = _folder.Path,
                EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                SendTimeout = TimeSpan.FromSeconds(1),
                SendBuffer = 4096,
                MaxClientBuffer = TimeSpan.FromDays(1),
                CopiesPayload = true,
            },
            NullLogger.Instance);
        server.Start();
        using TcpClient deaf = new() { ReceiveBufferSize = 4096 };
        await deaf.ConnectAsync(server.EndPoint);
        Film film = new();
        ClientSession session = film.Begin();
        await film.TalkAsync(deaf.GetStream(), session, until: static film => film.Payloads.Count > 0).WaitAsync(Patience);
        Assert.True(await Task.Run(() => SpinWait.SpinUntil(() => server.ConnectionCount == 0, Patience)));
    }

    [Fact]
    public void Nothing_is_received_before_something_has_come()
    {
        using SocketPair pair = new();
        pair.Sender.Blocking = true;
        using StreamSender sender = new(new NetworkStream(pair.Sender));
        using PlainSender plain = new(pair.Sender);
        foreach (ISender empty in (ISender[])[plain, sender])
        {
            Assert.Equal(0, empty.Receive(new byte[100], out SocketError error));
            Assert.Equal(SocketError.WouldBlock, error);
        }
    }

    [Fact]
    public void A_client_that_is_gone_is_seen_and_nothing_is_received_of_it()
    {
        using SocketPair pair = new();
        pair.Sender.Blocking = true;
        using StreamSender sender = new(new NetworkStream(pair.Sender));
        pair.Receiver.LingerState = new LingerOption(true, 0); // a reset
        pair.Receiver.Close();
        SocketError error = SocketError.WouldBlock;
        int count = -1;
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                count = sender.Receive(new byte[100], out error);
                return error != SocketError.WouldBlock;
            },
            Patience));
        Assert.Equal((0, SocketError.ConnectionReset), (count, error));
    }

    [Fact]
    public void The_socket_below_a_stream_acknowledges_at_once_and_bounds_what_it_has_not_sent()
    {
        using SocketPair pair = new();
        using StreamSender sender = new(Stream.Null, pair.Sender);
        if (!OperatingSystem.IsLinux())
        {
            Assert.False(sender.TrySetUnsentLimit(20_000));
            return;
        }

        Assert.True(TcpOption.QuickAcknowledge.TrySet(pair.Sender, 0));
        Assert.Equal(0, Get(TcpOption.QuickAcknowledge, pair.Sender));
        sender.AcknowledgeAtOnce();
        Assert.Equal(1, Get(TcpOption.QuickAcknowledge, pair.Sender));
        Assert.True(sender.TrySetUnsentLimit(20_000));
        Assert.Equal(20_000, Get(TcpOption.UnsentLimit, pair.Sender));
        pair.Sender.Dispose();
        sender.AcknowledgeAtOnce(); // the stream closes its socket on other threads
        Assert.False(sender.TrySetUnsentLimit(30_000));
    }

    private static int Get(TcpOption option, Socket socket)
    {
        byte[] value = new byte[sizeof(int)];
        socket.GetRawSocketOption(option.Level, option.Name, value);
        return BitConverter.ToInt32(value);
    }

    private async Task<List<string>> PlayAsync(MediaServerOptions options, bool tls)
    {
        using MediaServer server = new(options, NullLogger.Instance);
        server.Start();
        return await ReceiveAsync(tls ? server.EncryptedEndPoints[0] : server.EndPoint, tls);
    }

    /// <summary>Plays the film to its end: type, time and digest of each message.</summary>
    private async Task<List<string>> ReceiveAsync(IPEndPoint server, bool tls)
    {
        using TcpClient client = new() { NoDelay = true };
        await client.ConnectAsync(server);
        Stream stream = client.GetStream();
        if (tls)
        {
            SslStream secure =
                new(stream, leaveInnerStreamOpen: false,
                (_, certificate, _, _) => certificate is not null && certificate.GetCertHashString() == _thumbprint);
            await secure.AuthenticateAsClientAsync("localhost");
            stream = secure;
        }

        await using (stream)
        {
            Film film = new();
            await film.TalkAsync(stream, film.Begin(), static film => film.IsOver).WaitAsync(Patience);
            return film.Payloads;
        }
    }

    private sealed class Film : IClientSessionHandler
    {
        private readonly ArrayBufferWriter<byte> _output = new();
        private ClientSession _session = null!;

        public List<string> Payloads { get; } = [];

        public bool IsOver { get; private set; }

        public ClientSession Begin() =>
            _session =
                new ClientSession(new ClientSessionOptions(), ClientSessionOptions.DefaultConnect("vod", "rtmp://localhost/vod"), this,
                _output);

        public async Task TalkAsync(Stream stream, ClientSession session, Func<Film, bool> until)
        {
            byte[] buffer = new byte[64 * 1024];
            while (!until(this))
            {
                await stream.WriteAsync(_output.WrittenMemory);
                _output.Clear();
                int count = await stream.ReadAsync(buffer);
                Assert.True(count > 0, "closed by the server");
                session.Receive(buffer.AsSpan(0, count));
            }
        }

        public void OnConnected(bool accepted, StatusInfo status)
        {
            Assert.True(accepted);
            _session.CreateStream();
        }

        public void OnResult(double transactionId, bool succeeded, AmfValue value)
        {
            if (value.AsNumber() is { } id)
            {
                _session.SetBufferLength((uint)id, 36_000_000);
                _session.Play((uint)id, new PlayCommand(0, "film.mp4"));
            }
        }

        public void OnStatus(uint streamId, StatusInfo status)
        {
        }

        public void OnUserControl(UserControl control) => IsOver |= control.Event == UserControlEvent.StreamEof;

        public void OnData(uint streamId, long timestamp, string name, ReadOnlySpan<AmfValue> values)
        {
        }

        public void OnMedia(in RtmpMessage message, long timestamp) =>
            Payloads.Add($"{message.TypeId} {timestamp} {Convert.ToHexString(SHA256.HashData(message.Payload))}");
    }
}
