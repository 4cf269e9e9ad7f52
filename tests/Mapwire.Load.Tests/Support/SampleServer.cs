using System.Net;
using Mapwire.Server.Hosting;
using Mapwire.Server.Live;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mapwire.Load.Tests.Support;

/// <summary>Our server with the clip of the repository, in this process.</summary>
internal sealed class SampleServer : IDisposable
{
    private readonly MediaServer _server;

    public SampleServer(TimeSpan? maxBuffer = null, params IReadOnlyList<PublishKey> keys)
    {
        _server = new MediaServer(
            new MediaServerOptions
            {
                Folder = Path.Combine(AppContext.BaseDirectory, "clips"),
                EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                MaxConnectsPerAddress = 0, // the load is one address
                MaxClientBuffer = maxBuffer ?? TimeSpan.FromSeconds(30),
                Workers = 1,
                PublishKeys = keys,
            },
            NullLogger.Instance);
        _server.Start();
    }

    public IPEndPoint EndPoint => _server.EndPoint;

    public int ConnectionCount => _server.ConnectionCount;

    public void Dispose() => _server.Dispose();
}
