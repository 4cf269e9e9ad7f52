using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Flv;

/// <summary>FLV files: as ffmpeg writes them, by hand, cut off and damaged.</summary>
public sealed class FlvFileTests
{
    private const string Source = "-f lavfi -i testsrc2=s=160x120:r=25:d=3 -f lavfi -i sine=440:r=44100:d=3";
    private const string Avc = "-c:v libx264 -preset veryfast -g 25 -bf 3";
    private const string AvcHeader = "17 00 000000";
    private static readonly string AvcRecord = Convert.ToHexString(Mp4Builder.AvcRecord);

    public static TheoryData<string, string> Files => new()
    {
        { "plain.flv", $"{Source} {Avc} -c:a aac" },
        { "mp3.flv", $"{Source} {Avc} -c:a libmp3lame" },
        { "index.flv", $"{Source} {Avc} -c:a aac -flvflags add_keyframe_index" },
        { "video.flv", $"{Source} -map 0:v {Avc}" },
        { "audio.flv", $"{Source} -map 1:a -c:a aac" },
        { "late.flv", $"{Source} {Avc} -c:a aac -output_ts_offset 100000" },
        { "noheader.flv", $"{Source} {Avc} -c:a aac -flvflags no_metadata+no_sequence_end" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Reads_what_ffprobe_reads(string name, string arguments)
    {
        string path = Ffmpeg.Make(name, arguments);
        byte[] file = File.ReadAllBytes(path);
        Movie movie = Parse(file);
        Assert.False(movie.IsTruncated);
        Assert.True(movie.MayGrow);
        Assert.Equal(arguments.Contains("-map", StringComparison.Ordinal) ? 1 : 2, movie.Tracks.Length);
        Assert.InRange(movie.Duration.TotalSeconds, 2.9, 3.2);
        IReadOnlyList<Packet>[] all =
            [.. movie.Tracks.Select(track => Ffmpeg.Packets(path, track.Kind == TrackKind.Video ? "v:0" : "a:0"))];
        long origin = all.Min(packets => packets[0].Dts);
        foreach ((Track track, IReadOnlyList<Packet> expected) in movie.Tracks.Zip(all))
        {
            Assert.Null(track.UnplayableReason);
            Assert.Equal(
                expected.Select(packet => (packet.Pts - origin, packet.Dts - origin, packet.Size, packet.IsKey)),
                track.Samples.Select(sample => (sample.PresentationTime, sample.DecodeTime, (long)sample.Size, sample.IsSync)));
            // ffprobe gives the place of the tag; the sample follows its two headers.
            int headers = 11 + (track.Kind == TrackKind.Video ? 5 : track.Codec is AacConfiguration ? 2 : 1);
            Assert.Equal(expected.Select(packet => packet.Position + headers), track.Samples.Select(sample => sample.Offset));
        }
    }

    [Fact]
    public void Codecs_are_described()
    {
        Movie movie = Parse(File.ReadAllBytes(Ffmpeg.Make("plain.flv", Files.First().Data.Item2)));
        Assert.Equal((160, 120), (movie.Tracks[0].Width, movie.Tracks[0].Height));
        Assert.Equal((44100, 1), (movie.Tracks[1].SampleRate, movie.Tracks[1].Channels));
        movie = Parse(File.ReadAllBytes(Ffmpeg.Make("mp3.flv", Files.Single(row => row.Data.Item1 == "mp3.flv").Data.Item2)));
        Assert.Equal((44100, 1), (movie.Tracks[1].SampleRate, movie.Tracks[1].Channels));
    }

    [Fact]
    public void Cut_off_anywhere()
    {
        byte[] file = File.ReadAllBytes(Ffmpeg.Make("plain.flv", Files.First().Data.Item2));
        Movie whole = Parse(file);
        Random random = new(3);
        for (int length = 13; length < file.Length; length += random.Next(1, 200))
        {
            Movie cut = Parse(file[..length]);
            foreach (Track track in cut.Tracks)
            {
                Track same = whole.Tracks.Single(other => other.Id == track.Id);
                Assert.Equal(same.Samples.Take((int)track.Samples.Count), track.Samples);
                Assert.All(track.Samples, sample => Assert.True(sample.Offset + sample.Size <= length));
            }
        }

        Assert.True(Parse(file[..(file.Length / 2)]).IsTruncated);
        for (int length = 0; length < 9; length++)
        {
            Assert.Throws<FlvFormatException>(() => ParseFlv(file[..length]));
        }
    }

    [Fact]
    public void One_bit_flipped_everywhere_at_the_start()
    {
        byte[] file = File.ReadAllBytes(Ffmpeg.Make("plain.flv", Files.First().Data.Item2));
        for (int bit = 0; bit < 1500 * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << bit % 8);
            try
            {
                foreach (Track track in Parse(file).Tracks)
                {
                    Assert.All(track.Samples, sample => Assert.InRange(sample.Offset, 0, file.Length - sample.Size));
                }
            }
            catch (MediaFormatException e)
            {
                Assert.InRange(e.Offset, 0, file.Length);
            }

            file[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Fact]
    public void Configurations_that_change_are_told_apart()
    {
        string other = AvcRecord.Replace("42C00B", "42C01F", StringComparison.Ordinal);
        Track track = Parse(new FlvBuilder()
            .Tag(9, 0, $"{AvcHeader} {AvcRecord}").Tag(9, 0, "17 01 000000 AA")
            .Tag(9, 40, $"{AvcHeader} {AvcRecord}").Tag(9, 40, "27 01 000000 AA")
            .Tag(9, 80, $"{AvcHeader} {other}").Tag(9, 80, "17 01 000000 AA")
            .Build()).Tracks[0];
        Assert.Equal([0, 0, 1], track.Samples.Select(sample => sample.Description));
        Assert.Equal(2, track.Codecs.Length);
        Assert.Equal("H.264 Constrained Baseline 3.1", track.Codecs[1].Name);
    }

    [Fact]
    public void Timestamps_come_around_and_go_back()
    {
        FlvBuilder builder = new FlvBuilder().Tag(9, 0xFFFF_FFD8, $"{AvcHeader} {AvcRecord}").Tag(9, 0xFFFF_FFD8, "17 01 000000 AA")
            .Tag(9, 0, "27 01 000000 AA").Tag(9, 40, "27 01 000028 AA").Tag(9, 30, "27 01 FFFFF6 AA");
        Track track = Parse(builder.Build()).Tracks[0];
        Assert.Equal([0L, 40, 80, 80], track.Samples.Select(sample => sample.DecodeTime));
        Assert.Equal([0L, 40, 120, 60], track.Samples.Select(sample => sample.PresentationTime));
    }

    [Fact]
    public void Enhanced_tags()
    {
        string hevc = Convert.ToHexString([.. Mp4Files.Parse(Ffmpeg.Make(
            "hevc.mp4", Codecs.CodecTests.Files.First().Data.Item2)).Tracks[0].Codec!.Raw]);
        string opus = "4F70757348656164 01 02 3801 80BB0000 0000 00";
        Movie movie = Parse(new FlvBuilder()
            .Tag(18, 0, "02 000A 6F6E4D65746144617461")
            .Tag(9, 0, $"90 68766331 {hevc}").Tag(8, 0, $"90 4F707573 {opus}").Tag(8, 0, "95 00 65632D33 01")
            .Tag(9, 0, "93 68766331 AAAAAA").Tag(9, 40, "A1 68766331 000028 BBBB").Tag(8, 20, "91 4F707573 CC")
            .Tag(8, 20, "95 01 65632D33 01 0B77 0400 200F 0000").Tag(9, 40, "A7 02 000010 03 68766331 DD").Tag(9, 80, "92 68766331")
            .Build());
        Assert.Equal(["H.265 Main 2.0", "Opus", "E-AC-3"], movie.Tracks.Select(track => track.Codec!.Name));
        Assert.All(movie.Tracks, track => Assert.EndsWith("needs a client of Enhanced RTMP", track.UnplayableReason));
        Assert.Equal([(0L, 0L, 3u, true), (40, 80, 2, false), (40, 40, 1, false)], movie.Tracks[0].Samples.Select(
            sample => (sample.DecodeTime, sample.PresentationTime, sample.Size, sample.IsSync)));
        Assert.Equal([1u], movie.Tracks[1].Samples.Select(sample => sample.Size));
        Assert.Equal([8u], movie.Tracks[2].Samples.Select(sample => sample.Size));
        Assert.Equal([1u, 2u, 4u], movie.Tracks.Select(track => track.Id));
    }

    /// <summary>FLV says nothing of a picture's size but in script data that nobody has to write.</summary>
    [Theory]
    [InlineData("av1.mp4", 0)]
    [InlineData("av1.mp4", 4)]
    [InlineData("vp9.mp4", 0)]
    public void Pictures_have_the_size_that_configuration_or_key_frame_tells(string name, int configurationBytes)
    {
        string path = Ffmpeg.Make(name, Codecs.CodecTests.Files.Single(row => row.Data.Item1 == name).Data.Item2);
        Track film = Mp4Files.Parse(path).Tracks[0];
        CodecConfiguration codec = film.Codec!;
        byte[] fourCc = new byte[4];
        codec.FourCc.WriteTo(fourCc);
        byte[] record = [.. codec.Raw];
        Sample first = film.Samples.First();
        byte[] frame = File.ReadAllBytes(path).AsSpan((int)first.Offset, (int)first.Size).ToArray();
        for (int bytes = 0; bytes < frame.Length; bytes += bytes < 60 ? 1 : frame.Length)
        {
            Movie movie = Parse(new FlvBuilder()
                .Tag(9, 0, [0x90, .. fourCc, .. configurationBytes == 0 ? record : record[..configurationBytes]])
                .Tag(9, 0, [0xA1, .. fourCc, .. frame]) // no key frame: nobody looks
                .Tag(9, 40, [0x91, .. fourCc, .. frame[..bytes]])
                .Tag(9, 80, [0x91, .. fourCc, .. frame])
                .Build());
            Assert.Equal((318, 238), (movie.Tracks[0].Width, movie.Tracks[0].Height));
        }
    }

    [Theory]
    [InlineData("10 02 00 9D012A 4001 F000", 320, 240)]
    [InlineData("10 02 00 9D012A 4041 F0C0", 320, 240)] // scaled
    [InlineData("11 02 00 9D012A 4001 F000", 0, 0)] // no key frame, whatever the tag says
    [InlineData("10 02 00 9D012B 4001 F000", 0, 0)]
    [InlineData("10 02 00 9D012A 4001 F0", 0, 0)]
    public void Pictures_of_vp8_have_the_size_that_their_key_frame_tells(string frame, int width, int height)
    {
        Movie movie = Parse(new FlvBuilder().Tag(9, 0, "90 76703038 000A 80 010101 0000").Tag(9, 0, "91 76703038" + frame).Build());
        Assert.Equal((width, height), (movie.Tracks[0].Width, movie.Tracks[0].Height));
    }

    [Fact]
    public void What_cannot_be_played_is_listed_with_the_reason()
    {
        Movie movie = Parse(new FlvBuilder().Tag(9, 0, "11 AABB").Tag(8, 0, "F2 AABB").Build());
        Assert.Equal(["video codec 1 of FLV is not known", "audio codec 15 of FLV is not known"],
            movie.Tracks.Select(track => track.UnplayableReason));
        movie = Parse(new FlvBuilder().Tag(9, 0, "17 01 000000 AA").Tag(8, 0, "AF 01 AA").Build());
        Assert.All(movie.Tracks, track => Assert.Equal("it has no codec configuration", track.UnplayableReason));
        movie = Parse(new FlvBuilder().Tag(9 | 0x20, 0, "17 01 000000 AA").Build());
        Assert.Equal("it is encrypted", movie.Tracks[0].UnplayableReason);
        movie = Parse(new FlvBuilder().Tag(9, 0, "A6 13 68766331 00 000001 AA").Build());
        Assert.Equal("its messages hold several tracks at once", movie.Tracks[0].UnplayableReason);
        Assert.Empty(Parse(new FlvBuilder().Build()).Tracks);
    }

    [Fact]
    public void Empty_and_strange_tags_are_passed_over()
    {
        Movie movie = Parse(new FlvBuilder().Tag(9, 0, "").Tag(15, 0, "AABB").Tag(9, 0, "17").Tag(8, 0, "AF").Tag(9, 0, "57 00")
            .Tag(9, 0, $"{AvcHeader} {AvcRecord}").Tag(9, 0, "17 01 000000 AA").Tag(9, 40, "17 02 000000").Build());
        Assert.Equal(1, movie.Tracks[0].SampleCount);
    }

    [Fact]
    public void Refuses_what_is_malformed()
    {
        AssertRefused(FlvError.BadHeader, [.. "FLV"u8, 2, 0, 0, 0, 0, 9, 0, 0, 0, 0]);
        AssertRefused(FlvError.BadHeader, [.. "FLV"u8, 1, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
        AssertRefused(FlvError.BadCodecConfiguration, new FlvBuilder().Tag(9, 0, $"{AvcHeader} 0142").Build());
        AssertRefused(FlvError.BadCodecConfiguration, new FlvBuilder().Tag(8, 0, "AF 00 12").Build());
        AssertRefused(FlvError.BadTagHeader, new FlvBuilder().Tag(9, 0, "98 68766331 00").Build());
        FlvBuilder many = new FlvBuilder().Tag(9, 0, $"{AvcHeader} {AvcRecord}");
        for (uint i = 0; i < 11; i++)
        {
            many.Tag(9, i, "27 01 000000 AA");
        }

        Assert.Equal(
            FlvError.LimitExceeded,
            Assert.Throws<FlvFormatException>(() => Parse(many.Build(), new MediaLimits { SamplesPerTrack = 10 })).Error);
        FlvBuilder changing = new();
        for (int i = 0; i < 65; i++)
        {
            changing.Tag(8, 0, i % 2 == 0 ? "AF 00 1210" : "AF 00 1190");
        }

        AssertRefused(FlvError.LimitExceeded, changing.Build());
    }

    [Fact]
    public void Other_files_are_read_as_mp4()
    {
        byte[] mp4 = new Mp4Builder().Build();
        Assert.Equal(4, Parse(mp4).Tracks[0].SampleCount);
        Assert.Throws<Mp4FormatException>(() => Parse([]));
        Assert.Throws<Mp4FormatException>(() => Parse("FL"u8.ToArray()));
    }

    private static void AssertRefused(FlvError error, byte[] file)
    {
        FlvFormatException e = Assert.Throws<FlvFormatException>(() => Parse(file));
        Assert.Equal(error, e.Error);
        Assert.InRange(e.Offset, 0, file.Length);
    }

    private static Movie Parse(byte[] file, MediaLimits? limits = null)
    {
        MovieFileReader reader = new(file.Length, limits);
        while (reader.TryGetNext(out long offset, out int length))
        {
            reader.Add(file.AsSpan((int)offset, length));
        }

        return reader.ToMovie();
    }

    private static Movie ParseFlv(byte[] file)
    {
        FlvFileReader reader = new(file.Length);
        while (reader.TryGetNext(out long offset, out int length))
        {
            reader.Add(file.AsSpan((int)offset, length));
        }

        return reader.ToMovie();
    }
}
