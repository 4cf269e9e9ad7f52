using Mapwire.Media;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Catalog;

/// <summary>
/// Everything about a title but its bytes: the strip, the codec headers and the metadata. Made from a movie once, or taken from the
/// index cache.
/// </summary>
/// <param name="Strip">The samples in send order.</param>
/// <param name="Codecs">The codec headers.</param>
/// <param name="Metadata">The body of the onMetaData message, AMF0.</param>
/// <param name="Duration">How long it plays.</param>
/// <param name="LeftOut">The tracks that are left out of play, a line each.</param>
internal sealed record TitleIndex(Strip Strip, TitleCodecs Codecs, byte[] Metadata, TimeSpan Duration, string[] LeftOut)
{
    /// <summary>What it costs to keep, in bytes.</summary>
    public long ByteSize => Strip.ByteSize + Metadata.Length + 1024;

    /// <summary>Indexes a movie.</summary>
    /// <param name="movie">Read from the file.</param>
    /// <param name="fileLength">In bytes, for the metadata.</param>
    /// <exception cref="TitleException">It cannot be played.</exception>
    public static TitleIndex Build(Movie movie, long fileLength)
    {
        Track? video = movie.Default(TrackKind.Video);
        Track? audio = movie.Default(TrackKind.Audio);
        if (video is null && audio is null)
        {
            throw new TitleException(TitleError.NotPlayable, NothingPlayable(movie));
        }

        Strip strip = StripBuilder.Build(video, audio);
        byte[] metadata = TitleMetadata.Write(movie, fileLength, video, audio, strip);
        return new TitleIndex(strip, TitleCodecs.Of(video, audio), metadata, movie.Duration, [.. TracksLeftOut(movie)]);
    }

    private static IEnumerable<string> TracksLeftOut(Movie movie)
    {
        foreach (Track track in movie.Tracks)
        {
            if (track.NotPlayable is { } reason)
            {
                yield return $"track {track.Id} ({track.SampleEntry}): {reason}";
            }
            else if (track != movie.Default(track.Kind))
            {
                yield return $"track {track.Id} ({track.SampleEntry}): another {track.Kind} track is played";
            }
        }
    }

    private static string NothingPlayable(Movie movie) =>
        movie.Tracks.IsEmpty
            ? "the movie has no track"
            : "no playable track: " + string.Join("; ", movie.Tracks.Select(static t => $"track {t.Id} ({t.SampleEntry}): {t.NotPlayable}"));
}
