using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Http;

/// <summary>What all HTTP conversations of a server share.</summary>
/// <param name="Application">The first segment of every path.</param>
/// <param name="Titles">What is served.</param>
/// <param name="Openings">In which the titles of one address are opened, those of RTMP too.</param>
/// <param name="HeadTimeout">How long a request head may take.</param>
/// <param name="IdleTimeout">How long a connection may ask for nothing.</param>
/// <param name="Log">Where lines go.</param>
/// <param name="Players">What those that watch streams share with players of RTMP.</param>
internal sealed record HttpContext(
    string Application, TitleCatalog Titles, AddressTurns Openings, TimeSpan HeadTimeout, TimeSpan IdleTimeout, ILogger Log,
    PlayerContext Players);
