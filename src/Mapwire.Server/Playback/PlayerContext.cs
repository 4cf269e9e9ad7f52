using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Live;
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

    /// <summary>The live streams; null where there are none.</summary>
    public LiveStreams? Live { get; init; }

    /// <summary>Who may publish them.</summary>
    public PublishKeys Keys { get; init; } = new([]);

    /// <summary>Has encoders prove that they know a key.</summary>
    public PublisherChallenges Challenges { get; init; } = new(new PublishKeys([]), AuthenticationMethod.None);

    /// <summary>The live stream that a name is that of, if it is published now, or may go on soon; null where there is none.</summary>
    public LiveStream? FindLive(PlayName name) => name.IsTooLong ? null : Live?.Find(LiveName.Of(name).Name);

    /// <summary>
    /// Whether a name may become that of a live stream: not one of a file, with an extension or a word such as <c>mp4:</c>, which somebody
    /// has mistyped.
    /// </summary>
    public bool MayBecomeLive(PlayName name) => Live is { Options.PlayWait: > 0 } && !Keys.IsClosed && !name.IsTooLong
        && LiveName.Of(name).IsValid && !name.Path.AsSpan(name.Path.LastIndexOf('/') + 1).ContainsAny('.', ':');

    /// <summary>Makes the cursors of RTMP players of live streams.</summary>
    public CreateLiveCursor CreateRtmpLiveCursor { get; } = (stream, format, tracks, streamId, place, zero) =>
        new LiveCursor<RtmpFraming>(
            stream, format, tracks, place, zero, codecs => new RtmpFraming(codecs, streamId, Options.ChunkSize));

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
