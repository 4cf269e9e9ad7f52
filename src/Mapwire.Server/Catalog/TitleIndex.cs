using Mapwire.Media;
using Mapwire.Media.Codecs;
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
/// <param name="MayGrow">Whether bytes that come after the file's end leave what is indexed as it is: fragments, tags.</param>
internal sealed record TitleIndex(Strip Strip, TitleCodecs Codecs, byte[] Metadata, TimeSpan Duration, string[] LeftOut, bool MayGrow)
{
    private const uint Mp3HeaderLength = 4;

    /// <summary>What it costs to keep, in bytes.</summary>
    public long ByteSize => Strip.ByteSize + Metadata.Length + 1024;

    /// <summary>Indexes a movie.</summary>
    /// <param name="file">The open file.</param>
    /// <param name="movie">What was read from it.</param>
    /// <exception cref="TitleException">It cannot be played.</exception>
    public static TitleIndex Build(MovieFile file, Movie movie)
    {
        Track? video = movie.Default(TrackKind.Video);
        Track? audio = movie.Default(TrackKind.Audio);
        if (video is null && audio is null)
        {
            throw new TitleException(TitleError.NotPlayable, NothingPlayable(movie));
        }

        Strip strip = StripBuilder.Build(video, audio);
        CodecConfiguration? sound = audio is null ? null : SoundOf(file, audio);
        byte[] metadata = new TitleMetadata(movie, file.Identity.Length, video, audio, sound, strip).Write();
        return new TitleIndex(strip, TitleCodecs.Of(video?.Codec, sound), metadata, movie.Duration, [.. TracksLeftOut(movie)], movie.IsFragmented || movie.IsCutOff);
    }

    /// <summary>
    /// The audio configuration. MP3 has none in the file, and muxers write two channels for it whatever there are: the first frame's own
    /// header knows.
    /// </summary>
    private static CodecConfiguration? SoundOf(MovieFile file, Track audio)
    {
        if (audio.Codec is Mp3Configuration)
        {
            foreach (Sample sample in audio.Samples)
            {
                byte[] frame = new byte[Math.Min(sample.Size, Mp3HeaderLength)];
                file.Read(sample.Offset, frame);
                return Mp3Configuration.FromFrame(frame) ?? audio.Codec;
            }
        }

        return audio.Codec;
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
