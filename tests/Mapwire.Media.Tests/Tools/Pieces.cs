using Mapwire.Media.Mp4.Writing;

namespace Mapwire.Media.Tests.Tools;

/// <summary>Puts answers together as a server would send them.</summary>
internal static class Pieces
{
    public static byte[] Join(PieceList body, byte[] file)
    {
        MemoryStream joined = new();
        foreach (Piece piece in body)
        {
            joined.Write(piece.IsFileRange ? file.AsSpan((int)piece.Offset, (int)piece.Length) : piece.Bytes.Span);
        }

        return joined.ToArray();
    }

    /// <summary>The init segment of a period and its segments, one behind the other.</summary>
    public static byte[] JoinPeriod(Rendition rendition, byte[] file, int period = 0)
    {
        MemoryStream joined = new();
        joined.Write(rendition.CreateInit(period).Span);
        for (int i = 0; i < rendition.Count; i++)
        {
            if (rendition.Plan.GetPeriod(i) == period)
            {
                joined.Write(Join(rendition.CreateSegment(i), file));
            }
        }

        return joined.ToArray();
    }

    public static byte[] Join(FragmentedFile whole, byte[] file)
    {
        MemoryStream joined = new();
        for (int i = 0; i < whole.Count; i++)
        {
            joined.Write(Join(whole.CreatePart(i), file));
        }

        return joined.ToArray();
    }

    /// <summary>The tracks that anyone can play and MP4 can hold, the first picture and all sound.</summary>
    public static Track[] TracksOf(Movie movie)
    {
        Track[] playable = [.. movie.Tracks.Where(static track => track.Codec is not null)];
        Track? picture = Array.Find(playable, static track => track.Kind == TrackKind.Video);
        return [.. playable.Where(track => track.Kind == TrackKind.Audio || track == picture)];
    }
}
