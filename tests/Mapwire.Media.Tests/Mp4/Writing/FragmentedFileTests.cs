using Mapwire.Media.Mp4.Writing;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4.Writing;

/// <summary>Films that become one fragmented MP4.</summary>
public sealed class FragmentedFileTests
{
    [Fact]
    public void Times_of_the_second_film_go_on_where_the_first_ends()
    {
        byte[][] films =
        [
            new Mp4Builder { Sizes = [10, 20, 30] }.Build(), new Mp4Builder { Sizes = [40, 50] }.Build(),
            new Mp4Builder { Sizes = [60] }.Build(),
        ];
        FragmentedFile joined = new([.. films.Select(Cut)]);
        Assert.Equal(4, joined.Count);
        Assert.Equal([0, 0, 1, 2], Enumerable.Range(0, joined.Count).Select(joined.RenditionOf));
        byte[] stream = Join(joined, films);
        Assert.Equal(joined.Length, stream.Length);
        Assert.Equal(2, joined.IndexAt(joined.GetOffset(2)));
        Track track = Mp4Files.Parse(stream).Tracks[0];
        Assert.Equal([0, 40, 80, 120, 160, 200], track.Samples.Select(static sample => sample.DecodeTime));
        Assert.Equal([10u, 20u, 30u, 40u, 50u, 60u], track.Samples.Select(static sample => sample.Size));
        int film = 0;
        Assert.All(track.Samples, sample =>
        {
            byte[] payload = stream[(int)sample.Offset..(int)(sample.Offset + sample.Size)];
            film = payload.Length is 40 or 60 ? film + 1 : film;
            Assert.True(films[film].AsSpan().IndexOf(payload) >= 0);
        });
    }

    [Fact]
    public void Pictures_that_are_presented_late_are_not_decoded_before_those_of_the_film_before()
    {
        byte[] plain = new Mp4Builder { Sizes = [10, 20] }.Build();
        byte[] late = new Mp4Builder { Sizes = [10, 20] }.Build(static moov => moov["trak/mdia/minf/stbl"].Set(
            new EditableBox("ctts", Bytes(0, 1, 2, 100))));
        FragmentedFile joined = new([Cut(plain), Cut(late), Cut(plain)]);
        Track track = Mp4Files.Parse(Join(joined, [plain, late, plain])).Tracks[0];
        long[] decode = [.. track.Samples.Select(static sample => sample.DecodeTime)];
        long[] shown = [.. track.Samples.Select(static sample => sample.DecodeTime + sample.CompositionOffset)];
        Assert.Equal([0, 40, 80, 120], decode[..4]); // as early as the film before lets it
        Assert.Equal([0, 40, 180, 220], shown[..4]);
        Assert.Equal([260, 300], shown[4..]); // where the pictures before it end
    }

    [Fact]
    public void Films_that_one_init_segment_does_not_fit_are_refused_with_the_difference()
    {
        byte[] film = new Mp4Builder().Build();
        byte[] record = [.. Mp4Builder.AvcRecord];
        record[3] = 0x1E;
        byte[] other = new Mp4Builder().Build(moov => moov["trak/mdia/minf/stbl"].Set(new EditableBox("stsd", Bytes(0, 1, Box("avc1",
            Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50], Box("avcC", record)))))));
        Mp4WritingException refused = Assert.Throws<Mp4WritingException>(() => new FragmentedFile([Cut(film), Cut(film), Cut(other)]));
        Assert.Equal(Mp4WritingError.DifferentFilms, refused.Error);
        Assert.Contains("film 3 has another sample description of video", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_film_that_begins_again_goes_on_in_times_and_numbers_and_tells_no_duration()
    {
        byte[][] films = [new Mp4Builder { Sizes = [10, 20, 30] }.Build(), new Mp4Builder { Sizes = [40, 50] }.Build()];
        FragmentedFile joined = new([.. films.Select(Cut)]);
        Assert.Equal(TimeSpan.FromMilliseconds(200), joined.LoopDuration);
        (TimeSpan Time, int Rendition, PieceList Pieces)[] parts = [.. joined.Loop().Take(7)];
        Assert.Equal([0, 0, 120, 200, 320, 400, 520], parts.Select(static part => part.Time.TotalMilliseconds));
        Assert.Equal([0, 0, 1, 0, 1, 0, 1], parts.Select(static part => part.Rendition));
        byte[] stream = Join(parts, films);
        Assert.Equal(Enumerable.Range(1, 6).Select(static number => (uint)number), NumbersOf(stream));
        Assert.True(stream.AsSpan().IndexOf("mehd"u8) < 0);
        Track track = Mp4Files.Parse(stream).Tracks[0];
        Assert.Equal(Enumerable.Range(0, 15).Select(static i => 40L * i), track.Samples.Select(static sample => sample.DecodeTime));
        uint[] sizes = [10, 20, 30, 40, 50];
        Assert.Equal([.. sizes, .. sizes, .. sizes], track.Samples.Select(static sample => sample.Size));
    }

    [Fact]
    public void A_film_whose_pictures_are_presented_late_begins_again_as_late_behind_its_end()
    {
        byte[] late = new Mp4Builder { Sizes = [10, 20] }.Build(static moov => moov["trak/mdia/minf/stbl"].Set(
            new EditableBox("ctts", Bytes(0, 1, 2, 100))));
        FragmentedFile one = new(Cut(late));
        Track track = Mp4Files.Parse(Join([.. one.Loop().Take(4)], [late])).Tracks[0];
        Assert.Equal([0, 40, 180, 220, 360, 400], track.Samples.Select(static sample => sample.DecodeTime));
    }

    /// <summary>
    /// Sound with 23 ms of run-up before the pictures' first 80 ms: what a file of ffmpeg's is. The round is as long as its sound is
    /// decoded, and the last picture is shown until the next.
    /// </summary>
    [Fact]
    public void A_round_lasts_as_long_as_its_sound_is_decoded_and_its_last_picture_is_told_until_the_next_one()
    {
        RandomFilm film = Enumerable.Range(0, 100).Select(static seed => new RandomFilm(seed))
            .First(static film => film is { VideoTimescale: 12800, AudioTimescale: 44100 });
        film.Video.Clear();
        film.Audio.Clear();
        int step = (int)film.VideoTimescale / 25;
        int packet = (int)film.AudioTimescale / 40;
        film.Video.AddRange(Enumerable.Range(0, 25).Select(i => new RandomFilm.Sample(step, 0, 10, i == 0, false)));
        film.Audio.AddRange(Enumerable.Range(0, 41).Select(_ => new RandomFilm.Sample(packet, 0, 5, true, false)));
        byte[] file = film.Build();
        FragmentedFile looped = new(CutAll(file, TimeSpan.FromSeconds(6)));
        Assert.Equal(1025.0, looped.LoopDuration.TotalMilliseconds, 1.0); // 41 packets of 25 ms
        (long Track, long Start, long End, long Last)[] fragments =
            [.. FragmentsOf(Join([.. looped.Loop().Take(5)], [file])).Where(static one => one.Track == 1)];
        Assert.Equal(4, fragments.Length);
        for (int i = 1; i < fragments.Length; i++)
        {
            Assert.Equal(fragments[i].Start, fragments[i - 1].End);
            Assert.Equal(65.0, fragments[i - 1].Last * 1000.0 / film.VideoTimescale, 1.0);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pictures_have_no_hole_and_sound_stays_with_them_where_a_film_joins_another(bool hasEdits)
    {
        int heldLonger = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            RandomFilm film = new(seed) { HasEdits = hasEdits };
            byte[] file = film.Build();
            if (Pieces.TracksOf(Mp4Files.Parse(file)).FirstOrDefault()?.Kind != TrackKind.Video)
            {
                continue; // the edit list left none
            }

            Rendition rendition = CutAll(file, TimeSpan.FromSeconds(0.2 + (seed % 5)));
            FragmentedFile looped = new(rendition);
            byte[] rounds = Join([.. looped.Loop().Take(1 + (3 * rendition.Count))], [file]);
            CheckJoints(rounds, rendition, seed);
            FragmentedFile list = new([rendition, rendition, rendition]);
            byte[] joined = Join(list, [file, file, file]);
            Assert.Equal(list.Length, joined.Length);
            CheckJoints(joined, rendition, seed);
            heldLonger += FragmentsOf(joined).Any(one => one.Track == 1 && one.Last > film.VideoTimescale) ? 1 : 0;
        }

        Assert.True(heldLonger > 5, $"{heldLonger} films whose sound goes on behind their pictures");
    }

    /// <summary>A recording that has begun: it has no whole segment yet, wherever it stands in a list.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_film_without_a_whole_segment_is_passed_over(int place)
    {
        List<byte[]> films =
        [
            new Mp4Builder { Sizes = [10, 20, 30] }.Build(), new Mp4Builder { Sizes = [40, 50] }.Build(),
            new Mp4Builder { Sizes = [60] }.Build(),
        ];
        List<Rendition> renditions = [.. films.Select(Cut)];
        films.Insert(place, new Mp4Builder().Build());
        renditions.Insert(place, Cut(films[place], isGrowing: true));
        Assert.Equal(0, renditions[place].Count);
        FragmentedFile joined = new([.. renditions]);
        byte[] stream = Join(joined, [.. films]);
        Assert.Equal(joined.Length, stream.Length);
        Track track = Mp4Files.Parse(stream).Tracks[0];
        Assert.Equal([0, 40, 80, 120, 160, 200], track.Samples.Select(static sample => sample.DecodeTime));
        Assert.Equal([10u, 20u, 30u, 40u, 50u, 60u], track.Samples.Select(static sample => sample.Size));
    }

    private static Rendition Cut(byte[] film) => Cut(film, isGrowing: false);

    private static Rendition Cut(byte[] film, bool isGrowing) => SegmentPlan.Create(
        Timeline.Create(Mp4Files.Parse(film).Tracks), new SegmentOptions { IsGrowing = isGrowing }).CreateRendition(0);

    private static Rendition CutAll(byte[] film, TimeSpan target)
    {
        Timeline timeline = Timeline.Create(Pieces.TracksOf(Mp4Files.Parse(film)));
        return SegmentPlan.Create(timeline, new SegmentOptions { TargetDuration = target })
            .CreateRendition([.. Enumerable.Range(0, timeline.Tracks.Length)]);
    }

    /// <summary>Three rounds of one film: pictures follow each other without a hole, and all tracks of a round are moved alike.</summary>
    private static void CheckJoints(byte[] stream, Rendition rendition, int seed)
    {
        (long Track, long Start, long End, long Last)[] fragments = [.. FragmentsOf(stream)];
        (long Track, long Start, long End, long Last)[] pictures = [.. fragments.Where(static one => one.Track == 1)];
        for (int i = 1; i < pictures.Length; i++)
        {
            Assert.True(pictures[i].Start == pictures[i - 1].End, $"seed {seed}: {pictures[i - 1].End} and {pictures[i].Start}");
        }

        double[][] rounds = [.. rendition.Tracks.Select(track =>
        {
            long[] starts = [.. fragments.Where(one => one.Track == track.Id).Select(static one => one.Start)];
            int ofRound = starts.Length / 3;
            return (double[])[
                (double)(starts[ofRound] - starts[0]) / track.Timescale, (double)(starts[2 * ofRound] - starts[0]) / track.Timescale];
        })];
        double tick = rendition.Tracks.Max(static track => 1.0 / track.Timescale);
        Assert.All(rounds, times => Assert.True(
            Math.Abs(times[0] - rounds[0][0]) <= tick && Math.Abs(times[1] - rounds[0][1]) <= tick,
            $"seed {seed}: {times[0]} s and {rounds[0][0]} s"));
    }

    /// <summary>Of each fragment that has samples of a track: when the first is decoded, when the last one's time is over, and how long
    /// that is.</summary>
    private static IEnumerable<(long Track, long Start, long End, long Last)> FragmentsOf(byte[] stream)
    {
        foreach (EditableBox traf in EditableBox.Parse(stream).Where(static box => box.Type == "moof")
            .SelectMany(static moof => moof.Children!).Where(static box => box.Type == "traf"))
        {
            byte[] header = traf["tfhd"].Body;
            int flags = (int)Read(header, 0);
            long start = (long)((ulong)Read(traf["tfdt"].Body, 4) << 32 | Read(traf["tfdt"].Body, 8));
            long duration = (flags & 8) != 0 ? Read(header, 8 + ((flags & 2) != 0 ? 4 : 0)) : 0;
            long end = start;
            foreach (byte[] run in traf.Children!.Where(static box => box.Type == "trun").Select(static box => box.Body))
            {
                int ofRun = (int)Read(run, 0);
                int entry = 4 * int.PopCount(ofRun & 0xF00);
                for (int i = 0; i < Read(run, 4); i++)
                {
                    duration = (ofRun & 0x100) != 0 ? Read(run, 12 + ((ofRun & 4) != 0 ? 4 : 0) + (i * entry)) : duration;
                    end += duration;
                }
            }

            if (traf.Children!.Exists(static box => box.Type == "trun"))
            {
                yield return (Read(header, 4), start, end, duration);
            }
        }
    }

    private static uint Read(byte[] body, int at) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(at));

    private static byte[] Join(FragmentedFile joined, byte[][] films)
    {
        using MemoryStream stream = new();
        for (int part = 0; part < joined.Count; part++)
        {
            Assert.Equal(joined.GetOffset(part), stream.Length);
            foreach (Piece piece in joined.CreatePart(part))
            {
                stream.Write(piece.IsFileRange
                    ? films[joined.RenditionOf(part)].AsSpan((int)piece.Offset, (int)piece.Length) : piece.Bytes.Span);
            }
        }

        return stream.ToArray();
    }

    private static byte[] Join((TimeSpan Time, int Rendition, PieceList Pieces)[] parts, byte[][] films)
    {
        using MemoryStream stream = new();
        foreach ((_, int film, PieceList pieces) in parts)
        {
            foreach (Piece piece in pieces)
            {
                stream.Write(piece.IsFileRange ? films[film].AsSpan((int)piece.Offset, (int)piece.Length) : piece.Bytes.Span);
            }
        }

        return stream.ToArray();
    }

    /// <summary>The sequence numbers of all fragments.</summary>
    private static IEnumerable<uint> NumbersOf(byte[] stream)
    {
        for (int at = 0; stream.AsSpan(at).IndexOf("mfhd"u8) is var found and >= 0; at += found + 4)
        {
            yield return System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(stream.AsSpan(at + found + 8));
        }
    }

    private static byte[] Box(string type, byte[] body) => new EditableBox(type, body).Write();
}
