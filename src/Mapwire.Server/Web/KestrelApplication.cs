using System.Buffers;
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
    /// <summary>REFUSED_STREAM (RFC 9113, section 7).</summary>
    private const int RefusedStream = 7;

    /// <inheritdoc/>
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        KestrelConnection connection = context.GetRequiredFeature<KestrelConnection>();
        connection.BeginExchange();
        try
        {
            await ProcessAsync(context, connection).ConfigureAwait(false);
        }
        finally
        {
            connection.EndExchange();
        }
    }

    private async Task ProcessAsync(IFeatureCollection context, KestrelConnection connection)
    {
        IHttpRequestLifetimeFeature lifetime = context.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        int held = connection.Budget.TryBegin(ExchangeRequest.BytesOf(context), out string? reason, out bool isFirst);
        if (reason is not null)
        {
            if (isFirst)
            {
                Log.ExchangeRefused(connection.Loop.Log, connection.Peer, reason);
            }

            await RefuseAsync(context, reason).ConfigureAwait(false);
            return;
        }

        try
        {
            await AnswerAsync(context, connection, lifetime).ConfigureAwait(false);
        }
        finally
        {
            connection.Budget.End(held);
        }
    }

    /// <inheritdoc/>
    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
        // nothing is kept
    }

    private async Task AnswerAsync(IFeatureCollection context, KestrelConnection connection, IHttpRequestLifetimeFeature lifetime)
    {
        ConnectionLoop loop = connection.Loop;
        ExchangeSender sender = new(context, ExchangeRequest.Write(context), connection.Budget);
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

    /// <summary>
    /// Refuses a request before anything is done for it. HTTP/2 has a word for that, which holds nothing and which clients may answer by
    /// asking again (RFC 9113, section 8.7); by HTTP/1 it is told.
    /// </summary>
    private static async Task RefuseAsync(IFeatureCollection context, string reason)
    {
        if (context.Get<IHttpResetFeature>() is { } stream)
        {
            stream.Reset(RefusedStream);
            return;
        }

        bool hasBody = context.GetRequiredFeature<IHttpRequestFeature>().Method != "HEAD";
        ArrayBufferWriter<byte> answer = new();
        Answers.WriteRefusal(answer, new Refusal(503, reason), hasBody, staysOpen: false);
        AnswerHead head = AnswerHead.TryRead(answer.WrittenSpan, out int length)!;
        head.CopyTo(context);
        await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(answer.WrittenMemory[length..])
            .ConfigureAwait(false);
    }
}
