using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>Fragmented files: as ffmpeg writes them in all its ways, cut off anywhere, and broken.</summary>
public sealed class FragmentTests
{
    private const string Source = "-f lavfi -i testsrc2=s=160x120:r=25:d=4 -f lavfi -i sine=440:r=44100:d=4 "
        + "-c:v libx264 -preset veryfast -g 25 -bf 3 -x264-params b-pyramid=normal -c:a aac";

    public static TheoryData<string> Ways =>
    [
        "frag_keyframe+empty_moov",
        "frag_keyframe+empty_moov+default_base_moof",
        "frag_keyframe+delay_moov",
        "frag_keyframe+delay_moov+default_base_moof+separate_moof",
        "frag_keyframe+empty_moov+omit_tfhd_offset",
        "frag_every_frame+empty_moov",
        "frag_keyframe",
        "cmaf+frag_keyframe+delay_moov",
        "dash+frag_keyframe+global_sidx",
        "frag_keyframe+empty_moov+skip_trailer",
    ];

    [Theory]
    [MemberData(nameof(Ways))]
    public void Reads_what_ffprobe_reads(string flags)
    {
        string path = Ffmpeg.Make($"fragments-{flags}.mp4", $"{Source} -movflags {flags}");
        Movie movie = Mp4Files.Parse(path);
        Assert.True(movie.IsFragmented);
        Assert.False(movie.IsTruncated);
        Assert.InRange(movie.Duration.TotalSeconds, 3.9, 4.2);
        // With negative offsets ffprobe shows all pictures later than the file says, by the largest of them; the file is right.
        bool isNegative = flags.StartsWith("cmaf", StringComparison.Ordinal);
        AssertSame(path, movie.Tracks[0], "v:0", isNegative);
        AssertSame(path, movie.Tracks[1], "a:0", false);
    }

    [Fact]
    public void A_recording_that_begins_hours_into_its_time_line_begins_at_0()
    {
        string path =
            Ffmpeg.Make("fragments-late.mp4", $"{Source} -output_ts_offset 7200 -movflags frag_keyframe+empty_moov+default_base_moof");
        Movie movie = Mp4Files.Parse(path);
        Assert.InRange(movie.Duration.TotalSeconds, 3.9, 4.2);
        Assert.Equal(0, movie.Tracks.Min(track => Ticks.ToMilliseconds(track.FirstDecodeTime, track.Timescale)));

        // The tracks keep their distance.
        double video = Ffmpeg.Packets(path, "v:0")[0].Pts / (double)movie.Tracks[0].Timescale;
        double audio = Ffmpeg.Packets(path, "a:0")[0].Pts / (double)movie.Tracks[1].Timescale;
        double actualVideo = movie.Tracks[0].Samples.First().PresentationTime / (double)movie.Tracks[0].Timescale;
        double actualAudio = movie.Tracks[1].Samples.First().PresentationTime / (double)movie.Tracks[1].Timescale;
        Assert.Equal(video - audio, actualVideo - actualAudio, 0.0001);
    }

    /// <summary>A file cut off anywhere plays the samples that are whole, and in order.</summary>
    [Fact]
    public void Cut_off_anywhere()
    {
        byte[] file =
            File.ReadAllBytes(Ffmpeg.Make("fragments-small.mp4", $"{Source} -movflags frag_keyframe+empty_moov+default_base_moof"));
        Movie whole = Mp4Files.Parse(file);
        long end = Mp4Files.FindTop(file, "moov").End;
        long[] counts = [0, 0];
        Random random = new(3);
        for (long length = end; length < file.Length; length += random.Next(1, 400))
        {
            Movie cut = Mp4Files.Parse(file[..(int)length]);
            for (int i = 0; i < 2; i++)
            {
                Assert.True(cut.Tracks[i].Samples.Count >= counts[i]);
                counts[i] = cut.Tracks[i].Samples.Count;
                Assert.Equal(whole.Tracks[i].Samples.Take((int)counts[i]), cut.Tracks[i].Samples);
                Assert.All(cut.Tracks[i].Samples, sample => Assert.True(sample.Offset + sample.Size <= length));
            }
        }

        Assert.True(counts[0] > 90 && counts[1] > 160);
    }

    [Fact]
    public void A_cut_file_says_so()
    {
        byte[] file =
            File.ReadAllBytes(Ffmpeg.Make("fragments-small.mp4", $"{Source} -movflags frag_keyframe+empty_moov+default_base_moof"));
        Assert.True(Mp4Files.Parse(file[..(file.Length / 2)]).IsTruncated);
        Movie zeros = Mp4Files.Parse([.. file, .. new byte[5000]]);
        Assert.False(zeros.IsTruncated);
        Assert.Equal(100, zeros.Tracks[0].SampleCount);
        Movie noise = Mp4Files.Parse([.. file, .. Bytes(0x01020304, "x\0y\u00FF", new byte[100])]);
        Assert.True(noise.IsTruncated);
        Assert.Equal(100, noise.Tracks[0].SampleCount);
    }

    [Fact]
    public void A_file_without_fragments_yet_has_no_samples()
    {
        byte[] file =
            File.ReadAllBytes(Ffmpeg.Make("fragments-small.mp4", $"{Source} -movflags frag_keyframe+empty_moov+default_base_moof"));
        Movie movie = Mp4Files.Parse(file[..(int)Mp4Files.FindTop(file, "moov").End]);
        Assert.All(movie.Tracks,
            track => Assert.Equal("it has no samples: this is an init part without fragments", track.UnplayableReason));
    }

    [Fact]
    public void One_bit_flipped_in_every_place_of_a_moof()
    {
        byte[] file =
            File.ReadAllBytes(Ffmpeg.Make("fragments-small.mp4", $"{Source} -movflags frag_keyframe+empty_moov+default_base_moof"));
        BoxHeader moov = Mp4Files.FindTop(file, "moov");
        BoxHeader moof = Mp4Files.FindTop(file, "moof");
        for (long bit = moof.Offset * 8; bit < moof.End * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << (int)(bit % 8));
            try
            {
                MovieBuilder builder = new(file.AsSpan((int)moov.Offset, (int)moov.Length), moov.Offset, file.Length);
                builder.AddFragment(file.AsSpan((int)moof.Offset, (int)moof.Length), moof.Offset);
                foreach (Track track in builder.ToMovie().Tracks)
                {
                    Assert.All(track.Samples, sample => Assert.InRange(sample.Offset, 0, file.Length - sample.Size));
                }
            }
            catch (Mp4FormatException)
            {
                // refused
            }

            file[bit / 8] ^= (byte)(1 << (int)(bit % 8));
        }
    }

    [Fact]
    public void Moof_truncated_at_every_length()
    {
        byte[] file =
            File.ReadAllBytes(Ffmpeg.Make("fragments-small.mp4", $"{Source} -movflags frag_keyframe+empty_moov+default_base_moof"));
        BoxHeader moov = Mp4Files.FindTop(file, "moov");
        BoxHeader moof = Mp4Files.FindTop(file, "moof");
        byte[] whole = file.AsSpan((int)moof.Offset, (int)moof.Length).ToArray();
        List<int> starts = [.. BoxTree.Read(whole, 0).Where(node => node.Depth == 1).Select(node => (int)node.Offset)];
        for (int length = 8; length < whole.Length; length++)
        {
            byte[] cut = whole[..length];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(cut, length);
            MovieBuilder builder = new(file.AsSpan((int)moov.Offset, (int)moov.Length), moov.Offset, file.Length);
            // Between the boxes of the moof, with padding of up to 7 bytes, it is whole in itself.
            if (starts.Exists(start => length - start is >= 0 and < 8))
            {
                builder.AddFragment(cut, moof.Offset);
            }
            else
            {
                Assert.Throws<Mp4FormatException>(() => builder.AddFragment(cut, moof.Offset));
            }
        }
    }

    /// <summary>A run of the fragment made by hand: its boxes, and the samples expected as (time, offset, size, sync).</summary>
    [Fact]
    public void Defaults_come_from_trex_then_tfhd_then_trun()
    {
        Movie movie = Build(
            Traf(0x20000, Bytes(1), Trun(1, Bytes(2, 100))),
            Traf(0x20000 | 8 | 0x10 | 0x20, Bytes(1, 50, 7, 0), Trun(1 | 4, Bytes(2, 200, 0x10000))),
            Traf(0x20000 | 8, Bytes(1, 50), Trun(1 | 0x100 | 0x200 | 0x400 | 0x800, Bytes(2, 300, 60, 8, 0, 5, 70, 9, 0x1000000, -5))));
        Assert.Equal(
            [
                new Sample(0, 0, 100, 20, false), new Sample(40, 0, 120, 20, false), new Sample(80, 0, 200, 7, false),
                new Sample(130, 0, 207, 7, true), new Sample(180, 5, 300, 8, true), new Sample(240, -5, 308, 9, false),
            ],
            movie.Tracks[0].Samples.Select(
                sample => sample with { DecodeTime = sample.DecodeTime + 5, CompositionOffset = sample.CompositionOffset - 5 }));
    }

    [Fact]
    public void Bases_of_the_data()
    {
        // Explicit base; then without a base: the first traf counts from its moof, the next from where the data before it ended.
        Movie movie = Build(
            Traf(1, Bytes(1, 500L), Trun(1, Bytes(1, 10)), Trun(0, Bytes(1))),
            Traf(0, Bytes(1), Trun(0, Bytes(2))));
        Assert.Equal([510L, 530, 550, 570], movie.Tracks[0].Samples.Select(sample => sample.Offset));
    }

    [Fact]
    public void Gaps_and_overlaps_of_fragments()
    {
        Movie movie = Build(
            Traf(0x20000, Bytes(1), Tfdt(1000), Trun(1, Bytes(2, 100))),
            Traf(0x20000, Bytes(1), Tfdt(5_000_000_000), Trun(1, Bytes(2, 200))),
            Traf(0x20000, Bytes(1), Tfdt(4_999_999_990), Trun(1, Bytes(2, 300))));
        Assert.Equal(
            [0L, 40, 4_999_999_000, 4_999_999_040, 4_999_999_040, 4_999_999_040],
            movie.Tracks[0].Samples.Select(sample => sample.DecodeTime));
        Assert.Equal(
            [0L, 40, 4_999_999_000, 4_999_999_040, 4_999_998_990, 4_999_999_030],
            movie.Tracks[0].Samples.Select(sample => sample.PresentationTime));
    }

    public static TheoryData<Mp4Error, byte[]> Broken => new()
    {
        { Mp4Error.MissingBox, new EditableBox("traf", Array.Empty<byte>()).Write() },
        { Mp4Error.Truncated, Traf(8, Bytes(1)) },
        { Mp4Error.BadTable, Traf(1, Bytes(1, -1L)) },
        { Mp4Error.BadTable, Traf(2, Bytes(1, 2)) },
        { Mp4Error.BadTable, Traf(0, Bytes(1), Trun(1, Bytes(1, int.MinValue))) },
        { Mp4Error.BadTable, Traf(0, Bytes(1), Trun(0x200, Bytes(uint.MaxValue, 1))) },
        { Mp4Error.LimitExceeded, Traf(0, Bytes(1), Trun(0, Bytes(uint.MaxValue))) },
        { Mp4Error.BadTable, Traf(0x10, Bytes(1, 0), Trun(0, Bytes(17))) },
        { Mp4Error.BadTable, Traf(0x20000, Bytes(1), Trun(1, Bytes(60, 100)), Trun(1, Bytes(60, 100))) },
        { Mp4Error.BadTable, Traf(0, Bytes(1), Tfdt(long.MaxValue)) },
        { Mp4Error.UnsupportedVersion, Traf(0, Bytes(1), new EditableBox("tfdt", Bytes(0x02000000, 0)).Write()) },
        { Mp4Error.SampleOutsideFile, Traf(0x20000, Bytes(1), Trun(1, Bytes(1, 1_000_000)), Trun(1, Bytes(1, 100))) },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Refuses_fragments_that_cannot_be(Mp4Error error, byte[] traf) =>
        Assert.Equal(error, Assert.Throws<Mp4FormatException>(() => Build(traf)).Error);

    [Fact]
    public void Fragments_of_unknown_tracks_are_passed_over() =>
        Assert.Equal("it has no samples", Build(Traf(0, Bytes(77), Trun(0, Bytes(3)))).Tracks[0].UnplayableReason);

    private static Movie Build(params byte[][] trafs)
    {
        Mp4Builder builder = new() { Sizes = [] };
        builder.Extra.Add(new EditableBox("mvex", new EditableBox("trex", Bytes(0, 1, 1, 40, 20, 0x10000))));
        byte[] moov = builder.BuildMovie(0).Write();
        byte[] moof = [.. Bytes(trafs.Sum(traf => traf.Length) + 8, "moof"), .. Bytes([.. trafs])];
        MovieBuilder movie = new(moov, 0, 2000);
        movie.AddFragment(moof, 0);
        return movie.ToMovie();
    }

    private static byte[] Traf(int flags, byte[] tfhd, params byte[][] children)
    {
        byte[] header = new EditableBox("tfhd", Bytes(flags, tfhd)).Write();
        return new EditableBox("traf", Bytes(header, Bytes([.. children]))).Write();
    }

    private static byte[] Tfdt(long time) => new EditableBox("tfdt", Bytes(0x01000000, time)).Write();

    private static byte[] Trun(int flags, byte[] body) => new EditableBox("trun", Bytes(flags, body)).Write();

    private static void AssertSame(string path, Track track, string stream, bool isNegative)
    {
        List<Packet> expected = [.. Ffmpeg.Packets(path, stream)];
        Sample[] actual = [.. track.Samples];
        Assert.Equal(
            expected.Select(packet => (packet.Position, packet.Size, packet.IsKey)),
            actual.Select(sample => (sample.Offset, (long)sample.Size, sample.IsSync)));
        if (isNegative)
        {
            long late = expected[0].Pts - actual[0].PresentationTime;
            Assert.True(late > 0);
            Assert.Equal(expected.Select(packet => packet.Pts - late), actual.Select(sample => sample.PresentationTime));
        }
        else
        {
            long first = expected[0].Dts - actual[0].DecodeTime;
            Assert.InRange(first, 0, long.MaxValue);
            Assert.Equal(expected.Select(packet => (packet.Pts - first, packet.Dts - first)),
                actual.Select(sample => (sample.PresentationTime, sample.DecodeTime)));
        }
    }
}
