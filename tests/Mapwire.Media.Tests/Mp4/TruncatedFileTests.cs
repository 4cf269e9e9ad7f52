using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>
/// A progressive file with samples past its end plays what is whole and says so; a broken track does not refuse the others.
/// </summary>
public sealed class TruncatedFileTests
{
    private const string Stbl = "trak/mdia/minf/stbl";
    private const string Source =
        "-f lavfi -i testsrc2=s=160x120:r=25:d=4 -f lavfi -i sine=440:r=44100:d=4 -c:v libx264 -preset veryfast -g 25 -bf 3 -c:a aac "
        + "-movflags +faststart";

    [Fact]
    public void A_download_that_is_not_complete_plays_what_is_whole_wherever_it_ends()
    {
        byte[] file = File.ReadAllBytes(Ffmpeg.Make("truncated.mp4", Source));
        Movie whole = Mp4Files.Parse(file);
        Assert.False(whole.IsTruncated);
        Assert.Empty(whole.Warnings);
        long first = whole.Tracks.Max(track => track.Samples[1].Offset + track.Samples[1].Size);
        Random random = new(5);
        for (long length = first; length < file.Length; length += random.Next(1, 2000))
        {
            Movie cut = Mp4Files.Parse(file[..(int)length]);
            foreach (Track track in cut.Tracks)
            {
                Track same = whole.Tracks.Single(other => other.Id == track.Id);
                Assert.True(track.SampleCount > 0);
                Assert.Equal(same.Samples.Take((int)track.SampleCount), track.Samples);
                Assert.Equal(same.DeclaredSamples, track.DeclaredSamples);
                Assert.True(track.Samples.All(sample => sample.Offset + sample.Size <= length));
                Assert.True(track.Duration <= same.Duration);
            }

            Assert.Equal(cut.Tracks.Any(track => track.MissingSamples > 0), cut.IsTruncated);
            Assert.True(cut.MayGrow || !cut.IsTruncated);
        }

        Movie half = Mp4Files.Parse(file[..(file.Length / 2)]);
        Track video = half.Tracks[0];
        Assert.Contains(
            $"the file is cut off; track 1: {100 - video.MissingSamples} of 100 samples are there", Assert.Single(half.Warnings),
            StringComparison.Ordinal);
        Assert.InRange(video.Duration.TotalSeconds, 0.5, 3.5);
        AssertAsProbed(file[..(file.Length / 2)], half);
    }

    /// <summary>A size that stands for all samples costs nothing to declare; the file bounds it.</summary>
    [Fact]
    public void Samples_of_one_size_end_with_the_file()
    {
        Movie movie = Mp4Files.Parse(new Mp4Builder { Sizes = [10, 10, 10, 10] }.Build(moov =>
        {
            moov[Stbl].Set(new EditableBox("stsz", Bytes(0, 10, 16_000_000)));
            moov[Stbl].Set(new EditableBox("stsc", Bytes(0, 1, 1, 16_000_000, 1)));
        }));
        Assert.InRange(movie.Tracks[0].SampleCount, 4, 200);
        Assert.Equal(16_000_000, movie.Tracks[0].DeclaredSamples);
        Assert.True(movie.IsTruncated);
    }

    [Theory]
    [InlineData("stsd")]
    [InlineData("stts")]
    [InlineData("stsc")]
    [InlineData("stco")]
    public void A_broken_track_is_left_out_and_the_other_plays(string missing)
    {
        Mp4Builder builder = new();
        builder.Extra.Add(new Mp4Builder().BuildMovie(36)["trak"]);
        Movie movie = Mp4Files.Parse(builder.Build(moov => moov[Stbl].Remove(missing)));
        Assert.Null(movie.Tracks[0].Codec);
        Assert.Contains($"'{missing}'", movie.Tracks[0].UnplayableReason, StringComparison.Ordinal);
        Assert.Equal(TrackKind.Video, movie.Tracks[0].Kind);
        Assert.Equal(4, movie.Tracks[1].SampleCount);
    }

    [Fact]
    public void A_track_without_a_sample_in_the_file_is_left_out()
    {
        Mp4Builder builder = new();
        builder.Extra.Add(new Mp4Builder().BuildMovie(36)["trak"]);
        Movie movie = Mp4Files.Parse(builder.Build(moov => moov[Stbl].Set(new EditableBox("stco", Bytes(0, 1, 500_000)))));
        Assert.StartsWith("the file is cut off: none of 4 samples is there", movie.Tracks[0].UnplayableReason, StringComparison.Ordinal);
        Assert.True(movie.IsTruncated);
        Assert.Equal(4, movie.Tracks[1].SampleCount);
    }

    [Fact]
    public void A_broken_fragment_ends_the_film_there()
    {
        byte[] file =
            File.ReadAllBytes(
                Ffmpeg.Make("truncated-fragments.mp4",
                Source.Replace("+faststart", "+frag_keyframe+empty_moov+default_base_moof", StringComparison.Ordinal)));
        int second = file.AsSpan(file.AsSpan().IndexOf("moof"u8) + 4).IndexOf("trun"u8) + file.AsSpan().IndexOf("moof"u8) + 4;
        int third = LastIndexOf(file, "trun"u8);
        Assert.True(third > second);
        file.AsSpan(third + 8, 4).Fill(0xFF); // the count of the last run
        Movie movie = Mp4Files.Parse(file);
        Assert.True(movie.IsTruncated);
        Assert.InRange(movie.Tracks[0].SampleCount, 50, 100);
        Assert.Equal("box 'trun'", Assert.Single(movie.Damage).Location.Structure);
    }

    [Theory]
    [InlineData("an AVI file", "the file is neither MP4 nor FLV")]
    [InlineData("", "the file is empty")]
    public void Other_files_are_named(string text, string reason)
    {
        Mp4FormatException refusal =
            Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(System.Text.Encoding.ASCII.GetBytes(text.PadRight(text.Length * 40))));
        Assert.Equal(Mp4Error.NotMedia, refusal.Error);
        Assert.StartsWith(reason, refusal.Reason, StringComparison.Ordinal);
        Assert.EndsWith("(start of the file at offset 0)", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>How files of other kinds begin that were renamed, and bytes as they go on in them.</summary>
    [Theory]
    [InlineData("52494646 B4440000 41564920 4C495354 26010000 6864726C 61766968")] // AVI: RIFF, length, 'AVI ', LIST
    [InlineData("52494646 24080000 57415645 666D7420 10000000 01000200")] // WAVE
    [InlineData("1A45DFA3 01000000 00000023 42868101 42F78101 42F28104 42F38108 42828877 65626D42")] // WebM and Matroska: EBML
    [InlineData("47401110 0042F025 0001C100 00FF01FF 0001FC80 1448120146466D706567095365727669636530")] // MPEG transport stream
    [InlineData("000001BA 44000400 0401000F A3F8000001BB0012 8007D1 04E1FF")] // MPEG program stream
    [InlineData("4F676753 00020000 00000000 0000E4A9 D3750000 00005EA3 2E4B011E")] // Ogg
    [InlineData("444B4946 00002000 56503930 A0007800 19000000 01000000")] // IVF
    [InlineData("3026B275 8E66CF11 A6D900AA 0062CE6C")] // ASF: WMV, WMA
    [InlineData("49443304 00000000 00235453 53450000 000F0000 034C6176")] // MP3 with ID3
    [InlineData("664C6143 00000022 12001200 0000C000")] // FLAC
    [InlineData("00000001 6764000A ACD94504 21200000 03002000")] // H.264 without a container
    [InlineData("3C21444F 43545950 45206874 6D6C3E0A 3C68746D 6C3E")] // a page that says that something is not there
    public void Renamed_files_of_other_kinds_are_named(string beginning)
    {
        byte[] start = Convert.FromHexString(beginning.Replace(" ", "", StringComparison.Ordinal));
        foreach (int length in (int[])[start.Length, 1000, 100_000])
        {
            byte[] file = new byte[length];
            new Random(length).NextBytes(file);
            start.AsSpan(0, Math.Min(start.Length, length)).CopyTo(file);
            Mp4FormatException refusal = Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(file));
            Assert.Equal(
                "the file is neither MP4 nor FLV: it begins with no box or tag of theirs (start of the file at offset 0)", refusal.Message);
        }
    }

    [Theory]
    [InlineData("encv", "it is encrypted")]
    [InlineData("drmi", "it is encrypted (FairPlay)")]
    [InlineData("vvc1", "video codec 'vvc1' (VVC) is not supported")]
    public void Pictures_that_cannot_be_played_are_listed_with_the_reason(string type, string reason)
    {
        byte[] entry = new EditableBox(type, Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50])).Write();
        Track track = Assert.Single(
            Mp4Files.Parse(new Mp4Builder().Build(moov => moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 1, entry))))).Tracks);
        Assert.Equal(reason, track.UnplayableReason);
        Assert.Equal(new FourCc(type), track.SampleEntry);
    }

    [Fact]
    public void Files_that_are_cut_off_or_have_no_init_part_are_named()
    {
        byte[] film = new Mp4Builder().Build();
        Assert.StartsWith("the file is cut off in its 'mdat'", Refusal(film[..60]), StringComparison.Ordinal);
        Assert.StartsWith("the file is cut off in its 'moov'", Refusal(film[..^1]), StringComparison.Ordinal);
        Assert.StartsWith("the file has fragments without their init part",
            Refusal([.. Bytes(16, "styp", "msdh", 0), .. Bytes(8, "moof"), .. Bytes(8, "mdat")]), StringComparison.Ordinal);
        Assert.Equal("'stsz' is empty",
            Refusal(new Mp4Builder().Build(moov => moov[Stbl].Set(new EditableBox("stsz", Array.Empty<byte>())))));
    }

    private static int LastIndexOf(byte[] file, ReadOnlySpan<byte> text) => file.AsSpan().LastIndexOf(text);

    private static string Refusal(byte[] file) => Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(file)).Reason;

    private static void AssertAsProbed(byte[] file, Movie movie)
    {
        string path = Ffmpeg.NewPath(".mp4");
        File.WriteAllBytes(path, file);
        // ffprobe also gives the sample that the file ends in, of which a part is there.
        Packet[] video = [.. Ffmpeg.Packets(path, "v:0").Where(packet => packet.Position + packet.Size < file.Length)];
        Assert.Equal(video.Select(packet => (packet.Position, packet.Size)),
            movie.Tracks[0].Samples.Select(sample => (sample.Offset, (long)sample.Size)));
    }
}
