using System.Buffers.Binary;
using Mapwire.Media.Mp4;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Mp4.Writing;

/// <summary>
/// Clips read again by the house's own reader. It is shown no edit list, since its rules for them move times by what real films have; the
/// lists are looked at by themselves, and followed by ffmpeg in <see cref="RealFilmTests"/>.
/// </summary>
public sealed class ClipTests
{
    private const int Films = 400;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_clip_has_the_samples_of_its_piece_at_their_times(bool hasEdits)
    {
        int clips = 0;
        for (int seed = 0; seed < Films; seed++)
        {
            byte[] file = new RandomFilm(seed) { HasEdits = hasEdits }.Build();
            Track[] tracks = Pieces.TracksOf(Mp4Files.Parse(file));
            if (tracks.Length == 0)
            {
                continue;
            }

            Random random = new(seed);
            TimeSpan start = TimeSpan.FromSeconds(random.NextDouble() * 2);
            TimeSpan end = start + TimeSpan.FromSeconds(0.2 + random.NextDouble() * 3);
            PieceList body;
            try
            {
                body = ClipFile.Create(tracks, start, end);
            }
            catch (Mp4WritingException exception)
            {
                Assert.Equal(Mp4WritingError.NoSamples, exception.Error);
                continue;
            }

            clips++;
            byte[] clip = Pieces.Join(body, file);
            Assert.Equal(body.Length, clip.Length);
            Edit[] edits = HideEdits(clip);
            Movie movie = Mp4Files.Parse(clip);
            Assert.Empty(movie.Warnings);
            Timeline whole = Timeline.Create(tracks);
            foreach ((Track track, Edit edit) in movie.Tracks.Zip(edits))
            {
                TimelineTrack line = whole.Tracks.Single(line => line.Source.Kind == track.Kind);
                TimelineTrack reference = whole.Reference;
                double scale = line.Timescale;
                double origin = (double)whole.Origin * line.Timescale / reference.Timescale;
                (double from, double to) = ((start.TotalSeconds * scale) - origin, (end.TotalSeconds * scale) - origin);
                Check(reference.Timescale, track, edit, clip, line, file, from, to);
            }
        }

        Assert.True(clips > Films / 3, $"{clips} clips");
    }

    [Fact]
    public void A_clip_of_everything_plays_like_the_film()
    {
        for (int seed = 0; seed < Films; seed++)
        {
            byte[] file = new RandomFilm(seed).Build();
            Track[] tracks = Pieces.TracksOf(Mp4Files.Parse(file));
            byte[] clip = Pieces.Join(ClipFile.Create(tracks), file);
            HideEdits(clip);
            Movie movie = Mp4Files.Parse(clip);
            Assert.Equal(tracks.Length, movie.Tracks.Length);
            foreach ((Track expected, Track actual) in tracks.Zip(movie.Tracks))
            {
                Assert.Equal(expected.Samples.Select(sample => Bytes(file, sample)), actual.Samples.Select(sample => Bytes(clip, sample)));
            }
        }
    }

    [Fact]
    public void A_clip_without_samples_is_refused()
    {
        Track[] tracks = Pieces.TracksOf(Mp4Files.Parse(new RandomFilm(1).Build()));
        Mp4WritingException exception =
            Assert.Throws<Mp4WritingException>(() => ClipFile.Create(tracks, TimeSpan.FromHours(1), TimeSpan.FromHours(2)));
        Assert.Equal(Mp4WritingError.NoSamples, exception.Error);
    }

    [Fact]
    public void A_clip_whose_tables_are_too_large_is_refused()
    {
        Track[] tracks = Pieces.TracksOf(Mp4Files.Parse(new RandomFilm(1).Build()));
        Mp4WritingException exception =
            Assert.Throws<Mp4WritingException>(() => ClipFile.Create(tracks, limits: new WritingLimits { MovieBytes = 900 }));
        Assert.Equal(Mp4WritingError.LimitExceeded, exception.Error);
    }

    /// <summary>
    /// All that is presented in the piece is there, at its time; the edit list begins with the start or with what is shown first.
    /// </summary>
    private static void Check(
        uint referenceTimescale, Track track, Edit edit, byte[] clip, TimelineTrack line, byte[] file, double start, double end)
    {
        // what is rounded: the origin to a tick of the reference track, the pause to one of the movie
        double rounding = 2 + (track.Timescale / (double)referenceTimescale) + (2 * track.Timescale / edit.Scale);
        Track source = line.Source;
        List<Sample> here = [.. track.Samples];
        List<Sample> all = [.. source.Samples];
        List<string> read = [.. here.Select(sample => Bytes(clip, sample))];
        List<string> bytes = [.. all.Select(sample => Bytes(file, sample))];
        int first = Enumerable.Range(0, all.Count).First(i => bytes.Skip(i).Take(read.Count).SequenceEqual(read));
        Assert.True(source.Kind == TrackKind.Audio || all[first].IsSync, "the clip does not begin with a sync sample");
        for (int i = 0; i < here.Count; i++)
        {
            Assert.Equal(all[first + i].DecodeTime - all[first].DecodeTime, here[i].DecodeTime);
            Assert.Equal(all[first + i].PresentationTime - all[first].DecodeTime, here[i].PresentationTime);
        }

        for (int i = 0; i < all.Count; i++)
        {
            long time = all[i].PresentationTime;
            if (time >= start + rounding && time < end - rounding && time >= source.PresentationStart)
            {
                Assert.InRange(i, first, first + here.Count - 1);
            }
        }

        double begins = edit.MediaTime + all[first].DecodeTime; // what the edit shows first
        double pause = edit.Pause * track.Timescale / edit.Scale;
        Assert.InRange(begins - pause, start - rounding, start + rounding);
        bool isShown = pause == 0 || here.Exists(sample => sample.PresentationTime == edit.MediaTime);
        Assert.True(isShown, $"nothing is shown after {pause} ticks");
        double ends = begins + (edit.Duration * track.Timescale / edit.Scale);
        Assert.True(ends <= end + rounding, $"the edit ends at {ends}, after {end}");
        double last = here.Max(sample => sample.PresentationTime) + all[first].DecodeTime;
        // pictures in between may be later
        Assert.True(source.Kind == TrackKind.Video || last < end + rounding, $"the last sound is at {last}");
    }

    private readonly record struct Edit(double Pause, double Duration, long MediaTime, double Scale);

    /// <summary>Reads the edit lists, and gives their boxes another name.</summary>
    private static Edit[] HideEdits(byte[] clip)
    {
        BoxHeader moov = Mp4Files.FindTop(clip, "moov");
        double scale = BinaryPrimitives.ReadUInt32BigEndian(clip.AsSpan((int)moov.BodyOffset + 8 + 12));
        List<Edit> edits = [];
        for (int at = (int)moov.Offset; clip.AsSpan(at, (int)moov.End - at).IndexOf("edts"u8) is >= 0 and int next; at += next + 4)
        {
            "free"u8.CopyTo(clip.AsSpan(at + next));
            Span<byte> list = clip.AsSpan(at + next + 16); // behind the type, the header of elst, version and flags
            int count = BinaryPrimitives.ReadInt32BigEndian(list);
            Span<byte> last = list[(4 + ((count - 1) * 20))..];
            edits.Add(new Edit(
                count == 1 ? 0 : BinaryPrimitives.ReadInt64BigEndian(list[4..]), BinaryPrimitives.ReadInt64BigEndian(last),
                BinaryPrimitives.ReadInt64BigEndian(last[8..]), scale));
        }

        return [.. edits];
    }

    private static string Bytes(byte[] file, Sample sample) => Convert.ToHexString(file.AsSpan((int)sample.Offset, (int)sample.Size));
}
