using System.Collections.Immutable;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Server.Files;

namespace Mapwire.Server.Strips;

/// <summary>
/// Everything about a title but its bytes: the strip, the codec headers and the metadata. Made from a movie once, or taken from the
/// index cache.
/// </summary>
/// <param name="Strip">The samples in send order.</param>
/// <param name="Codecs">The codec headers.</param>
/// <param name="Metadata">The body of the onMetaData message, AMF0.</param>
/// <param name="Duration">How long it plays; a run-up that an edit list hides takes no time.</param>
/// <param name="LeftOut">What of the file is left out of play, tracks and what is cut off or damaged, a line each.</param>
/// <param name="MayGrow">Whether bytes that come after the file's end leave what is indexed as it is: fragments, tags.</param>
internal sealed record TitleIndex(Strip Strip, TitleCodecs Codecs, byte[] Metadata, TimeSpan Duration, string[] LeftOut, bool MayGrow)
{
    private const uint Mp3HeaderLength = 4;

    /// <summary>What it costs to keep, in bytes.</summary>
    public long ByteSize => Strip.ByteSize + Metadata.Length + Codecs.Changes.Length + 1024;

    /// <summary>Indexes a movie.</summary>
    /// <param name="file">The open file.</param>
    /// <param name="movie">What was read from it.</param>
    /// <param name="choice">What of it is played.</param>
    /// <param name="work">Told what is waited for; null when nobody asks.</param>
    /// <exception cref="TitleException">It cannot be played.</exception>
    public static TitleIndex Build(MovieFile file, Movie movie, TrackChoice choice = default, FileWork? work = null)
    {
        ChosenTracks chosen = ChosenTracks.Of(movie, choice);
        CodecConfiguration[] sounds = [.. chosen.Audio.Select(track => SoundOf(file, track, work))];
        ImmutableArray<TitleLane?> lanes =
        [
            chosen.Video is null ? null : TitleLane.Video(chosen.Video, choice.Abilities),
            .. sounds.Select((sound, number) => TitleLane.Audio(sound, choice.Abilities, number)),
        ];
        StripBuilder builder = new(chosen, lanes, choice.Abilities);
        Strip strip = builder.Build();
        byte[] metadata = new TitleMetadata(file.Identity.Length, chosen, sounds, lanes, strip).Write();
        TitleCodecs codecs = new(lanes, builder.Changes);
        return new TitleIndex(strip, codecs, metadata, TimeSpan.FromMilliseconds(strip.Length), [.. TracksLeftOut(movie, chosen)],
            movie.MayGrow);
    }

    /// <summary>
    /// The audio configuration. MP3 has none in the file, and muxers write two channels for it whatever there are: the first frame's own
    /// header knows.
    /// </summary>
    private static CodecConfiguration SoundOf(MovieFile file, Track audio, FileWork? work)
    {
        if (audio.Codec is Mp3Configuration)
        {
            foreach (Sample sample in audio.Samples)
            {
                byte[] frame = new byte[Math.Min(sample.Size, Mp3HeaderLength)];
                file.Read(sample.Offset, frame, audio.Samples.FindLocation(0, SampleField.Offset, out _), work);
                return Mp3Configuration.FromFrame(frame) ?? audio.Codec;
            }
        }

        return audio.Codec!;
    }

    private static IEnumerable<string> TracksLeftOut(Movie movie, ChosenTracks chosen)
    {
        foreach (Track track in movie.Tracks.Where(track => !chosen.Contains(track)))
        {
            yield return $"track {track.Id} ({track.SampleEntry}): {track.UnplayableReason ?? $"another {track.Kind} track is played"}";
        }

        foreach (string warning in movie.Warnings)
        {
            yield return $"some of it: {warning}";
        }
    }
}
