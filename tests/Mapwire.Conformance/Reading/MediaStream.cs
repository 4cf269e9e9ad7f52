namespace Mapwire.Conformance.Reading;

/// <summary>What a demuxer says of a stream.</summary>
internal sealed record MediaStream(int Index, string Kind, string Codec, string? ExtradataHash, int Width, int Height, int SampleRate,
    int Channels, string FrameRate);
