using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Flv;

/// <summary>What becomes of timestamps that are wrong, negative, far apart or begin again (FLV 10.1, E.4.1).</summary>
public sealed class FlvClockTests
{
    private const int Frames = 50;

    /// <summary>One timestamp of one tag is changed; all other samples keep their times to the millisecond.</summary>
    [Theory]
    [InlineData(4, -20)] // slightly negative near the start
    [InlineData(25, -20)]
    [InlineData(25, int.MinValue)] // bit 31 alone
    [InlineData(25, 2_000_000_000)]
    [InlineData(25, 5_000)]
    [InlineData(25, 0)]
    [InlineData(Frames - 1, 2_000_000_000)] // the last one
    public void One_wrong_timestamp_moves_one_sample(int frame, int timestamp)
    {
        Movie right = Parse(frame, frame * 40, TrackKind.Audio);
        Movie movie = Parse(frame, timestamp == int.MinValue ? frame * 40 | int.MinValue : timestamp, TrackKind.Audio);
        Assert.Equal(right.Tracks[0].Samples, movie.Tracks[0].Samples);
        Assert.Equal(Frames, movie.Tracks[1].SampleCount);
        for (int i = 0; i < Frames; i++)
        {
            if (i != frame)
            {
                Assert.Equal(right.Tracks[1].Samples[i], movie.Tracks[1].Samples[i]);
            }
        }

        Assert.InRange(movie.Tracks[1].Samples[frame].DecodeTime, (frame - 1) * 40, (frame + 1) * 40);
        Assert.InRange(movie.Duration.TotalMilliseconds, right.Duration.TotalMilliseconds - 40, right.Duration.TotalMilliseconds + 40);
    }

    [Fact]
    public void A_picture_with_a_wrong_timestamp_moves_alone_too()
    {
        Movie movie = Parse(30, 30 * 40 | int.MinValue, TrackKind.Video);
        Assert.Equal(Parse(30, 30 * 40, TrackKind.Video).Tracks[0].Samples.Select(sample => sample.DecodeTime),
            movie.Tracks[0].Samples.Select(sample => sample.DecodeTime));
    }

    [Fact]
    public void Sound_that_begins_before_the_first_picture_has_the_time_0()
    {
        Movie movie =
            Parse(new FlvBuilder().Avc().Aac().Picture(0, isKey: true).Sound(-23).Picture(40).Sound(0).Sound(23).Picture(80).Sound(46));
        Assert.Equal([23L, 63, 103], movie.Tracks[0].Samples.Select(sample => sample.DecodeTime));
        Assert.Equal([0L, 23, 46, 69], movie.Tracks[1].Samples.Select(sample => sample.DecodeTime));
        Assert.Equal(143, movie.Duration.TotalMilliseconds);
    }

    [Fact]
    public void A_recording_that_begins_again_continues_in_time()
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < Frames; i++)
            {
                builder.Picture(i * 40, isKey: i == 0).Sound(i * 40);
            }
        }

        Movie movie = Parse(builder);
        long[] expected = [.. Enumerable.Range(0, 3 * Frames).Select(i => i * 40L)];
        Assert.All(movie.Tracks, track => Assert.Equal(expected, track.Samples.Select(sample => sample.DecodeTime)));
        Assert.Equal(3 * Frames * 40, movie.Duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData(60_000)]
    [InlineData(20_000_000)]
    public void A_gap_stays_and_its_length_is_counted_once(int gap)
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        for (int i = 0; i < Frames; i++)
        {
            int time = (i * 40) + (i < 40 ? 0 : gap);
            builder.Picture(time, isKey: i == 0).Sound(time);
        }

        Movie movie = Parse(builder);
        Assert.All(movie.Tracks, track => Assert.Equal((Frames - 1) * 40 + gap, track.Samples[Frames - 1].DecodeTime));
        Assert.Equal((Frames * 40) + gap, movie.Duration.TotalMilliseconds);
    }

    [Fact]
    public void Pictures_with_long_pauses_keep_their_times()
    {
        FlvBuilder builder = new FlvBuilder().Avc();
        int[] times = [0, 7000, 7040, 7080, 30_000, 31_500, 31_540, 90_000];
        foreach (int time in times)
        {
            builder.Picture(time, isKey: true);
        }

        Movie movie = Parse(builder);
        Assert.Equal(times, movie.Tracks[0].Samples.Select(sample => (int)sample.DecodeTime));
        Assert.Equal(90_040, movie.Duration.TotalMilliseconds); // most steps are of 40 ms
    }

    [Fact]
    public void Timestamps_that_come_around_every_49_days_go_on()
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        for (int i = 0; i < Frames; i++)
        {
            int time = unchecked((int)(0xFFFF_FC18u + (uint)(i * 40)));
            builder.Picture(time, isKey: i == 0).Sound(time);
        }

        Assert.All(Parse(builder).Tracks,
            track => Assert.Equal(Enumerable.Range(0, Frames).Select(i => i * 40L), track.Samples.Select(sample => sample.DecodeTime)));
    }

    [Fact]
    public void A_composition_time_that_cannot_be_is_left_out()
    {
        Movie movie = Parse(new FlvBuilder().Avc().Picture(0, isKey: true).Tag(9, 40, "27 01 7FFFFF AA").Tag(9, 80, "27 01 000028 AA"));
        Assert.Equal([0L, 0, 40], movie.Tracks[0].Samples.Select(sample => sample.CompositionOffset));
        Assert.Equal(160, movie.Duration.TotalMilliseconds);
    }

    private static Movie Parse(int frame, int timestamp, TrackKind kind)
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        for (int i = 0; i < Frames; i++)
        {
            builder.Picture(i == frame && kind == TrackKind.Video ? timestamp : i * 40, isKey: i % 10 == 0);
            builder.Sound(i == frame && kind == TrackKind.Audio ? timestamp : i * 40);
        }

        return Parse(builder);
    }

    private static Movie Parse(FlvBuilder builder) => MovieFiles.Parse(builder.Build());
}
