using System.Net.Sockets;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

/// <summary>A socket in the hands of another reader than its loop.</summary>
public sealed class DetachedStreamTests
{
    [Fact]
    public async Task What_was_received_before_is_read_once_more_and_then_the_rest()
    {
        using SocketPair pair = new();
        await using DetachedStream stream = new PlainSender(pair.Sender).Detach("first"u8.ToArray());
        pair.Receiver.Send("second"u8);
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty, TestContext.Current.CancellationToken)); // there is something to read
        byte[] all = new byte[11];
        Assert.Equal(2, await stream.ReadAsync(all.AsMemory(0, 2), TestContext.Current.CancellationToken));
        await stream.ReadExactlyAsync(all.AsMemory(2), TestContext.Current.CancellationToken);
        Assert.Equal("firstsecond"u8, all);
    }

    [Fact]
    public async Task A_read_that_had_begun_comes_between_what_was_received_and_the_rest()
    {
        using SocketPair pair = new();
        pair.Sender.Blocking = true;
        StreamSender sender = new(new NetworkStream(pair.Sender), pair.Sender);
        Assert.Equal(0, sender.Receive(new byte[100], out SocketError error));
        Assert.Equal(SocketError.WouldBlock, error);
        await using DetachedStream stream = sender.Detach("a"u8.ToArray());
        pair.Receiver.Send("bcdef"u8);
        byte[] all = new byte[6];
        await stream.ReadExactlyAsync(all, TestContext.Current.CancellationToken);
        Assert.Equal("abcdef"u8, all);
        pair.Receiver.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await stream.ReadAsync(all, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_write_that_had_begun_comes_before_the_next_one()
    {
        TaskCompletionSource begun = new();
        MemoryStream written = new();
        await using DetachedStream stream = new(written, null) { PendingWrite = begun.Task };
        Task next = stream.WriteAsync("next"u8.ToArray(), TestContext.Current.CancellationToken).AsTask();
        Assert.Equal(0, written.Length);
        written.Write("before "u8);
        begun.SetResult();
        await next;
        Assert.Equal("before next"u8, written.ToArray());
        Assert.Equal(4, stream.BytesWritten);
    }

    [Fact]
    public async Task A_client_that_still_sends_gets_the_last_answer_before_its_connection_ends()
    {
        using SocketPair pair = new();
        DetachedStream stream = new PlainSender(pair.Sender).Detach([]);
        await stream.WriteAsync("answer"u8.ToArray(), TestContext.Current.CancellationToken);
        pair.Receiver.Send(new byte[10_000]);
        Task end = stream.EndAsync();
        pair.Receiver.Send(new byte[10_000]); // a socket that was closed with unread bytes would take its answer back
        byte[] answer = new byte[7];
        Assert.Equal(6, pair.Receiver.Receive(answer, SocketFlags.None));
        Assert.Equal(0, pair.Receiver.Receive(answer, SocketFlags.None));
        pair.Receiver.Dispose();
        await end.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_client_that_never_ends_is_heard_for_some_seconds_only()
    {
        using SocketPair pair = new();
        DetachedStream stream = new PlainSender(pair.Sender).Detach([]);
        await stream.EndAsync().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<Exception>(async () => await stream.WriteAsync(new byte[1], TestContext.Current.CancellationToken));
    }
}
