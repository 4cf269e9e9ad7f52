using System.Text;

namespace Mapwire.Http.Heads;

/// <summary>The head of a request that is understood without a doubt (RFC 9112, section 3): a view of the received bytes.</summary>
/// <remarks>Borrows the caller's bytes and must not outlive them. Made by <see cref="RequestHeadReader"/>; nothing is allocated.</remarks>
public readonly ref struct RequestHead
{
    private readonly ReadOnlySpan<byte> _fields;

    internal RequestHead(
        RequestMethod method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> fields, int length, bool isKeepAlive, bool isUpgrade)
    {
        Method = method;
        Target = target;
        _fields = fields;
        Length = length;
        IsKeepAlive = isKeepAlive;
        IsWebSocketUpgrade = isUpgrade;
    }

    /// <summary>The method.</summary>
    public RequestMethod Method { get; }

    /// <summary>The target in origin form, with its query, as sent: nothing of it is decoded.</summary>
    public ReadOnlySpan<byte> Target { get; }

    /// <summary>The host and port that the client asked, as sent; never empty.</summary>
    public ReadOnlySpan<byte> Host => TryGetField("Host"u8, out ReadOnlySpan<byte> host) ? host : default;

    /// <summary>How many bytes the head took, its empty line included; what follows is the next request.</summary>
    public int Length { get; }

    /// <summary>Whether the connection stays after the answer (RFC 9112, section 9.3).</summary>
    public bool IsKeepAlive { get; }

    /// <summary>
    /// Whether the client asks for WebSocket (RFC 9110, section 7.8); <see cref="WebSockets.WebSocketHandshake"/> says whether it may
    /// have it.
    /// </summary>
    public bool IsWebSocketUpgrade { get; }

    /// <summary>All field lines in their order.</summary>
    public FieldLines Fields => new(_fields);

    /// <summary>Finds the first field line of a name.</summary>
    /// <param name="name">The name, in whatever case.</param>
    /// <param name="value">Its value without white space at its ends.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGetField(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (FieldLines field in Fields)
        {
            if (Ascii.EqualsIgnoreCase(field.Name, name))
            {
                value = field.Value;
                return true;
            }
        }

        value = default;
        return false;
    }
}
