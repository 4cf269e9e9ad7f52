using System.Collections.Immutable;
using Mapwire.Media.Mp4.Writing;

namespace Mapwire.Server.Live.Segments;

/// <summary>Some frames of one track, whole as soon as it is there: the least that is sent by HTTP. Immutable.</summary>
/// <param name="Headers">What comes before the frames.</param>
/// <param name="Frames">Where the frames lie in the live pages: one range, or two where a run of pages ended.</param>
/// <param name="Start">When the first frame is decoded.</param>
/// <param name="Duration">How long the frames last.</param>
/// <param name="IsIndependent">Whether decoding can start with the first frame.</param>
internal sealed record LivePart(
    ReadOnlyMemory<byte> Headers, ImmutableArray<(long Offset, long Length)> Frames, TimeSpan Start, TimeSpan Duration, bool IsIndependent)
{
    /// <summary>Headers and frames, in bytes.</summary>
    public long Length { get; } = Headers.Length + Frames.Sum(static range => range.Length);

    /// <summary>Adds headers and frames.</summary>
    public void AddTo(PieceList.Builder body)
    {
        body.Add(Headers);
        foreach ((long offset, long length) in Frames)
        {
            body.Add(offset, length);
        }
    }
}
