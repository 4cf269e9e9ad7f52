using Mapwire.Server.Playback;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Rtmp;

/// <summary>What all RTMP conversations of a server share.</summary>
/// <param name="Players">What their players share.</param>
/// <param name="HandshakeTimeout">How long connecting may take.</param>
/// <param name="IdleTimeout">How long a player may play nothing.</param>
/// <param name="MaxPause">How long a player may pause.</param>
/// <param name="MaxBytes">What a connection may make the server hold, in bytes.</param>
/// <param name="MaxBytesOption">What the operator calls that option.</param>
/// <param name="Held">What all connections make the server hold.</param>
internal sealed record RtmpContext(
    PlayerContext Players, TimeSpan HandshakeTimeout, TimeSpan IdleTimeout, TimeSpan MaxPause, long MaxBytes, string MaxBytesOption,
    HeldBytes Held);
