namespace Mapwire.Conformance.Reading;

/// <summary>A tag of an FLV file, or the RTMP message of the same type; time in milliseconds.</summary>
internal sealed record FlvTag(byte Type, uint Time, ReadOnlyMemory<byte> Body);
