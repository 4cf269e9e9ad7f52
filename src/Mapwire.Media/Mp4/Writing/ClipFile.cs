namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// Cuts a whole, seekable MP4 out of a movie: <c>moov</c> first, all tables rebuilt, the samples as ranges of the file. It begins with
/// the key frame at or before the start, and an edit list says where exactly the clip begins, so players that read files show nothing
/// before it.
/// </summary>
public static class ClipFile
{
    /// <summary>Cuts a clip.</summary>
    /// <param name="tracks">Tracks of one movie that have a <see cref="Track.Codec"/>, at most one of them pictures.</param>
    /// <param name="start">On the line of the whole (<see cref="Timeline"/>); null for its start.</param>
    /// <param name="end">On the same line; null for its end.</param>
    /// <param name="limits">What is refused; null for <see cref="WritingLimits.Default"/>.</param>
    /// <returns>The file's bytes; their length is known.</returns>
    /// <exception cref="ArgumentException">There is no track, one has no codec, or there are several of pictures.</exception>
    /// <exception cref="Mp4WritingException">No sample is between, or the tables would be too large.</exception>
    public static PieceList Create(IEnumerable<Track> tracks, TimeSpan? start = null, TimeSpan? end = null, WritingLimits? limits = null)
    {
        limits ??= WritingLimits.Default;
        TimelineTrack[] whole = Timeline.PlaceWhole(tracks, limits, out Int128 zero, out uint scale);
        List<ClipTrack> clip = [];
        foreach (TimelineTrack track in whole)
        {
            long shift = Timeline.Round(zero * track.Timescale, scale);
            if (ClipTrack.Cut(track.Source, (uint)clip.Count + 1, Timeline.ToTicks(start, track.Timescale, shift),
                Timeline.ToTicks(end, track.Timescale, shift), limits) is { } cut)
            {
                clip.Add(cut);
            }
        }

        if (clip.Count == 0)
        {
            throw new Mp4WritingException(Mp4WritingError.NoSamples, "no sample is between start and end");
        }

        if (start is null)
        {
            BeginWithFirst(clip);
        }

        return Write(clip, limits);
    }

    /// <summary>A clip of the start begins with the first thing that is shown.</summary>
    private static void BeginWithFirst(List<ClipTrack> tracks)
    {
        (Int128 time, uint scale) = (tracks[0].ShownFrom, tracks[0].Track.Timescale);
        foreach (ClipTrack track in tracks)
        {
            if ((Int128)track.ShownFrom * scale < time * track.Track.Timescale)
            {
                (time, scale) = (track.ShownFrom, track.Track.Timescale);
            }
        }

        tracks.ForEach(track => track.Start = Timeline.Round(time * track.Track.Timescale, scale));
    }

    private static PieceList Write(List<ClipTrack> tracks, WritingLimits limits)
    {
        List<ClipChunk> chunks = ClipChunk.Interleave(tracks, limits.MovieBytes);
        PieceList.Builder payload = new();
        chunks.ForEach(chunk => payload.Add(chunk.Offset, chunk.Bytes));
        long most = payload.Length + limits.MovieBytes;
        bool isWide = most > uint.MaxValue;
        BoxWriter writer = new(1 << 16, limits.MovieBytes);
        TrackBoxWriter.WriteFileType(writer, "isom"u8, 0x200, "isomiso2mp41"u8);
        ClipMovieWriter movie = new(writer, tracks, isWide);
        movie.Write(chunks);
        int header = isWide ? 16 : 8;
        movie.PlaceChunks(chunks, writer.Length + header);
        if (isWide)
        {
            writer.WriteUInt32(1);
            writer.WriteUInt32(BoxType.Mdat);
            writer.WriteUInt64((ulong)(header + payload.Length));
        }
        else
        {
            writer.WriteUInt32((uint)(header + payload.Length));
            writer.WriteUInt32(BoxType.Mdat);
        }

        PieceList.Builder body = new PieceList.Builder().Add(writer.ToMemory());
        foreach (Piece piece in payload.Build())
        {
            body.Add(piece.Offset, piece.Length);
        }

        return body.Build();
    }
}
