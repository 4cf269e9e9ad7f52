using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>What one track has in an audio or video message: a configuration, a frame or something about them.</summary>
/// <remarks>Borrows the message's bytes and must not outlive them.</remarks>
public readonly ref struct FlvPacket
{
    /// <summary>Picture or sound.</summary>
    public required TrackKind Kind { get; init; }

    /// <summary>The track's number among those of its kind; 0 where the message does not say.</summary>
    public byte Track { get; init; }

    /// <summary>What <see cref="Payload"/> is.</summary>
    public FlvPacketType Type { get; init; }

    /// <summary>The codec that the header names; null when it is not known, not one of <see cref="Kind"/>, or not named.</summary>
    public Codec? Codec { get; init; }

    /// <summary>
    /// The four-character code in the header, known or not; with a plain header that of <see cref="Codec"/>. Zero when there is none.
    /// </summary>
    public FourCc Code { get; init; }

    /// <summary>The first byte of a plain header, as <see cref="Codecs.Codec.ReadFrame"/> takes it; null with an extended one.</summary>
    public byte? PlainHeader { get; init; }

    /// <summary>Whether decoding can start here; always so with sound.</summary>
    public bool IsSync { get; init; }

    /// <summary>Presentation time minus decode time in milliseconds; 0 where the header has no place for it.</summary>
    public int Composition { get; init; }

    /// <summary>What the message's time is short of, 0 to 999,999 ns; a larger number in the header counts as 0.</summary>
    public int Nanoseconds { get; init; }

    /// <summary>What follows the header; never empty with a configuration, a frame or metadata.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }
}

/// <summary>What the payload of a <see cref="FlvPacket"/> is.</summary>
public enum FlvPacketType
{
    /// <summary>
    /// Nothing to play: a command, a configuration as MPEG-2 transport streams have it, an order of channels, or a type that announces a
    /// payload and has none, as some cameras send it.
    /// </summary>
    None,

    /// <summary>A decoder configuration record; see <see cref="Codec.ReadRecord"/>.</summary>
    Configuration,

    /// <summary>A picture or some sound.</summary>
    Frame,

    /// <summary>Pairs of name and value in AMF, such as <c>colorInfo</c>.</summary>
    Metadata,

    /// <summary>The sequence ends.</summary>
    End,
}
