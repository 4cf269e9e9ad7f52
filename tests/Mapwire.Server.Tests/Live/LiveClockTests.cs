using Mapwire.Server.Live;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>One time line of whatever timestamps a publisher sends.</summary>
public sealed class LiveClockTests
{
    private readonly LiveClock _clock = new();
    private LiveTrackTimes _video;
    private LiveTrackTimes _audio;
    private long _arrival = 1_000_000;

    [Fact]
    public void Times_are_as_far_from_each_other_as_timestamps_whatever_they_begin_with()
    {
        long first = Video(4_000_000_000);
        Assert.Equal(LiveClock.Start, first);
        Assert.Equal(first - 23, Audio(4_000_000_000 - 23)); // sound may begin a little earlier
        Assert.Equal(first + 40, Video(4_000_000_040));
    }

    [Fact]
    public void Timestamps_that_come_around_go_on()
    {
        long first = Video(uint.MaxValue - 19);
        Assert.Equal(first + 40, Video(20));
        Assert.Equal(first + 43, Audio(23));
    }

    [Fact]
    public void A_jump_of_both_tracks_keeps_sound_and_pictures_together()
    {
        long first = Video(0);
        Audio(0);
        Assert.Equal(first + 40, Video(40));
        Assert.Equal(first + 23, Audio(23));
        long jumped = Video(5_000_000); // an hour and more ahead; sound has not come to it yet
        Assert.Equal(first + 80, jumped);
        Assert.Equal(first + 46, Audio(46));
        Assert.Equal(jumped - 11, Audio(5_000_000 - 11));
        Assert.Equal(jumped + 40, Video(5_000_040));
        Assert.Equal(jumped + 12, Audio(5_000_012));
    }

    [Fact]
    public void A_jump_back_goes_on_behind_what_was_sent()
    {
        long first = Video(900_000);
        Assert.Equal(first + 40, Video(900_040));
        Assert.Equal(first + 80, Video(100));
        Assert.Equal(first + 120, Video(140));
    }

    [Fact]
    public void One_wrong_timestamp_moves_one_message()
    {
        long first = Video(0);
        Assert.Equal(first + 40, Video(40));
        long wrong = Video(36_000_000);
        Assert.InRange(wrong, first + 40, first + 120);
        Assert.Equal(first + 120, Video(120));
        Assert.Equal(first + 160, Video(160));
        Assert.Equal(first + 150, Audio(150));
    }

    [Fact]
    public void A_pause_is_believed_up_to_ten_seconds_and_longer_when_the_clock_agrees()
    {
        long first = Video(0);
        Assert.Equal(first + LiveClock.LongestStep, Video((uint)LiveClock.LongestStep));
        _arrival += 60_000;
        Assert.Equal(first + LiveClock.LongestStep + 60_500, Video((uint)LiveClock.LongestStep + 60_500));
    }

    [Fact]
    public void Times_of_a_track_never_go_back_and_may_stand_still()
    {
        long first = Video(1000);
        Assert.Equal(first, Video(1000));
        Assert.Equal(first, Video(900)); // an encoder's unevenness
        Assert.Equal(first, Video(1000));
        Assert.Equal(first + 40, Video(1040));
    }

    [Fact]
    public void Time_goes_on_as_messages_arrive_where_timestamps_stand_still()
    {
        long first = Video(0);
        long standing = 0;
        for (int i = 0; i < 250; i++) // ten seconds
        {
            _arrival += 40;
            standing = Video(0);
            Assert.InRange(Audio(0), standing, standing); // on the same time line
        }

        Assert.InRange(standing - first, 7_900, 8_000); // all but what shows that they stand still
        _arrival += 40;
        Assert.Equal(standing + 40, Video(40)); // and go on by themselves from there
        _arrival += 40;
        Assert.Equal(standing + 80, Video(80));
    }

    [Fact]
    public void Timestamps_that_swing_to_and_fro_stand_still()
    {
        long first = Video(0);
        for (int i = 0; i < 250; i++)
        {
            _arrival += 40;
            Video(i % 2 == 0 ? 500u : 0);
        }

        Assert.InRange(_clock.Latest - first, 7_500, 9_000);
    }

    [Fact]
    public void A_pause_adds_nothing_where_timestamps_go_on_behind_it()
    {
        long first = Video(0);
        Assert.Equal(first + 23, Audio(23));
        _arrival += 9_000;
        Assert.Equal(first + 20, Video(20)); // a little before the sound of before
        Assert.Equal(first + 46, Audio(46));
        Assert.Equal(first + 60, Video(60));
    }

    [Fact]
    public void Timestamps_that_come_back_after_long_go_on_behind_what_was_sent_meanwhile()
    {
        Video(0);
        _arrival += 40;
        Video(36_000_000);
        for (uint i = 1; i < 500; i++)
        {
            _arrival += 40;
            Video(36_000_000 + (i * 40));
        }

        long before = _clock.Latest;
        _arrival += 40;
        Assert.Equal(before + 40, Video(40)); // of a run that is long ago
        _arrival += 40;
        Assert.Equal(before + 80, Video(80));
    }

    [Fact]
    public void Another_publisher_goes_on_behind_what_was_sent_whatever_its_first_timestamp_is()
    {
        long first = Video(0);
        Assert.Equal(first + 40, Video(40));
        _clock.Restart();
        Assert.Equal(first + 80, Video(77));
        Assert.Equal(first + 120, Video(117));
    }

    [Fact]
    public void No_sequence_of_timestamps_takes_a_track_back()
    {
        Random random = new(7);
        long lastVideo = 0;
        long lastAudio = 0;
        uint timestamp = 0;
        for (int i = 0; i < 100_000; i++)
        {
            _arrival += random.Next(100);
            timestamp = random.Next(50) switch
            {
                0 => (uint)random.NextInt64(1L << 32),
                1 => timestamp - (uint)random.Next(100_000),
                2 => timestamp + (uint)random.Next(100_000),
                _ => timestamp + (uint)random.Next(60),
            };
            if (random.Next(2) == 0)
            {
                long time = Video(timestamp);
                Assert.True(time >= lastVideo && time <= _clock.Latest);
                lastVideo = time;
            }
            else
            {
                long time = Audio(timestamp);
                Assert.True(time >= lastAudio && time <= _clock.Latest);
                lastAudio = time;
            }
        }
    }

    private long Video(uint timestamp) => _clock.TimeOf(timestamp, _arrival, ref _video);

    private long Audio(uint timestamp) => _clock.TimeOf(timestamp, _arrival, ref _audio);
}
