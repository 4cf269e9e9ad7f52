using Mapwire.Conformance.Reading;

namespace Mapwire.Conformance.Players;

/// <summary>An RTMP message as it came, and when.</summary>
/// <param name="ArrivedAt">Since the connection was asked for.</param>
internal sealed record Message(byte Type, uint StreamId, uint Time, byte[] Body, TimeSpan ArrivedAt)
{
    public const byte SetChunkSize = 1;
    public const byte Acknowledgement = 3;
    public const byte UserControl = 4;
    public const byte WindowSize = 5;
    public const byte PeerBandwidth = 6;
    public const byte Audio = 8;
    public const byte Video = 9;
    public const byte Data = 18;
    public const byte Command = 20;

    private List<object?>? _values;

    /// <summary>The AMF0 values of a command or data message.</summary>
    public List<object?> Values => _values ??= Amf0.Read(Body);

    /// <summary>The command's name; null for other messages.</summary>
    public string? Name => Type is Command or Data ? Values[0] as string : null;

    /// <summary>The media packet that it carries; null for codec headers and everything else.</summary>
    public Packet? Packet => Type is Audio or Video ? FlvFile.PacketOf(new FlvTag(Type, Time, Body)) : null;

    public bool IsMedia => Type is Audio or Video;

    /// <summary>Of an onStatus or onPlayStatus, its code.</summary>
    public string? StatusCode => Status?.GetValueOrDefault("code") as string;

    /// <summary>Of an onStatus or onPlayStatus, its description.</summary>
    public string? StatusDescription => Status?.GetValueOrDefault("description") as string;

    /// <summary>Of a user control message, the event; -1 for others.</summary>
    public int Event => Type == UserControl && Body.Length >= 2 ? Body[0] << 8 | Body[1] : -1;

    private Dictionary<string, object?>? Status =>
        Name is "onStatus" or "onPlayStatus" or "_error" ? Values.OfType<Dictionary<string, object?>>().LastOrDefault() : null;

    public override string ToString() => Type switch
    {
        Command or Data => $"{Name} {StatusCode} {StatusDescription}",
        UserControl => $"user control {Event}",
        _ => $"type {Type}, {Body.Length} bytes, {Time} ms",
    };
}
