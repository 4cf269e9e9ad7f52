using System.Net.Sockets;
using Mapwire.Memory;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

/// <summary>Runs of a file behind a header, to a real socket: from the file itself on Linux, gathered elsewhere.</summary>
public sealed class SendFileTests : IDisposable
{
    private const int Length = 3_000_000;

    private readonly string _path = Path.GetTempFileName();
    private readonly byte[] _bytes = new byte[Length];
    private readonly SocketPair _sockets = new();
    private readonly MappedFile _file;
    private readonly MappedRegion _region;
    private readonly PlainSender _sender;
    private readonly GatherList _list = new();
    private readonly MemoryStream _wire = new();

    public SendFileTests()
    {
        new Random(3).NextBytes(_bytes);
        File.WriteAllBytes(_path, _bytes);
        _file = MappedFile.Open(_path);
        _region = _file.Map(0, Length);
        _sockets.Sender.Blocking = true; // as those that are accepted are to .NET
        _sender = new PlainSender(_sockets.Sender);
    }

    public void Dispose()
    {
        _list.Dispose();
        _region.Dispose();
        _file.Dispose();
        _sockets.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public void Header_and_run_come_in_their_order_and_a_full_socket_blocks_no_thread()
    {
        long sent = 0;
        while (sent < 8 + Length)
        {
            Gather(sent, Length);
            SendResult result = _sender.Send(_list, out long taken);
            Assert.True(result is SendResult.Sent or SendResult.Blocked, result.ToString());
            sent += taken;
            _sockets.Drain(_wire);
        }

        Assert.Equal([.. "header: "u8, .. _bytes], Drained(8 + Length));
    }

    [Fact]
    public void A_run_that_is_truncated_is_sent_as_far_as_it_is_left()
    {
        Gather(0, Length);
        _list.Truncate(1000);
        Assert.Equal(1000, _list.Length);
        Assert.Equal(SendResult.Sent, _sender.Send(_list, out long sent));
        Assert.Equal(1000, sent);
        Gather(0, Length);
        _list.Truncate(3); // and the run is not there at all
        Assert.Equal(SendResult.Sent, _sender.Send(_list, out sent));
        Assert.Equal(3, sent);
        Assert.Equal([.. "header: "u8, .. _bytes[..992], .. "hea"u8], Drained(1003));
    }

    [Fact]
    public void A_file_that_ends_before_its_run_is_lost()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere a file that is mapped is not sent from, or cannot be cut.");
        using (FileStream cut = new(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            cut.SetLength(4096);
        }

        Gather(8 + 4096, Length);
        Assert.Equal(SendResult.SourceLost, _sender.Send(_list, out long sent));
        Assert.Equal(0, sent);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_socket_holds_of_a_file_is_dropped_when_the_connection_is_broken(bool isStream)
    {
        _sockets.Receiver.ReceiveBufferSize = 8 * 1024;
        _sockets.Sender.SendBufferSize = 256 * 1024;
        long taken = 0;
        for (int full = 0; full < 20;)
        {
            Gather(taken, Length);
            full = _sender.Send(_list, out long sent) == SendResult.Blocked ? full + 1 : 0;
            taken += sent;
            SpinWait.SpinUntil(static () => false, 5);
        }

        int received = _sockets.Receiver.Available; // is the receiver's already
        Assert.InRange(received, 1, taken - 1);
        using ISender sender = isStream
            ? new StreamSender(new NetworkStream(_sockets.Sender, ownsSocket: true), _sockets.Sender) : _sender;
        sender.Break();
        sender.Dispose();
        byte[] buffer = new byte[taken];
        int total = 0;
        SocketException end = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            for (int count = 1; count > 0; total += count)
            {
                count = await _sockets.Receiver.ReceiveAsync(buffer.AsMemory(total));
            }
        });
        Assert.Equal(SocketError.ConnectionReset, end.SocketErrorCode);
        Assert.InRange(total, 1, received); // the system may throw away what it had received, too
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_has_all_that_was_sent_is_told_of_the_break_too(bool isStream)
    {
        _list.Clear();
        Assert.True(_list.TryReserve(8, out _));
        Assert.True(_list.TryAddReserved(8));
        Assert.Equal(SendResult.Sent, _sender.Send(_list, out _));
        byte[] buffer = new byte[100];
        Assert.Equal(8, await _sockets.Receiver.ReceiveAsync(buffer, TestContext.Current.CancellationToken));
        using ISender sender = isStream
            ? new StreamSender(new NetworkStream(_sockets.Sender, ownsSocket: true), _sockets.Sender) : _sender;
        sender.Break();
        sender.Dispose();
        SocketException end = await Assert.ThrowsAsync<SocketException>(
            async () => await _sockets.Receiver.ReceiveAsync(buffer, TestContext.Current.CancellationToken));
        Assert.Equal(SocketError.ConnectionReset, end.SocketErrorCode);
    }

    [Fact]
    public void A_peer_that_is_gone_is_no_lost_file()
    {
        _sockets.Receiver.LingerState = new LingerOption(true, 0);
        _sockets.Receiver.Dispose();
        Gather(8, Length);
        SendResult result = SendResult.Sent;
        Assert.True(SpinWait.SpinUntil(
            () => (result = _sender.Send(_list, out _)) is not (SendResult.Sent or SendResult.Blocked), TimeSpan.FromSeconds(10)));
        Assert.Equal(SendResult.Disconnected, result);
    }

    private byte[] Drained(int length)
    {
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _sockets.Drain(_wire);
                return _wire.Length >= length;
            },
            TimeSpan.FromSeconds(10)));
        return _wire.ToArray();
    }

    /// <summary>What is left behind so many bytes of the header and the run.</summary>
    private void Gather(long sent, int length)
    {
        _list.Clear();
        if (sent < 8)
        {
            Assert.True(_list.TryReserve(8, out Span<byte> header));
            "header: "u8.CopyTo(header);
            Assert.True(_list.TryAddReserved(8, (int)sent));
        }

        long offset = Math.Max(0, sent - 8);
        Assert.True(_list.TryAddFile(_region.DangerousAddress + (nint)offset, length - offset, _file.Handle, offset));
    }
}
