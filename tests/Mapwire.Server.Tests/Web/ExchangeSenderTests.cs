using System.Net;
using System.Net.Sockets;
using Mapwire.Server.Sending;
using Mapwire.Server.Web;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Mapwire.Server.Tests.Web;

public sealed class ExchangeSenderTests : IDisposable
{
    private readonly CancellationTokenSource _aborted = new();
    private readonly ExchangeSender _sender;

    public ExchangeSenderTests()
    {
        FeatureCollection features = new();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature { Method = "GET" });
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature { RequestAborted = _aborted.Token });
        ExchangeLimits limits = new(131_072, "option", new HeldBytes(1 << 30, "all"));
        _sender = new ExchangeSender(features, "a head"u8.ToArray(), new ExchangeBudget(limits, new IPEndPoint(IPAddress.Loopback, 1)));
    }

    public void Dispose()
    {
        _sender.Dispose();
        _aborted.Dispose();
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
