using System.Net;
using System.Net.Sockets;
using Mapwire.Server.Sending;
using Mapwire.Server.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Mapwire.Server.Tests.Web;

public sealed class ExchangeSenderTests : IDisposable
{
    private readonly CancellationTokenSource _aborted = new();
    private readonly ExchangeSender _sender;
    private readonly MemoryStream _body = new(1 << 20);
    private readonly HttpResponseFeature _response = new();

    public ExchangeSenderTests()
    {
        FeatureCollection features = new();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature { Method = "GET", Protocol = "HTTP/2" });
        features.Set<IHttpResponseFeature>(_response);
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(_body));
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature { RequestAborted = _aborted.Token });
        ExchangeLimits limits = new(1 << 20, "option", new HeldBytes(1 << 30, "all"));
        _sender = new ExchangeSender(features, "a head"u8.ToArray(), new ExchangeBudget(limits, new IPEndPoint(IPAddress.Loopback, 1)));
    }

    public void Dispose()
    {
        _sender.Dispose();
        _aborted.Dispose();
        _body.Dispose();
    }

    [Theory]
    [InlineData(5)]
    [InlineData(40)]
    [InlineData(55)]
    public void A_head_that_comes_in_parts_is_read_whole_and_what_is_behind_it_is_the_body(int cut)
    {
        byte[] answer = "HTTP/1.1 206 Partial Content\r\nX: y\r\nContent-Length: 7\r\n\r\nthe end"u8.ToArray();
        Send(answer[..cut]);
        Assert.Equal(200, _response.StatusCode);
        Send(answer[cut..]);
        Assert.Equal(206, _response.StatusCode);
        Assert.Equal("y", _response.Headers["X"]);
        Assert.Equal("the end"u8.ToArray(), _body.ToArray());
    }

    [Fact]
    public void A_body_that_comes_with_its_head_is_not_kept_with_it()
    {
        byte[] answer = [.. "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"u8, .. new byte[60_000]];
        using (ExchangeSenderTests first = new())
        {
            first.Send(answer); // what the runtime and its pools take once
        }

        using GatherList list = Listed(answer);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(SendResult.Sent, _sender.Send(list, out long sent)); // all of it on this thread: nothing here waits
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 40_000);
        Assert.Equal(answer.Length, sent);
        Assert.Equal(60_000, _body.Length);
    }

    private void Send(byte[] bytes)
    {
        using GatherList list = Listed(bytes);
        Assert.Equal(SendResult.Sent, _sender.Send(list, out long sent));
        Assert.Equal(bytes.Length, sent);
    }

    private static GatherList Listed(byte[] bytes)
    {
        GatherList list = new();
        foreach (byte[] piece in bytes.Chunk(1000))
        {
            Assert.True(list.TryReserve(piece.Length, out Span<byte> room));
            piece.CopyTo(room);
            Assert.True(list.TryAddReserved(piece.Length));
        }

        return list;
    }

    [Fact]
    public void A_request_that_is_aborted_is_a_connection_whose_client_has_left()
    {
        byte[] buffer = new byte[4];
        Assert.Equal(4, _sender.Receive(buffer, out SocketError error));
        Assert.Equal("a he"u8.ToArray(), buffer);
        Assert.Equal(2, _sender.Receive(buffer, out error));
        Assert.Equal(0, _sender.Receive(buffer, out error));
        Assert.Equal(SocketError.WouldBlock, error); // nothing more is asked: the answer is on its way
        _aborted.Cancel();
        Assert.Equal(0, _sender.Receive(buffer, out error));
        Assert.Equal(SocketError.ConnectionReset, error); // and has not only ended its half
        using GatherList list = new();
        Assert.Equal(SendResult.Disconnected, _sender.Send(list, out _));
    }
}
