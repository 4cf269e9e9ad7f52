using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Playback;

/// <summary>What all players of a server share.</summary>
/// <param name="Options">How they are served.</param>
/// <param name="Reels">Opens what they name.</param>
/// <param name="Log">Where lines go.</param>
internal sealed record PlayerContext(PlayerOptions Options, ReelOpener Reels, ILogger Log)
{
    /// <summary>In which the titles of one address are opened.</summary>
    public AddressTurns Openings { get; } = new(Options.MaxOpeningsPerAddress);

    /// <summary>How many players there may be.</summary>
    public PlayerLimits Limits { get; init; } = PlayerLimits.None;

    /// <summary>Makes the cursors of RTMP players.</summary>
    public CreateCursor CreateRtmpCursor { get; } = (title, streamId, range, position) =>
        new StripCursor<RtmpFraming>(title, new RtmpFraming(title.Codecs, streamId, Options.ChunkSize), range, position);

    /// <summary>What all RTMP sessions share.</summary>
    public ServerSessionOptions SessionOptions { get; } = new()
    {
        OutgoingChunkSize = Options.ChunkSize,
        VideoCodes = [.. PlayerCodecs.VideoCodes],
        AudioCodes = [.. PlayerCodecs.AudioCodes],
        Extended = EnhancedCapabilities.Reconnect | EnhancedCapabilities.Multitrack | EnhancedCapabilities.ModEx
            | EnhancedCapabilities.TimestampNanoOffset,
    };
}

/// <summary>What of a server's options is about players.</summary>
/// <param name="Application">The only application that they may connect to.</param>
/// <param name="ChunkSize">The chunk size that they are told.</param>
/// <param name="DefaultClientBuffer">The media sent ahead of a player that does not say what it buffers.</param>
/// <param name="MinClientBuffer">The least media sent ahead of any player.</param>
/// <param name="MaxClientBuffer">The most media sent ahead of any player.</param>
/// <param name="LegacyHevc">Whether players that offer no codecs are sent HEVC with the number 12.</param>
/// <param name="MaxOpeningsPerAddress">Titles that are opened at once for one address; 0 for no limit.</param>
internal sealed record PlayerOptions(
    string Application, int ChunkSize, TimeSpan DefaultClientBuffer, TimeSpan MinClientBuffer, TimeSpan MaxClientBuffer, bool LegacyHevc,
    int MaxOpeningsPerAddress)
{
    /// <summary><see cref="DefaultClientBuffer"/> in milliseconds.</summary>
    public long DefaultLead { get; } = (long)DefaultClientBuffer.TotalMilliseconds;

    /// <summary><see cref="MinClientBuffer"/> in milliseconds.</summary>
    public long MinLead { get; } = (long)MinClientBuffer.TotalMilliseconds;

    /// <summary><see cref="MaxClientBuffer"/> in milliseconds.</summary>
    public long MaxLead { get; } = (long)MaxClientBuffer.TotalMilliseconds;
}
