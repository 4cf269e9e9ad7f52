using Mapwire.Server.Http;
using Mapwire.Server.Sending;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Mapwire.Server.Web;

/// <summary>What Kestrel asks for answers: each request is given to a loop as a connection of its own, in the conversation that it has on
/// the loop.</summary>
/// <param name="converse">Begins that conversation.</param>
internal sealed class KestrelApplication(Func<Connection, HttpClientState, IConversation> converse)
    : IHttpApplication<IFeatureCollection>
{
    /// <inheritdoc/>
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        KestrelConnection connection = context.GetRequiredFeature<KestrelConnection>();
        IHttpRequestLifetimeFeature lifetime = context.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        ConnectionLoop loop = connection.Loop;
        ExchangeSender sender = new(context, ExchangeRequest.Write(context));
        Connection exchange = new(loop, sender, connection.Peer, one => converse(one, connection.Client), isCounted: false);
        sender.OnProgress = () => loop.Post(exchange);
        loop.Post(exchange);
        bool isWhole;
        await using (lifetime.RequestAborted.UnsafeRegister(static progress => ((Action)progress!)(), sender.OnProgress)
            .ConfigureAwait(false))
        {
            isWhole = await sender.WholeAsync.ConfigureAwait(false);
        }

        if (!isWhole)
        {
            lifetime.Abort(); // never filled with other bytes
        }
    }

    /// <inheritdoc/>
    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
        // nothing is kept
    }
}
