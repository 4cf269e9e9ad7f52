using Mapwire.Media.Flv;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Flv;

/// <summary>Damaged FLV files play around the damage, say where it is, and never give a sample that is none.</summary>
public sealed class FlvDamageTests
{
    private static readonly byte[] Whole = Build();
    private static readonly Movie Right = MovieFiles.Parse(Whole);
    private static readonly HashSet<(long, uint)> RightSamples =
        [.. Right.Tracks.SelectMany(track => track.Samples).Select(sample => (sample.Offset, sample.Size))];
    private static readonly int[] Tags = FindTags(Whole);

    [Fact]
    public void A_whole_file_has_no_damage()
    {
        Assert.Equal(80, RightSamples.Count);
        Assert.Empty(Right.Damage);
        Assert.Empty(Right.Warnings);
        Assert.False(Right.IsTruncated);
    }

    /// <summary>The size of a tag is damaged: that tag is lost, and no other.</summary>
    [Fact]
    public void One_flipped_bit_of_a_size_loses_one_tag()
    {
        foreach (int tag in Tags[4..^1])
        {
            for (int bit = 0; bit < 24; bit++)
            {
                byte[] file = [.. Whole];
                file[tag + 1 + (bit / 8)] ^= (byte)(0x80 >> (bit % 8));
                Movie movie = MovieFiles.Parse(file);
                (long, uint)[] samples =
                    [.. movie.Tracks.SelectMany(track => track.Samples).Select(sample => (sample.Offset, sample.Size))];
                Assert.True(samples.All(RightSamples.Contains),
                    $"bit {bit} of the tag at {tag}: {string.Join(' ', samples.Where(sample => !RightSamples.Contains(sample)))}");
                Assert.Equal(79, samples.Length);
                Assert.Equal(tag, Assert.Single(movie.Damage).Location.Offset);
                Assert.Contains(movie.Warnings, warning => warning.EndsWith($"(tag at offset {tag})", StringComparison.Ordinal));
            }
        }
    }

    /// <summary>A block of the disk was lost: zeros over headers and payloads.</summary>
    [Theory]
    [InlineData(512)]
    [InlineData(3)]
    [InlineData(40)]
    public void A_hole_loses_the_tags_that_it_covers(int length)
    {
        for (int at = Tags[6]; at + length < Tags[60]; at += 37)
        {
            byte[] file = [.. Whole];
            file.AsSpan(at, length).Clear();
            Movie movie = MovieFiles.Parse(file);
            (long, uint)[] samples = [.. movie.Tracks.SelectMany(track => track.Samples).Select(sample => (sample.Offset, sample.Size))];
            Assert.Subset(RightSamples, samples.ToHashSet());
            int touched = Tags.Where(tag => tag != Tags[^1]).Zip(Tags.Skip(1)).Count(pair => pair.First < at + length && pair.Second > at);
            Assert.InRange(samples.Length, 80 - touched, 80);
        }
    }

    [Fact]
    public void A_hole_behind_the_headers_is_searched_past()
    {
        byte[] file = [.. Whole[..Tags[2]], .. new byte[1000], .. Whole[Tags[2]..]];
        Movie movie = MovieFiles.Parse(file);
        Assert.Equal(80, movie.Tracks.Sum(track => track.SampleCount));
        FileDamage damage = Assert.Single(movie.Damage);
        Assert.Equal((Tags[2], 1000), (damage.Location.Offset, damage.Length));
    }

    [Fact]
    public void Zeros_at_the_end_are_told_and_cost_no_sample()
    {
        Movie movie = MovieFiles.Parse([.. Whole, .. new byte[100_000]]);
        Assert.Equal(80, movie.Tracks.Sum(track => track.SampleCount));
        Assert.False(movie.IsTruncated); // the file has more than its film, and not less
        Assert.DoesNotContain(movie.Warnings, static warning => warning.Contains("cut off", StringComparison.Ordinal));
        Assert.Equal(100_000, Assert.Single(movie.Damage).Length);
    }

    [Fact]
    public void The_search_ends_at_its_limit()
    {
        byte[] file = [.. Whole[..Tags[40]], .. new byte[200_000], .. Whole[Tags[40]..]];
        Assert.Equal(80, MovieFiles.Parse(file).Tracks.Sum(track => track.SampleCount));
        Movie movie = MovieFiles.Parse(file, new MediaLimits { ResyncBytes = 100_000 });
        Assert.Equal(38, movie.Tracks.Sum(track => track.SampleCount));
        Assert.Single(movie.Damage);
    }

    /// <summary>Some writers repeat lengths that are a constant off; the tags themselves are right.</summary>
    [Fact]
    public void Repeated_lengths_that_are_all_wrong_do_no_harm()
    {
        byte[] file = [.. Whole];
        foreach (int tag in Tags[1..])
        {
            file[tag - 1] += 4;
        }

        file[^1] += 4;
        Movie movie = MovieFiles.Parse(file);
        Assert.Equal(80, movie.Tracks.Sum(track => track.SampleCount));
        Assert.Empty(movie.Damage);
    }

    [Theory]
    [InlineData(8, "AF 02 00")] // an undefined packet type
    [InlineData(8, "AF 00 12")] // a later configuration that ends early
    [InlineData(9, "17 00 000000 0142")]
    [InlineData(9, "98 68766331 00")]
    [InlineData(8, "2F FFFB9064 00")] // MP3 in a track of AAC
    [InlineData(9, "22 0000")] // Sorenson in a track of AVC
    public void One_bad_tag_is_passed_over(int type, string body)
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        for (int i = 0; i < 10; i++)
        {
            builder.Picture(i * 40, isKey: i == 0).Sound(i * 40);
            if (i == 5)
            {
                builder.Tag(type, 200, body);
            }
        }

        Movie movie = MovieFiles.Parse(builder.Build());
        Assert.All(movie.Tracks, track => Assert.Equal(10, track.SampleCount));
        Assert.All(movie.Tracks, track => Assert.Single(track.Codecs));
        Assert.StartsWith(type == 8 ? "audio tag" : "video tag", Assert.Single(movie.Damage).Location.Structure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_configuration_leaves_out_its_track_alone()
    {
        Movie movie = MovieFiles.Parse(new FlvBuilder().Avc().Tag(8, 0, "AF 00 12").Picture(0, isKey: true).Sound(0).Build());
        Assert.Equal(1, movie.Tracks[0].SampleCount);
        Assert.Null(movie.Tracks[1].Codec);
        Assert.NotEqual("it has no codec configuration", movie.Tracks[1].UnplayableReason);
        Assert.Throws<FlvFormatException>(() => MovieFiles.Parse(new FlvBuilder().Tag(8, 0, "AF 00 12").Sound(0).Build()));
    }

    private static byte[] Build()
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        for (int i = 0; i < 40; i++)
        {
            builder.Picture(i * 40, isKey: i % 10 == 0).Sound(i * 40);
        }

        return builder.Tag(18, 1600, "02 000A 6F6E4D65746144617461").Build();
    }

    private static int[] FindTags(byte[] file)
    {
        List<int> tags = [];
        for (int at = 13; at < file.Length; at += 15 + (file[at + 1] << 16 | file[at + 2] << 8 | file[at + 3]))
        {
            tags.Add(at);
        }

        return [.. tags];
    }
}
