using System.Net;

namespace Mapwire.Load;

/// <summary>A stream to play and the address that its host has.</summary>
/// <param name="Url">What to play.</param>
/// <param name="EndPoint">Where to connect.</param>
public sealed record LoadTarget(LoadUrl Url, IPEndPoint EndPoint);
