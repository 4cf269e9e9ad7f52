using Mapwire.Http.Heads;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Http;

/// <summary>Who reads the requests of connections that the loop does not read itself: a full server of HTTP.</summary>
/// <param name="Take">Given the connection, and whether it begins with the preface of HTTP/2. Any thread may call it.</param>
/// <param name="TakesAll">Whether it is given every connection from its first byte.</param>
internal sealed record OtherReader(Action<DetachedConnection, bool> Take, bool TakesAll)
{
    /// <summary>What HTTP/2 begins with, and no request of HTTP/1.1 (RFC 9113, section 3.4).</summary>
    public static ReadOnlySpan<byte> PrefaceStart => "PRI "u8;

    /// <summary>Whether what is foreign to the loop is another reader's to understand.</summary>
    /// <remarks>
    /// What no reader may take, or readers take for different requests, is refused at once, with a reason: it is how requests are smuggled.
    /// </remarks>
    public static bool Reads(ForeignReason reason) => reason is not (ForeignReason.None or ForeignReason.Nul
        or ForeignReason.ControlCharacter or ForeignReason.BareLineFeed or ForeignReason.BareCarriageReturn or ForeignReason.RequestLine
        or ForeignReason.ObsoleteFolding or ForeignReason.NoColon or ForeignReason.FieldName or ForeignReason.NoHost);
}
