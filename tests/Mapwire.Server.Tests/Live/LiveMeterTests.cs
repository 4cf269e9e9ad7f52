using Mapwire.Server.Live;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>What a publisher sends, with its clock in the test's hand.</summary>
public sealed class LiveMeterTests
{
    private static readonly uint Start = uint.MaxValue - 3_000; // timestamps come around meanwhile

    private readonly LiveMeter _meter = new();

    [Fact]
    public void An_even_stream_has_its_rates_and_no_jitter()
    {
        Send(milliseconds: 12_000);
        Assert.Equal(25, _meter.FrameRate, 0.2);
        Assert.Equal(25 * 1000, _meter.VideoRate, 200.0);
        Assert.Equal(50 * 100, _meter.AudioRate, 40.0);
        Assert.Equal(2000, _meter.KeyframeInterval);
        Assert.Equal(0, _meter.Jitter);
        Assert.Equal(20, _meter.LongestPause);
        Assert.InRange(_meter.SoundAhead!.Value, -20, 0); // sound comes behind the picture of its time
    }

    [Fact]
    public void A_second_is_enough_for_the_rates()
    {
        Send(milliseconds: 1_000);
        Assert.Equal(25, _meter.FrameRate, 1.0);
        Assert.Null(_meter.KeyframeInterval);
    }

    [Fact]
    public void A_change_of_the_rate_is_whole_after_two_stretches()
    {
        Send(milliseconds: 60_000);
        Send(milliseconds: 9_000, from: 60_000, pictureStep: 20);
        Assert.Equal(50, _meter.FrameRate, 0.5);
    }

    [Fact]
    public void Pictures_that_arrive_unevenly_have_jitter()
    {
        for (uint i = 0; i < 200; i++)
        {
            _meter.Take(isVideo: true, isFirstTrack: true, isSync: false, 1000, Start + (i * 40), (i * 40) + (10 * (i % 2)));
        }

        Assert.Equal(10, _meter.Jitter, 0.1);
    }

    [Fact]
    public void The_jitter_of_sound_counts_where_there_are_no_pictures()
    {
        for (uint i = 0; i < 200; i++)
        {
            _meter.Take(isVideo: false, isFirstTrack: true, isSync: true, 100, Start + (i * 20), (i * 20) + (4 * (i % 2)));
        }

        Assert.Equal(4, _meter.Jitter, 0.1);
        Assert.Null(_meter.SoundAhead);
        Assert.Equal(0, _meter.FrameRate);
    }

    [Fact]
    public void A_jump_of_timestamps_is_neither_jitter_nor_a_keyframe_interval()
    {
        Send(milliseconds: 4_000);
        Send(milliseconds: 4_000, from: 4_000, jump: 3_600_000);
        Assert.Equal(0, _meter.Jitter);
        Assert.Equal(2000, _meter.KeyframeInterval);
        Assert.Equal(25, _meter.FrameRate, 0.2);
        Assert.InRange(_meter.SoundAhead!.Value, -20, 0);
    }

    [Fact]
    public void Sound_that_stays_behind_when_pictures_jump_is_told_at_once()
    {
        Send(milliseconds: 4_000);
        _meter.Take(isVideo: true, isFirstTrack: true, isSync: false, 1000, Start + 4_000 + 5_000, 4_000);
        Assert.Equal(-5_020, _meter.SoundAhead!.Value);
    }

    [Fact]
    public void The_longest_pause_is_kept_and_rates_begin_anew_behind_a_long_one()
    {
        Send(milliseconds: 8_000);
        Send(milliseconds: 2_000, from: 38_000);
        Assert.Equal(30_020, _meter.LongestPause);
        Assert.Equal(25, _meter.FrameRate, 0.5);
    }

    [Fact]
    public void Of_further_tracks_only_the_bytes_count()
    {
        for (uint i = 0; i < 500; i++)
        {
            _meter.Take(isVideo: true, isFirstTrack: true, isSync: i % 50 == 0, 1000, Start + (i * 40), i * 40);
            _meter.Take(isVideo: true, isFirstTrack: false, isSync: i % 7 == 0, 3000, Start + (i * 40) + 13, i * 40);
        }

        Assert.Equal(25, _meter.FrameRate, 0.2);
        Assert.Equal(25 * 4000, _meter.VideoRate, 800.0);
        Assert.Equal(2000, _meter.KeyframeInterval);
        Assert.Equal(0, _meter.Jitter);
    }

    [Fact]
    public void Measuring_allocates_nothing()
    {
        Send(milliseconds: 1_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Send(milliseconds: 200_000, from: 1_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 9_999); // 15,000 messages; the runtime compiles the loop anew
    }

    /// <summary>25 pictures of 1,000 bytes and 50 sounds of 100 a second, a keyframe each two seconds.</summary>
    private void Send(uint milliseconds, uint from = 0, uint pictureStep = 40, uint jump = 0)
    {
        for (uint time = from; time < from + milliseconds; time += 20)
        {
            uint timestamp = unchecked(Start + time + jump);
            if ((time - from) % pictureStep == 0)
            {
                _meter.Take(isVideo: true, isFirstTrack: true, isSync: time % 2000 == 0, 1000, timestamp, time);
            }

            _meter.Take(isVideo: false, isFirstTrack: true, isSync: true, 100, timestamp, time);
        }
    }
}
