namespace Mapwire.Conformance.Reading;

/// <summary>One packet as a demuxer gave it: times in seconds, the payload by its SHA-256.</summary>
/// <param name="Discard">ffmpeg reads it only so that a decoder can start: the edit list leaves it out of what is shown.</param>
internal sealed record Packet(string Kind, double Pts, double Dts, int Size, string Hash, bool IsKey, bool Discard);
