using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Catalog;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Hosting;

/// <summary>What all workers of a server share.</summary>
/// <param name="Options">Validated.</param>
/// <param name="Catalog">The titles.</param>
/// <param name="Log">Where lines go.</param>
internal sealed record ServerContext(RtmpServerOptions Options, TitleCatalog Catalog, ILogger Log)
{
    /// <summary>What all sessions share.</summary>
    public ServerSessionOptions SessionOptions { get; } = new() { OutgoingChunkSize = Options.ChunkSize };
}
