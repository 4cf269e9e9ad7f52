namespace Mapwire.Conformance.Reading;

/// <summary>A film as somebody read it, from the file or off the wire.</summary>
/// <param name="Duration">Seconds, or null where the reader was told none.</param>
internal sealed record Recording(IReadOnlyList<Packet> Packets, IReadOnlyList<MediaStream> Streams, double? Duration)
{
    public IEnumerable<Packet> Of(string kind) => Packets.Where(packet => packet.Kind == kind);
}
