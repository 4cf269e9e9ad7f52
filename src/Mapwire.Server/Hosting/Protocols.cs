using System.Net;
using Mapwire.Server.Http;
using Mapwire.Server.Loop;
using Mapwire.Server.Rtmp;
using Mapwire.Server.Sending;
using Mapwire.Server.Tls;
using Mapwire.Server.Web;

namespace Mapwire.Server.Hosting;

/// <summary>All protocols that the server speaks: one is a folder of its own, and what begins its conversations here.</summary>
internal sealed class Protocols : IDisposable
{
    private readonly ServerContext _context;
    private readonly RtmpContext _rtmp;
    private readonly Lazy<HttpContext> _http; // its viewers are known once the server has started
    private readonly KestrelReader _kestrel;
    private readonly OtherReader _other;

    /// <param name="context">What all of them serve.</param>
    /// <param name="certificate">Of the encrypted ones; null where there are none.</param>
    /// <param name="accepting">Where connections that are one too many are told so.</param>
    public Protocols(ServerContext context, ServerCertificate? certificate, EventLoop accepting)
    {
        MediaServerOptions options = context.Options;
        _context = context;
        _rtmp = new RtmpContext(
            context.Players, options.HandshakeTimeout, options.IdleTimeout, options.MaxPause, options.MaxConnectionBytes,
            options.NameOf(nameof(MediaServerOptions.MaxConnectionBytes)), context.Held);
        _http = new Lazy<HttpContext>(CreateHttp);
        _kestrel = new KestrelReader(options.ToKestrelLimits(context.Held), ConverseExchange, context.Log);
        _other = new OtherReader(_kestrel.Take, TakesAll: !options.HasHttpFastLane);
        RefusedConnections refused = new(accepting);
        All =
        [
            new Protocol("rtmp", options.EndPoints, ConverseRtmp) { Wrap = options.WrapStream, IsOfPlayers = true },
            new Protocol("rtmps", options.EncryptedEndPoints, ConverseRtmp)
            {
                Encryption = certificate is null ? null : certificate.ToOptions,
                IsOfPlayers = true,
            },
            new Protocol("http", options.HttpEndPoints, ConverseHttp)
            {
                Wrap = options.WrapStream,
                IsOptional = options.IsHttpOptional,
                TurnAway = options.WrapStream is null ? refused.TryTell : null,
            },
            new Protocol("https", options.EncryptedHttpEndPoints, ConverseHttp)
            {
                Encryption = certificate is null ? null : certificate.ToHttpOptions,
            },
        ];
    }

    /// <summary>Each with its end points, which may be none.</summary>
    public IReadOnlyList<Protocol> All { get; }

    /// <summary>Ends what does not live on a worker.</summary>
    public void Stop() => _kestrel.Stop();

    /// <inheritdoc/>
    public void Dispose() => _kestrel.Dispose();

    private RtmpConversation ConverseRtmp(Connection connection) => new(_rtmp, connection, Worker.Of(connection).Statistics);

    private HttpConversation ConverseHttp(Connection connection) =>
        new(_http.Value, connection, Worker.Of(connection).Statistics, _other);

    /// <summary>Begins the conversation of a request that Kestrel has read, on the worker that its connection came from.</summary>
    private HttpConversation ConverseExchange(Connection exchange, HttpClientState client) =>
        new(_http.Value, exchange, Worker.Of(exchange).Statistics, client: client);

    private HttpContext CreateHttp() => new(
        _context.Options.Application, _context.Titles, _context.Players.Openings, _context.Options.HandshakeTimeout,
        _context.Options.IdleTimeout, _context.Options.SegmentDuration, _context.Options.HasViewerIds, _context.Log, _context.Players)
    {
        ListsTitles = _context.Options.ListsTitles,
        Viewers = _context.Viewers,
        Held = _context.Held,
        MaxConnectionBytes = _context.Options.MaxConnectionBytes,
        MaxConnectionBytesOption = _context.Options.NameOf(nameof(MediaServerOptions.MaxConnectionBytes)),
    };
}
