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
