using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Catalog;
using Mapwire.Server.Statistics;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Hosting;

/// <summary>What all workers of a server share.</summary>
/// <param name="Options">Validated.</param>
/// <param name="Catalog">The titles.</param>
/// <param name="Reels">Opens what players name.</param>
/// <param name="Log">Where lines go.</param>
internal sealed record ServerContext(RtmpServerOptions Options, TitleCatalog Catalog, ReelOpener Reels, ILogger Log)
{
    /// <summary>What all sessions share.</summary>
    public ServerSessionOptions SessionOptions { get; } = new()
    {
        OutgoingChunkSize = Options.ChunkSize,
        VideoCodes = [.. PlayerCodecs.VideoCodes],
        AudioCodes = [.. PlayerCodecs.AudioCodes],
        Extended = EnhancedCapabilities.Multitrack | EnhancedCapabilities.ModEx | EnhancedCapabilities.TimestampNanoOffset,
    };

    /// <summary>What others are shown, published when the server starts; null for nothing.</summary>
    public ServerStatistics? Statistics { get; set; }
}
