using Mapwire.Media.Codecs;
using Mapwire.Media.Mp4;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4.Writing;

public sealed class RenditionTests
{
    private const string Stbl = "trak/mdia/minf/stbl";

    /// <summary>
    /// Bytes put together by hand from ISO/IEC 14496-12, 8.8: four pictures of 40 ms at 1,000 ticks a second in one chunk at offset 28.
    /// </summary>
    [Fact]
    public void A_small_film_has_the_segment_of_the_standard()
    {
        byte[] file = new Mp4Builder().Build();
        Rendition rendition = SegmentPlan.Create(Timeline.Create(Mp4Files.Parse(file).Tracks)).CreateRendition(0);
        PieceList segment = rendition.CreateSegment(0);
        byte[] trun = Box("trun", Bytes(0x01000205, 4, 124, 0x02000000, 100, 20, 30, 40));
        byte[] traf = Box("traf", [.. Box("tfhd", Bytes(0x00020028, 1, 40, 0x01010000)), .. Box("tfdt", Bytes(0x01000000, 0L)), .. trun]);
        byte[] moof = Box("moof", [.. Box("mfhd", Bytes(0, 1)), .. traf]);
        Assert.Equal(124, moof.Length + 8);
        Assert.Equal([.. Box("styp", Bytes("msdh", 0, "msdh", "iso6")), .. moof, .. Bytes(8 + 190, "mdat")], segment[0].Bytes.ToArray());
        Assert.Equal([new Piece(28, 190)], segment.Skip(1));
    }

    [Fact]
    public void A_small_film_has_the_init_segment_of_the_standard()
    {
        byte[] file = new Mp4Builder().Build();
        Rendition rendition = SegmentPlan.Create(Timeline.Create(Mp4Files.Parse(file).Tracks)).CreateRendition(0);
        byte[] matrix = Bytes(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
        byte[] mvhd = Box("mvhd", Bytes(0, 0L, 1000, 0, 0x10000, (short)0x100, new byte[10], matrix, new byte[24], 2));
        byte[] tkhd = Box("tkhd", Bytes(3, 0L, 1, 0, 0, 0L, 0L, new byte[36], 160 << 16, 120 << 16)); // the matrix is the file's
        byte[] mdhd = Box("mdhd", Bytes(0, 0L, 1000, 0, (short)0x55C4, (short)0));
        byte[] hdlr = Box("hdlr", Bytes(0, 0, "vide", new byte[13]));
        byte[] dinf = Box("dinf", Box("dref", Bytes(0, 1, Box("url ", Bytes(1)))));
        byte[] entry = Box("avc1", Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50],
            Box("avcC", Mp4Builder.AvcRecord)));
        byte[] stbl = Box("stbl", [.. Box("stsd", Bytes(0, 1, entry)), .. Box("stts", Bytes(0L)), .. Box("stsc", Bytes(0L)),
            .. Box("stsz", Bytes(0L, 0)), .. Box("stco", Bytes(0L))]);
        byte[] minf = Box("minf", [.. Box("vmhd", Bytes(1, 0L)), .. dinf, .. stbl]);
        byte[] trak = Box("trak", [.. tkhd, .. Box("mdia", [.. mdhd, .. hdlr, .. minf])]);
        byte[] mvex = Box("mvex", Box("trex", Bytes(0, 1, 1, 0, 0, 0)));
        Assert.Equal(
            Convert.ToHexString([.. Box("ftyp", Bytes("iso6", 0, "iso6", "dash", "mp41")), .. Box("moov", [.. mvhd, .. trak, .. mvex])]),
            Convert.ToHexString(rendition.CreateInit().Span));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public void Sound_behind_the_last_picture_is_cut_too(int pictures)
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        for (int i = 0; i < 601; i++)
        {
            if (i < pictures)
            {
                builder.Picture(i * 100, isKey: i % 10 == 0);
            }

            builder.Sound(i * 100);
        }

        byte[] file = builder.Build();
        SegmentPlan plan = SegmentPlan.Create(Timeline.Create(Pieces.TracksOf(MovieFiles.Parse(file))));
        Assert.Equal([0, 6000, 12000, 18000, 24000, 30000, 36000, 42000, 48000, 54000],
            Enumerable.Range(0, plan.Count).Select(plan.GetStart));
        Rendition muxed = plan.CreateRendition(0, 1);
        Movie read = MovieFiles.Parse(Pieces.JoinPeriod(muxed, file));
        Assert.Equal([pictures, 601], read.Tracks.Select(static track => (int)track.SampleCount));
        Assert.Equal(9, Enumerable.Range(0, plan.Count).Count(plan.CreateRendition(0).IsEmpty));
    }

    [Fact]
    public void A_film_whose_description_changes_with_every_picture_is_refused()
    {
        const int Pictures = 3000;
        byte[] other = [.. Mp4Builder.AvcRecord];
        other[3] = 0x1E;
        byte[] file = new Mp4Builder { Sizes = [.. Enumerable.Repeat(1u, Pictures)] }.Build(moov =>
        {
            moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 2, Entry(Mp4Builder.AvcRecord), Entry(other))));
            moov[Stbl].Set(new EditableBox("stsc", Bytes(
                0, Pictures, Bytes([.. Enumerable.Range(1, Pictures).SelectMany(static i => new object[] { i, 1, 1 + i % 2 })]))));
            moov[Stbl].Set(new EditableBox("stco", Bytes(
                0, Pictures, Bytes([.. Enumerable.Range(28, Pictures).Select(static offset => (object)offset)]))));
        });
        Mp4WritingException exception = Assert.Throws<Mp4WritingException>(
            () => SegmentPlan.Create(Timeline.Create(Mp4Files.Parse(file).Tracks)));
        Assert.Equal(Mp4WritingError.LimitExceeded, exception.Error);
        Assert.Contains("sample descriptions change more than 1024 times", exception.Message, StringComparison.Ordinal);

        byte[] Entry(byte[] record) => Box("avc1", Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50],
            Box("avcC", record)));
    }

    /// <summary>Key pictures that are presented one before the other, all decoded at once.</summary>
    [Fact]
    public void Pictures_whose_times_go_back_are_in_no_segment_without_a_duration()
    {
        const int Pictures = 1000;
        byte[] file = new Mp4Builder { Sizes = [.. Enumerable.Repeat(1u, Pictures)], Delta = 0 }.Build(moov =>
        {
            moov[Stbl].Remove("stss");
            moov[Stbl].Set(new EditableBox("ctts", Bytes(
                0, Pictures, Bytes([.. Enumerable.Range(0, Pictures).SelectMany(static i => new object[] { 1, 2 * (Pictures - i) })]))));
        });
        SegmentPlan plan = SegmentPlan.Create(Timeline.Create(Mp4Files.Parse(file).Tracks));
        Assert.Equal(1, plan.Count);
    }

    [Fact]
    public void Many_short_segments_have_the_rate_of_all()
    {
        byte[] file = new Mp4Builder { Sizes = [.. Enumerable.Repeat(100u, 6000)], Delta = 1 }.Build(
            static moov => moov[Stbl].Remove("stss"));
        SegmentPlan plan = SegmentPlan.Create(Timeline.Create(Mp4Files.Parse(file).Tracks), new SegmentOptions
        {
            Cuts = [.. Enumerable.Range(1, 5999).Select(static index => (long)index)],
        });
        Assert.Equal(6000, plan.Count);
        RenditionAttributes attributes = RenditionAttributes.From(plan.CreateRendition(0));
        Assert.Equal(attributes.AverageBandwidth, attributes.Bandwidth);
    }

    /// <summary>Chromium refuses a <c>moof</c> without a <c>traf</c>, and the sound with it.</summary>
    [Fact]
    public void A_segment_without_a_sample_names_its_track_and_its_time()
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        for (int time = 0; time < 4000; time += 100)
        {
            builder.Picture(time, isKey: time % 1000 == 0);
            if (time >= 2000)
            {
                builder.Sound(time);
            }
        }

        byte[] file = builder.Build();
        Rendition sound = SegmentPlan.Create(
            Timeline.Create(Pieces.TracksOf(MovieFiles.Parse(file))), new SegmentOptions { TargetDuration = TimeSpan.FromSeconds(1) })
            .CreateRendition(1);
        Assert.Equal([true, true, false, false], Enumerable.Range(0, sound.Count).Select(sound.IsEmpty));
        PieceList segment = sound.CreateSegment(1);
        Assert.Equal(sound.GetLength(1), segment.Length);
        byte[] traf = Box("traf", [.. Box("tfhd", Bytes(0x00020038, 2, 0, 0, 0x01010000)), .. Box("tfdt", Bytes(0x01000000, 1000L))]);
        byte[] moof = Box("moof", [.. Box("mfhd", Bytes(0, 2)), .. traf]);
        Assert.Equal(
            Convert.ToHexString([.. Box("styp", Bytes("msdh", 0, "msdh", "iso6")), .. moof, .. Bytes(8, "mdat")]),
            Convert.ToHexString(Pieces.Join(segment, file)));
        FragmentedFile whole = new(sound);
        Assert.Equal(whole.Length, Pieces.Join(whole, file).Length);
    }

    [Fact]
    public void Sync_samples_cut_nearest_to_the_target_duration()
    {
        // Sync samples at 0, 2, 4, 7, 8, 13, 14, 30 and 31 s; target 6 s.
        int[] sync = [0, 2, 4, 7, 8, 13, 14, 30, 31];
        byte[] file = new Mp4Builder { Sizes = [.. Enumerable.Repeat(5u, 40)], Delta = 1000 }.Build(moov =>
            moov[Stbl].Set(new EditableBox("stss", Bytes(0, sync.Length, Bytes([.. sync.Select(second => (object)(second + 1))])))));
        SegmentPlan plan = SegmentPlan.Create(Timeline.Create(Mp4Files.Parse(file).Tracks));
        Assert.Equal([0, 7000, 13000, 14000, 30000, 40000], Enumerable.Range(0, plan.Count + 1).Select(plan.GetStart));
        Assert.Equal(TimeSpan.FromSeconds(16), plan.MaxDuration);
        Assert.Equal([0, 0, 1, 2, 3, 4], new long[] { -5, 6999, 7000, 13000, 29999, 99999 }.Select(plan.IndexAt));
    }

    [Fact]
    public void A_changed_description_begins_a_period()
    {
        byte[] other = [.. Mp4Builder.AvcRecord];
        other[3] = 0x1E;
        byte[] file = new Mp4Builder { Sizes = [10, 10, 10, 10, 10, 10], Delta = 1000 }.Build(moov =>
        {
            moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 3, Entry(Mp4Builder.AvcRecord), Entry(other), Entry(Mp4Builder.AvcRecord))));
            moov[Stbl].Set(new EditableBox("stss", Bytes(0, 2, 1, 5)));
            moov[Stbl].Set(new EditableBox("stsc", Bytes(0, 3, 1, 2, 1, 2, 2, 2, 3, 2, 3)));
            moov[Stbl].Set(new EditableBox("stco", Bytes(0, 3, 28, 48, 68)));
        });
        SegmentPlan plan = SegmentPlan.Create(
            Timeline.Create(Mp4Files.Parse(file).Tracks), new SegmentOptions { TargetDuration = TimeSpan.FromHours(1) });
        Assert.Equal([0, 1, 2], Enumerable.Range(0, plan.Count).Select(plan.GetPeriod));
        Assert.Equal([false, true, true], Enumerable.Range(0, plan.Count).Select(plan.IsDiscontinuity));
        Rendition rendition = plan.CreateRendition(0);
        Assert.Equal(rendition.CreateInit(0).ToArray(), rendition.CreateInit(2).ToArray());
        Assert.NotEqual(rendition.CreateInit(0).ToArray(), rendition.CreateInit(1).ToArray());
        Assert.Equal("avc1.42c00b,avc1.42c01e", RenditionAttributes.From(rendition).Codecs);

        // One stream of all names them in its fragments.
        FragmentedFile whole = new(rendition);
        byte[] stream = Pieces.Join(whole, file);
        Assert.Equal(whole.Length, stream.Length);
        Track track = Mp4Files.Parse(stream).Tracks[0];
        Assert.Equal(2, track.Codecs.Length);
        Assert.Equal([0, 0, 1, 1, 0, 0], track.Samples.Select(static sample => sample.Description));

        byte[] Entry(byte[] record) => Box("avc1", Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50],
            Box("avcC", record)));
    }

    [Fact]
    public void A_changed_sound_is_cut_where_it_changes_and_the_pictures_at_the_nearest_sync_sample()
    {
        byte[] file = SpliceSound(2150);
        Timeline timeline = Timeline.Create(Pieces.TracksOf(MovieFiles.Parse(file)));
        SegmentPlan plan = SegmentPlan.Create(timeline, new SegmentOptions { TargetDuration = TimeSpan.FromSeconds(1) });
        Assert.Equal([0, 0, 1, 1], Enumerable.Range(0, plan.Count).Select(plan.GetPeriod));
        Assert.Equal([0, 1000, 2000, 3000], Enumerable.Range(0, 4).Select(plan.GetStart));
        Rendition muxed = plan.CreateRendition(0, 1);
        Assert.Equal("avc1.42c00b,mp4a.40.2", RenditionAttributes.From(muxed).Codecs);
        Track first = MovieFiles.Parse(Pieces.JoinPeriod(muxed, file)).Tracks[1];
        Track second = MovieFiles.Parse(Pieces.JoinPeriod(muxed, file, 1)).Tracks[1];
        Assert.Equal(2100, first.Samples[first.Samples.Count - 1].DecodeTime);
        Assert.Equal((44_100, 48_000), (first.SampleRate, second.SampleRate));
        Assert.Equal(40, first.Samples.Count + second.Samples.Count);
    }

    [Fact]
    public void A_sound_that_changes_far_from_any_sync_sample_is_refused()
    {
        Timeline timeline = Timeline.Create(Pieces.TracksOf(MovieFiles.Parse(SpliceSound(2450))));
        Mp4WritingException exception = Assert.Throws<Mp4WritingException>(
            () => SegmentPlan.Create(timeline, new SegmentOptions { TargetDuration = TimeSpan.FromSeconds(0.3) }));
        Assert.Equal(Mp4WritingError.DescriptionInsideSegment, exception.Error);
        Assert.Contains("changes at 2.5 s", exception.Message);
        Assert.Equal(2, SegmentPlan.Create(Timeline.Create(timeline.Tracks.Skip(1).Select(static track => track.Source))).Periods);
    }

    /// <summary>Four seconds with a key frame each second and a sound ten times a second, whose configuration changes.</summary>
    private static byte[] SpliceSound(uint change)
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        for (int time = 0; time < 4000; time += 100)
        {
            if (time > change && time - 100 < change)
            {
                builder.Tag(8, change, "AF 00 1190");
            }

            builder.Picture(time, isKey: time % 1000 == 0).Sound(time);
        }

        return builder.Build();
    }

    [Theory]
    [InlineData("dac3", "-c:a ac3 -ac 6 -ar 48000", ".mp4")]
    [InlineData("dac3", "-c:a ac3 -ac 1 -ar 44100", ".mp4")]
    [InlineData("dec3", "-c:a eac3 -ac 2 -ar 48000", ".mov")]
    public void The_box_of_Dolby_sound_made_of_a_frame_is_the_one_of_an_MP4(string type, string arguments, string extension)
    {
        string path = Ffmpeg.Make($"w-{arguments.Replace(' ', '-')}{extension}", $"-f lavfi -i sine=440:r=48000:d=1 {arguments}");
        byte[] file = File.ReadAllBytes(path);
        Track track = Mp4Files.Parse(file).Tracks[0];
        Sample sample = track.Samples[0];
        DolbyConfiguration made = DolbyConfiguration.FromFrame(file.AsSpan((int)sample.Offset, (int)sample.Size), type == "dec3")!;
        int at = file.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(type));
        int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at - 4)) - 8;
        Assert.Equal(Convert.ToHexString(file.AsSpan(at + 4, length)), Convert.ToHexString(made.Box.AsSpan()));
        Assert.Equal((track.SampleRate, track.Channels), (made.SampleRate, made.Channels));
    }

    [Fact]
    public void A_segment_past_the_limit_is_refused_with_its_size()
    {
        byte[] file = new Mp4Builder().Build();
        SegmentPlan plan = SegmentPlan.Create(
            Timeline.Create(Mp4Files.Parse(file).Tracks), new SegmentOptions { Limits = new WritingLimits { SegmentBytes = 1000 } });
        Mp4WritingException exception = Assert.Throws<Mp4WritingException>(() => plan.CreateRendition(0));
        Assert.Equal(Mp4WritingError.LimitExceeded, exception.Error);
        Assert.Contains("segment 1 has ", exception.Message);
        plan = SegmentPlan.Create(
            Timeline.Create(Mp4Files.Parse(file).Tracks), new SegmentOptions { Limits = new WritingLimits { SegmentSamples = 3 } });
        Assert.Contains("more than 3 (SegmentSamples)", Assert.Throws<Mp4WritingException>(() => plan.CreateRendition(0)).Message);
        Assert.Contains("more than 0 segments", Assert.Throws<Mp4WritingException>(() => SegmentPlan.Create(
            Timeline.Create(Mp4Files.Parse(file).Tracks), new SegmentOptions { Limits = new WritingLimits { Segments = 0 } })).Message);
    }

    /// <summary>Three samples of 1.9 GiB each that no disk has to hold: the tables say so, and the file may be as long.</summary>
    [Fact]
    public void A_segment_past_31_bits_is_refused()
    {
        EditableBox moov = new Mp4Builder { Sizes = [2_000_000_000, 2_000_000_000, 2_000_000_000, 10] }.BuildMovie(28);
        Movie movie = MovieParser.Parse(moov.Write(), 0, 8L << 30);
        SegmentPlan plan = SegmentPlan.Create(Timeline.Create(movie.Tracks));
        Assert.Equal(Mp4WritingError.LimitExceeded, Assert.Throws<Mp4WritingException>(() => plan.CreateRendition(0)).Error);

        // A clip has 64 bits for them.
        PieceList clip = ClipFile.Create(movie.Tracks);
        Assert.True(clip.Length > 6_000_000_000);
        Assert.Equal([new Piece(28, 6_000_000_010)], clip.Skip(1));
        Assert.True(clip[0].Bytes.Span.IndexOf("co64"u8) > 0);
    }

    [Fact]
    public void Codecs_of_FLV_alone_are_refused()
    {
        byte[] file = new FlvBuilder().Tag(9, 0, "12 0000 84 0000").Tag(9, 40, "22 0000 84 0000").Build();
        Timeline timeline = Timeline.Create(MovieFiles.Parse(file).Tracks.Where(static track => track.Codec is not null));
        Mp4WritingException exception = Assert.Throws<Mp4WritingException>(() => SegmentPlan.Create(timeline));
        Assert.Equal(Mp4WritingError.CodecNotInMp4, exception.Error);
        Assert.Contains("Sorenson H.263", exception.Message);
    }

    [Fact]
    public void A_later_edit_that_needs_pictures_before_it_is_refused()
    {
        byte[] file = new Mp4Builder { Sizes = [10, 20, 30, 40] }.Build(
            moov => moov["trak"].Set(Mp4Builder.EditList((80, 0, 0x10000), (40, 120, 0x10000))));
        Mp4WritingException exception = Assert.Throws<Mp4WritingException>(() => Timeline.Create(Mp4Files.Parse(file).Tracks));
        Assert.Equal(Mp4WritingError.HiddenPictures, exception.Error);
        Assert.StartsWith("track 1: an edit begins behind pictures that it needs", exception.Message);

        // One that begins with a sync sample is not.
        file = new Mp4Builder { Sizes = [10, 20, 30, 40] }.Build(moov =>
        {
            moov["trak"].Set(Mp4Builder.EditList((80, 0, 0x10000), (40, 120, 0x10000)));
            moov[Stbl].Set(new EditableBox("stss", Bytes(0, 2, 1, 4)));
        });
        Rendition rendition = SegmentPlan.Create(Timeline.Create(Mp4Files.Parse(file).Tracks)).CreateRendition(0);
        Track track = Mp4Files.Parse(Pieces.JoinPeriod(rendition, file)).Tracks[0];
        Assert.Equal([(0, 10u), (40, 20u), (80, 40u)], track.Samples.Select(static sample => (sample.PresentationTime, sample.Size)));
    }

    [Fact]
    public void A_hidden_run_up_is_presented_for_a_tick_each_before_what_is_shown()
    {
        byte[] file = new Mp4Builder { Sizes = [10, 20, 30, 40] }.Build(moov => moov["trak"].Set(Mp4Builder.EditList((80, 80, 0x10000))));
        Timeline timeline = Timeline.Create(Mp4Files.Parse(file).Tracks);
        Assert.Equal(2, timeline.Tracks[0].HiddenCount);
        Assert.Equal(2, timeline.Origin);
        List<(long, long, uint)> samples = [];
        TimelineTrack.Enumerator at = timeline.Tracks[0].From(0);
        while (at.MoveNext())
        {
            samples.Add((at.Current.PresentationTime, at.Current.Duration, at.Current.Size));
        }

        Assert.Equal([(0, 1, 10u), (1, 1, 20u), (2, 40, 30u), (42, 40, 40u)], samples);
    }

    [Fact]
    public void Attributes_are_those_of_the_film()
    {
        byte[] file = new Mp4Builder { Sizes = [100, 100, 100, 100], Delta = 1000 }.Build(moov =>
        {
            byte[] entry = Box("avc1", Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50],
                Box("avcC", Mp4Builder.AvcRecord), Box("colr", Bytes("nclx", (short)9, (short)16, (short)9, (byte)0))));
            moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 1, entry)));
            moov[Stbl].Remove("stss");
        });
        Rendition rendition = SegmentPlan.Create(
            Timeline.Create(Mp4Files.Parse(file).Tracks), new SegmentOptions { TargetDuration = TimeSpan.FromSeconds(2) })
            .CreateRendition(0);
        RenditionAttributes attributes = RenditionAttributes.From(rendition);
        Assert.Equal(2, rendition.Count);
        Assert.Equal("avc1.42c00b", attributes.Codecs);
        Assert.Equal((160, 120), attributes.Resolution);
        Assert.Equal("PQ", attributes.VideoRange);
        Assert.Equal("1.000", attributes.FrameRateText);
        Assert.Equal((rendition.GetLength(0) + rendition.GetLength(1)) * 8 / 4, attributes.AverageBandwidth);
        Assert.Equal(rendition.GetLength(0) * 8 / 2, attributes.Bandwidth);
    }

    [Fact]
    public void A_film_that_is_turned_stays_turned_and_other_boxes_of_its_entry_stay()
    {
        byte[] matrix = Bytes(0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000);
        byte[] pasp = Box("pasp", Bytes(4, 3));
        byte[] file = new Mp4Builder().Build(moov =>
        {
            byte[] entry = Box("avc1", Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50],
                Box("avcC", Mp4Builder.AvcRecord), pasp, Box("uuid", new byte[20])));
            moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 1, entry)));
            moov["trak"].Set(new EditableBox("tkhd", Bytes(7, 0, 0, 1, 0, 0, 0L, 0L, matrix, 213 << 16, 120 << 16)));
        });
        Rendition rendition = SegmentPlan.Create(Timeline.Create(Mp4Files.Parse(file).Tracks)).CreateRendition(0);
        Assert.Equal((120, 213), RenditionAttributes.From(rendition).Resolution); // as it is shown: a phone's portrait
        byte[] init = rendition.CreateInit().ToArray();
        Assert.True(init.AsSpan().IndexOf([.. matrix, .. Bytes(213 << 16, 120 << 16)]) > 0);
        Assert.True(init.AsSpan().IndexOf(pasp) > 0);
        Assert.Equal(-1, init.AsSpan().IndexOf("uuid"u8));
    }

    private static byte[] Box(string type, byte[] body) => new EditableBox(type, body).Write();
}
