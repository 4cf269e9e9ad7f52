using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Mapwire.Memory;
using Mapwire.Server.Sending;
using Mapwire.Server.Tests.Tls;
using Mapwire.Server.Tls;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

/// <summary>TLS on a loop's own thread, by turns that a test gives, against the runtime's client on a real socket.</summary>
public sealed class EncryptedSenderTests : IDisposable
{
    private const int Length = 3_000_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly SocketPair _sockets = new();
    private readonly byte[] _bytes = new byte[Length];
    private readonly MappedFile _file;
    private readonly MappedRegion _region;
    private readonly GatherList _list = new();
    private readonly ServerCertificate _certificate;
    private readonly EncryptedSender _sender;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private Exception? _refusal;

    public EncryptedSenderTests()
    {
        new Random(5).NextBytes(_bytes);
        string path = Path.Combine(_folder.Path, "file");
        File.WriteAllBytes(path, _bytes);
        _file = MappedFile.Open(path);
        _region = _file.Map(0, Length);
        TestCertificate.Write(_folder.Path);
        _certificate = new ServerCertificate(
            new CertificateFiles(Path.Combine(_folder.Path, "cert.pem"), Path.Combine(_folder.Path, "key.pem"), null), NullLogger.Instance);
        _sender = new EncryptedSender(_sockets.Sender, _certificate.ToOptions, fault => _refusal = fault);
    }

    public void Dispose()
    {
        _sender.Dispose();
        _certificate.Dispose();
        _list.Dispose();
        _region.Dispose();
        _file.Dispose();
        _sockets.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_file_comes_whole_to_a_client_that_reads_slowly_and_the_end_is_said_behind_it(SslProtocols protocol)
    {
        using SslStream client = NewClient();
        Task<byte[]> reading = Task.Run(async () =>
        {
            await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                EnabledSslProtocols = protocol,
            });
            await client.WriteAsync("go"u8.ToArray());
            MemoryStream all = new();
            byte[] some = new byte[10_000];
            for (int count = 1; count > 0; all.Write(some, 0, count))
            {
                await Task.Yield();
                count = await client.ReadAsync(some);
            }

            return all.ToArray();
        });
        Assert.Equal("go"u8.ToArray(), ReceiveSome());
        long sent = 0;
        bool wasFull = false;
        while (sent < 8 + Length || _sender.UnsentBytes > 0)
        {
            Assert.Equal(SendResult.Sent, _sender.Flush());
            wasFull |= _sender.UnsentBytes > 0;
            if (_sender.UnsentBytes == 0 && sent < 8 + Length)
            {
                Gather(sent);
                Assert.Equal(SendResult.Sent, _sender.Send(_list, out long taken));
                Assert.Equal(_list.Length, taken); // the rest was left out
                sent += taken;
            }
        }

        _sender.EndSending();
        Assert.True(SpinWait.SpinUntil(() => _sender.Flush() == SendResult.Sent && _sender.UnsentBytes == 0, Patience));
        byte[] read = await reading.WaitAsync(Patience);
        Assert.Equal([.. "header: "u8, .. _bytes], read);
        Assert.True(wasFull);
    }

    [Fact]
    public async Task A_handshake_in_single_bytes_waits_on_no_thread_and_what_comes_with_its_end_is_received()
    {
        using SslStream client = NewClient(new DribblingStream(new NetworkStream(_sockets.Receiver)));
        Task<int> talking = Task.Run(async () =>
        {
            await client.AuthenticateAsClientAsync("localhost");
            await client.WriteAsync("hello"u8.ToArray());
            return await client.ReadAsync(new byte[10]);
        });
        Assert.Equal("hello"u8.ToArray(), ReceiveSome());
        Gather(0);
        _list.Truncate(4);
        Assert.Equal(SendResult.Sent, _sender.Send(_list, out _));
        Assert.Equal(4, await talking.WaitAsync(Patience));
    }

    [Fact]
    public void What_is_no_handshake_ends_with_the_reason()
    {
        _sockets.Receiver.Send("GET / HTTP/1.1\r\n\r\n"u8);
        SocketError error = SocketError.WouldBlock;
        Assert.True(SpinWait.SpinUntil(() => _sender.Receive(_buffer, out error) == 0 && error != SocketError.WouldBlock, Patience));
        Assert.Equal(SocketError.ConnectionReset, error);
        Assert.IsType<AuthenticationException>(_refusal);
    }

    [Fact]
    public async Task A_client_whose_handshake_fails_is_told_why()
    {
        using SslStream client = NewClient();
        Task talking = Task.Run(() => client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = SslProtocols.Tls13,
            CipherSuitesPolicy = OperatingSystem.IsWindows() ? null : new CipherSuitesPolicy([TlsCipherSuite.TLS_AES_128_CCM_8_SHA256]),
        }));
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There the system says which ciphers there are.");
        SocketError error = SocketError.WouldBlock;
        Assert.True(SpinWait.SpinUntil(() => _sender.Receive(_buffer, out error) == 0 && error != SocketError.WouldBlock, Patience));
        Assert.Equal(0, _sender.UnsentBytes);
        _sender.Dispose();
        AuthenticationException refused = await Assert.ThrowsAsync<AuthenticationException>(() => talking.WaitAsync(Patience));
        Assert.Contains("alert", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_turn_takes_its_share_of_the_socket_and_the_next_one_the_rest()
    {
        using LoopStream stream = new(new PlainSender(_sockets.Sender), _sockets.Sender);
        _sockets.Receiver.Send(new byte[10_000]);
        byte[] room = new byte[3000];
        stream.BeginTurn(5000);
        Assert.True(SpinWait.SpinUntil(() => _sockets.Sender.Available == 10_000, Patience));
        Assert.Equal(3000, await stream.ReadAsync(room));
        Assert.Equal(3000, await stream.ReadAsync(room));
        Assert.False(stream.IsHeldBack);
        Task<int> next = stream.ReadAsync(room).AsTask();
        Assert.True(stream.IsHeldBack);
        stream.Continue();
        Assert.False(next.IsCompleted);
        stream.BeginTurn(5000);
        Assert.False(stream.IsHeldBack);
        stream.Continue();
        Assert.Equal(3000, await next);
    }

    [Fact]
    public void A_client_that_says_nothing_is_neither_sent_to_nor_waited_for()
    {
        Assert.Equal(0, _sender.Receive(_buffer, out SocketError error));
        Assert.Equal(SocketError.WouldBlock, error);
        Gather(0);
        Assert.Equal(SendResult.Blocked, _sender.Send(_list, out long sent));
        Assert.Equal(0, sent);
    }

    [Fact]
    public async Task A_file_that_was_cut_is_lost_and_not_filled_with_other_bytes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere a file that is mapped cannot be cut.");
        using SslStream client = NewClient();
        Task talking = Task.Run(async () =>
        {
            await client.AuthenticateAsClientAsync("localhost");
            await client.WriteAsync("go"u8.ToArray());
        });
        Assert.Equal("go"u8.ToArray(), ReceiveSome());
        await talking;
        using (FileStream cut = new(Path.Combine(_folder.Path, "file"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            cut.SetLength(4096);
        }

        Gather(8 + 4096);
        Assert.Equal(SendResult.SourceLost, _sender.Send(_list, out _));
    }

    [Fact]
    public async Task A_connection_that_changes_hands_loses_nothing_that_was_read_or_is_unsent()
    {
        using SslStream client = NewClient();
        TaskCompletionSource isReading = new();
        Task<string> talking = Task.Run(async () =>
        {
            await client.AuthenticateAsClientAsync("localhost");
            await client.WriteAsync("first"u8.ToArray());
            byte[] all = new byte[8 + 100_000 + 3];
            await client.ReadExactlyAsync(all.AsMemory(0, 8 + 100_000));
            await isReading.Task;
            await client.WriteAsync("second"u8.ToArray());
            await client.ReadExactlyAsync(all.AsMemory(8 + 100_000));
            return System.Text.Encoding.ASCII.GetString(all[^3..]);
        });
        Assert.Equal("first"u8.ToArray(), ReceiveSome());
        for (long sent = 0; sent < 8 + 100_000;)
        {
            Gather(sent);
            _list.Truncate(8 + 100_000 - sent);
            Assert.NotEqual(SendResult.Disconnected, _sender.Send(_list, out long taken));
            sent += taken; // what the socket does not take stays with the sender
        }

        _sender.Receive(_buffer, out SocketError error); // a read waits now
        Assert.Equal(SocketError.WouldBlock, error);
        isReading.SetResult();
        using DetachedStream stream = _sender.Detach("0"u8.ToArray());
        byte[] received = new byte[7];
        await stream.ReadExactlyAsync(received).AsTask().WaitAsync(Patience);
        Assert.Equal("0second"u8.ToArray(), received);
        await stream.WriteAsync("end"u8.ToArray()).AsTask().WaitAsync(Patience);
        Assert.Equal("end", await talking.WaitAsync(Patience));
    }

    private SslStream NewClient(Stream? below = null) =>
        new(below ?? new NetworkStream(_sockets.Receiver), leaveInnerStreamOpen: false, static (_, seen, _, _) => seen is X509Certificate2);

    private byte[] ReceiveSome()
    {
        int count = 0;
        Assert.True(SpinWait.SpinUntil(() =>
        {
            count = _sender.Receive(_buffer, out SocketError error);
            Assert.True(error is SocketError.Success or SocketError.WouldBlock, $"{error}: {_refusal}");
            Assert.Equal(SendResult.Sent, _sender.Flush());
            return count > 0;
        }, Patience));
        return _buffer[..count];
    }

    private void Gather(long skip)
    {
        _list.Clear();
        if (skip < 8)
        {
            Assert.True(_list.TryReserve(8, out Span<byte> room));
            "header: "u8.CopyTo(room);
            Assert.True(_list.TryAddReserved(8, (int)skip));
        }

        long from = Math.Max(0, skip - 8);
        if (from < Length)
        {
            Assert.True(_list.TryAddFile(_region.DangerousAddress + (nint)from, Length - from, _file.Handle, from));
        }
    }

    /// <summary>Writes a byte at a time.</summary>
    private sealed class DribblingStream(Stream inner) : DuplexStream
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (int i = 0; i < buffer.Length; i++)
            {
                await inner.WriteAsync(buffer.Slice(i, 1), cancellationToken);
            }
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
