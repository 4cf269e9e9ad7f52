using Mapwire.Media.Mp4.Writing;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Mp4.Writing;

/// <summary>Films of any shape, cut into segments and read again by the house's own reader.</summary>
public sealed class SegmentPropertyTests
{
    private const int Films = 400;

    private readonly record struct Read(long DecodeTime, long PresentationTime, string Bytes, bool IsSync);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_sample_is_in_one_segment_with_its_bytes_and_times(bool hasEdits)
    {
        int contiguous = 0;
        int gathered = 0;
        for (int seed = 0; seed < Films; seed++)
        {
            byte[] file = new RandomFilm(seed) { HasEdits = hasEdits }.Build();
            Track[] tracks = Pieces.TracksOf(Mp4Files.Parse(file));
            if (tracks.Length == 0)
            {
                continue; // the edit list left nothing
            }

            Timeline timeline = Timeline.Create(tracks);
            SegmentPlan plan = SegmentPlan.Create(timeline, new SegmentOptions { TargetDuration = TimeSpan.FromSeconds(0.2 + seed % 5) });
            Rendition muxed = plan.CreateRendition([.. Enumerable.Range(0, timeline.Tracks.Length)]);
            CheckTimes(timeline);
            CheckRead(muxed, file, seed);
            CheckSyncPictures(muxed, file);
            _ = muxed.IsContiguous ? contiguous++ : gathered++;
            for (int i = 0; i < timeline.Tracks.Length; i++)
            {
                Rendition alone = plan.CreateRendition(i);
                Assert.False(alone.IsContiguous);
                CheckRead(alone, file, seed);
            }

            FragmentedFile whole = new(muxed);
            byte[] stream = Pieces.Join(whole, file);
            Assert.Equal(whole.Length, stream.Length);
            Assert.Equal(Expected(timeline, file), ReadBack(stream));
        }

        Assert.True(gathered > Films / 4, $"{gathered} gathered");
        Assert.True(hasEdits || contiguous > Films / 20, $"{contiguous} contiguous");
    }

    [Fact]
    public void A_piece_begins_with_its_sync_sample_and_hides_what_is_before_its_start()
    {
        for (int seed = 0; seed < Films; seed++)
        {
            byte[] file = new RandomFilm(seed).Build();
            Track[] tracks = Pieces.TracksOf(Mp4Files.Parse(file));
            Random random = new(seed);
            TimeSpan start = TimeSpan.FromSeconds(random.NextDouble() * 3);
            TimeSpan end = start + TimeSpan.FromSeconds(0.05 + random.NextDouble() * 3);
            Timeline timeline;
            try
            {
                timeline = Timeline.Create(tracks, start, end);
            }
            catch (Mp4WritingException exception)
            {
                Assert.Equal(Mp4WritingError.NoSamples, exception.Error);
                continue;
            }

            CheckTimes(timeline);
            TimelineTrack first = timeline.Reference;
            Assert.True(first.Source.Kind != TrackKind.Video || first.Source.Samples[first.First].IsSync);
            Rendition muxed = SegmentPlan.Create(timeline).CreateRendition([.. Enumerable.Range(0, timeline.Tracks.Length)]);
            Assert.Equal(Expected(timeline, file), ReadBack(Pieces.Join(new FragmentedFile(muxed), file)));
        }
    }

    [Fact]
    public void Segments_of_a_growing_film_stay_as_they_are()
    {
        for (int seed = 0; seed < Films; seed++)
        {
            byte[] file = new RandomFilm(seed).Build();
            Track[] tracks = Pieces.TracksOf(Mp4Files.Parse(file));
            Timeline timeline = Timeline.Create(tracks);
            SegmentOptions options = new() { TargetDuration = TimeSpan.FromSeconds(0.2 + seed % 3) };
            SegmentPlan whole = SegmentPlan.Create(timeline, options);
            SegmentPlan growing = SegmentPlan.Create(timeline, options with { IsGrowing = true });
            Assert.True(growing.Count < whole.Count);
            for (int i = 0; i < growing.Count; i++)
            {
                Assert.Equal(whole.GetStart(i + 1), growing.GetStart(i + 1));
                for (int track = 0; track < timeline.Tracks.Length; track++)
                {
                    Assert.Equal(
                        Pieces.Join(whole.CreateRendition(track).CreateSegment(i), file),
                        Pieces.Join(growing.CreateRendition(track).CreateSegment(i), file));
                }
            }
        }
    }

    [Fact]
    public void A_stream_of_a_growing_film_is_the_beginning_of_what_it_becomes()
    {
        int contiguous = 0;
        for (int seed = 0; seed < Films; seed++)
        {
            byte[] file = new RandomFilm(seed).Build();
            Timeline timeline = Timeline.Create(Pieces.TracksOf(Mp4Files.Parse(file)));
            SegmentOptions options = new() { TargetDuration = TimeSpan.FromSeconds(0.2 + seed % 3) };
            int[] all = [.. Enumerable.Range(0, timeline.Tracks.Length)];
            FragmentedFile growing = new(SegmentPlan.Create(timeline, options with { IsGrowing = true }).CreateRendition(all));
            FragmentedFile whole = new(SegmentPlan.Create(timeline, options with { IsGathered = true }).CreateRendition(all));
            contiguous += SegmentPlan.Create(timeline, options).CreateRendition(all).IsContiguous ? 1 : 0;
            for (int part = 1; part < growing.Count; part++)
            {
                Assert.Equal(whole.GetOffset(part), growing.GetOffset(part));
                Assert.Equal(Pieces.Join(whole.CreatePart(part), file), Pieces.Join(growing.CreatePart(part), file));
            }
        }

        Assert.True(contiguous > Films / 20, $"{contiguous} of the films would be contiguous");
    }

    /// <summary>Sound of 23 and 24 ms in turn: how long the last packet lasts is a guess until there is another.</summary>
    [Fact]
    public void A_segment_of_a_growing_film_keeps_its_bytes_when_samples_are_added()
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        List<int> ends = [];
        int sounds = 0;
        for (int picture = 0; picture < 60; picture++)
        {
            builder.Picture(picture * 100, isKey: picture % 5 == 0);
            ends.Add(builder.Length);
            for (; sounds * 47 / 2 < picture * 100; sounds++)
            {
                builder.Sound(sounds * 47 / 2);
                ends.Add(builder.Length);
            }
        }

        byte[] film = builder.Build();
        List<string> known = [];
        foreach (int end in ends.Skip(20))
        {
            Track[] tracks = Pieces.TracksOf(MovieFiles.Parse(film[..end]));
            Rendition muxed = SegmentPlan.Create(
                Timeline.Create(tracks), new SegmentOptions { TargetDuration = TimeSpan.FromSeconds(0.5), IsGrowing = true })
                .CreateRendition(0, 1);
            for (int i = 0; i < muxed.Count; i++)
            {
                string now = Convert.ToHexString(Pieces.Join(muxed.CreateSegment(i), film));
                if (i == known.Count)
                {
                    known.Add(now);
                }

                Assert.Equal(known[i], now);
            }
        }

        Assert.True(known.Count > 5, $"{known.Count} segments");
    }

    [Fact]
    public void Segments_cut_at_every_byte_have_the_bytes_of_the_whole()
    {
        byte[] file = new RandomFilm(11).Build();
        Timeline timeline = Timeline.Create(Pieces.TracksOf(Mp4Files.Parse(file)));
        PieceList body = SegmentPlan.Create(timeline).CreateRendition([.. Enumerable.Range(0, timeline.Tracks.Length)]).CreateSegment(0);
        byte[] whole = Pieces.Join(body, file);
        for (int at = 0; at <= whole.Length; at++)
        {
            Assert.Equal(whole[..at], Pieces.Join(body.Slice(0, at), file));
            Assert.Equal(whole[at..], Pieces.Join(body.Slice(at, whole.Length), file));
        }
    }

    private static void CheckTimes(Timeline timeline)
    {
        long earliest = long.MaxValue;
        foreach (TimelineTrack track in timeline.Tracks)
        {
            long before = 0;
            foreach (TimedSample sample in All(track))
            {
                Assert.True(sample.DecodeTime >= before, "decode times go back");
                Assert.True(sample.CompositionOffset >= 0, "a picture is presented before it is decoded");
                before = sample.DecodeTime;
                earliest = Math.Min(earliest, sample.DecodeTime);
            }
        }

        Assert.Equal(0, earliest);
    }

    /// <summary>The answers of a rendition, period by period, hold what the timeline does.</summary>
    private static void CheckRead(Rendition rendition, byte[] file, int seed)
    {
        long length = rendition.CreateInit().Length;
        for (int i = 0; i < rendition.Count; i++)
        {
            PieceList segment = rendition.CreateSegment(i);
            Assert.Equal(segment.Length, rendition.GetLength(i));
            Assert.True(!rendition.IsContiguous || segment.Count <= 2, $"film {seed}: a contiguous segment has {segment.Count} pieces");
            Assert.True(rendition.GetStart(i) <= rendition.GetStart(i + 1));
            length += segment.Length;
        }

        byte[] joined = Pieces.JoinPeriod(rendition, file);
        Assert.Equal(length, joined.Length);
        List<Read>[] expected = Expected(rendition.Tracks, file);
        long first = rendition.Tracks.Length == 1 ? expected[0][0].DecodeTime : 0; // the reader lets a recording begin at 0
        Assert.Equal(
            expected.Select(track => track.Select(read => read with
            {
                DecodeTime = read.DecodeTime - first,
                PresentationTime = read.PresentationTime - first,
            })),
            ReadBack(joined));
    }

    private static void CheckSyncPictures(Rendition rendition, byte[] file)
    {
        for (int i = 0; i < rendition.Count; i++)
        {
            byte[] segment = Pieces.Join(rendition.CreateSegment(i), file);
            foreach (SyncPicture picture in rendition.GetSyncPictures(i))
            {
                Sample sample = rendition.Tracks[0].Source.Samples[picture.Index];
                Assert.True(sample.IsSync);
                Assert.Equal(file.AsSpan((int)sample.Offset, (int)sample.Size), segment.AsSpan((int)picture.Offset, (int)picture.Length));
                byte[] alone = [.. rendition.CreateInit().Span, .. Pieces.Join(rendition.CreatePicture(picture, 40), file)];
                Track track = Mp4Files.Parse(alone).Tracks[0];
                Assert.Equal(1, track.Samples.Count);
                Assert.Equal(picture.Length, track.Samples[0].Size);
            }
        }
    }

    private static IEnumerable<TimedSample> All(TimelineTrack track)
    {
        TimelineTrack.Enumerator samples = track.From(0);
        while (samples.MoveNext())
        {
            yield return samples.Current;
        }
    }

    private static List<Read>[] Expected(Timeline timeline, byte[] file) => Expected(timeline.Tracks, file);

    private static List<Read>[] Expected(IEnumerable<TimelineTrack> tracks, byte[] file)
    {
        List<List<Read>> all = [];
        foreach (TimelineTrack track in tracks)
        {
            List<Read> samples = [];
            foreach (TimedSample sample in All(track))
            {
                samples.Add(new Read(sample.DecodeTime, sample.PresentationTime,
                    Convert.ToHexString(file.AsSpan((int)sample.Offset, (int)sample.Size)), sample.IsSync));
            }

            all.Add(samples);
        }

        return [.. all];
    }

    /// <summary>What the reader makes of it; it takes the earliest decode time off all of them, which is 0 for a whole film.</summary>
    private static List<Read>[] ReadBack(byte[] joined)
    {
        Movie movie = Mp4Files.Parse(joined);
        Assert.Empty(movie.Warnings);
        List<List<Read>> all = [];
        foreach (Track track in movie.Tracks)
        {
            Assert.NotNull(track.Codec);
            List<Read> samples = [];
            foreach (Sample sample in track.Samples)
            {
                samples.Add(new Read(sample.DecodeTime, sample.PresentationTime,
                    Convert.ToHexString(joined.AsSpan((int)sample.Offset, (int)sample.Size)), sample.IsSync));
            }

            all.Add(samples);
        }

        return [.. all];
    }
}
