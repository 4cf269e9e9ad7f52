using Mapwire.Load.Measuring;

namespace Mapwire.Load.Tests.Measuring;

/// <summary>Which frame of a stream it is that a viewer got.</summary>
public sealed class FrameMatchTests
{
    private const long Millisecond = LoadClock.Millisecond;

    /// <summary>A second: 25 pictures that differ, and 50 sounds of which the second half is silence.</summary>
    private static readonly FilmFrames Film = new(
        [.. Enumerable.Range(0, 25).Select(static i => FilmFrame.Of(Picture(i), i * 40))],
        [.. Enumerable.Range(0, 50).Select(static i => FilmFrame.Of(Sound(i), i * 20))],
        1000);

    private readonly SentFrames _sent = new(Film);
    private readonly MatchTally _tally = new();
    private readonly FrameMatch _match;

    public FrameMatchTests() => _match = new FrameMatch(_sent, _tally);

    [Fact]
    public void A_viewer_from_the_start_matches_all_and_each_is_timed()
    {
        for (int time = 0; time < 3000; time += 20)
        {
            Send(time, time + 20);
            Receive(time, time + 20, delay: 0);
        }

        Assert.Equal((225, 0, 0, 0), (_tally.Matched, _tally.Missing, _tally.Repeated, _tally.Altered));
        Assert.Equal(225, _tally.Latency.Count);
        Assert.Equal(0, _tally.Latency.Max);
    }

    [Fact]
    public void What_was_sent_before_the_viewer_came_is_matched_and_not_timed()
    {
        Send(0, 2520);
        for (int number = 50; number < 63; number++)
        {
            Take(isVideo: true, number, 2520 * Millisecond); // from the last key picture on, all at once
        }

        Assert.Equal((13, 0, 0), (_tally.Matched, _tally.Missing, _tally.Latency.Count));
        Send(2520, 2600);
        Receive(2520, 2600, delay: 7);
        Assert.Equal((19, 0, 6), (_tally.Matched, _tally.Missing, _tally.Latency.Count));
        Assert.Equal(7000, _tally.Latency.Max);
    }

    [Fact]
    public void Sound_that_is_alike_is_placed_by_the_pictures()
    {
        Send(0, 2000);
        Take(isVideo: true, 45, 2000 * Millisecond); // 1800 ms
        Take(isVideo: false, 90, 2000 * Millisecond);
        Take(isVideo: false, 91, 2000 * Millisecond);
        Send(2000, 2100);
        Take(isVideo: false, 92, 2100 * Millisecond);
        for (int number = 93; number < 105; number++)
        {
            Take(isVideo: false, number, 2100 * Millisecond); // over the end of the silence: a wrong place shows there
        }

        Assert.Equal((16, 0, 0, 0), (_tally.Matched, _tally.Missing, _tally.Repeated, _tally.Altered));
    }

    [Fact]
    public void Sound_before_the_first_picture_counts_for_nothing()
    {
        Send(0, 500);
        Take(isVideo: false, 24, 500 * Millisecond);
        Assert.Equal((0, 0), (_tally.Matched, _tally.Altered));
    }

    [Fact]
    public void Frames_left_out_are_missing_of_their_track_alone()
    {
        Send(0, 1000);
        foreach (int number in (int[])[0, 1, 5, 6])
        {
            Take(isVideo: true, number, 1000 * Millisecond);
        }

        Take(isVideo: false, 0, 1000 * Millisecond);
        Take(isVideo: false, 2, 1000 * Millisecond);
        Assert.Equal((6, 4, 0, 0), (_tally.Matched, _tally.Missing, _tally.Repeated, _tally.Altered));
    }

    [Fact]
    public void Frames_that_come_again_are_repeated_and_strange_ones_altered()
    {
        Send(0, 1000);
        foreach (int number in (int[])[0, 1, 2, 1, 2, 3])
        {
            Take(isVideo: true, number, 1000 * Millisecond);
        }

        _match.Take(isVideo: true, [0x27, 1, 0, 0, 0, 99, 98], 1000, 1000 * Millisecond);
        Take(isVideo: true, 5, 1000 * Millisecond);
        Assert.Equal((5, 1, 2, 1), (_tally.Matched, _tally.Missing, _tally.Repeated, _tally.Altered));
    }

    [Fact]
    public void A_viewer_far_behind_is_timed_by_the_oldest_time_that_is_known()
    {
        SentTrack track = _sent.Video;
        for (int number = 0; number < SentTrack.KeptTimes + 10; number++)
        {
            track.Add(number);
        }

        Assert.Equal(10, track.SentAt(3));
        Assert.Equal(10, track.SentAt(10));
        Assert.Equal(SentTrack.KeptTimes + 9, track.SentAt(SentTrack.KeptTimes + 9));
    }

    [Fact]
    public void A_configuration_is_no_frame()
    {
        Send(0, 100);
        _match.Take(isVideo: true, [0x17, 0, 0, 0, 0, 1, 2, 3], 0, 0);
        _match.Take(isVideo: true, [], 0, 0);
        Assert.Equal((0, 0), (_tally.Matched, _tally.Altered));
    }

    /// <summary>The times of a viewer are 10 s ahead of the publisher's.</summary>
    private void Take(bool isVideo, int number, long now)
    {
        byte[] body = isVideo ? [0x27, 1, 0, 0, 0, .. Picture(number % 25)] : [0xAF, 1, .. Sound(number % 50)];
        _match.Take(isVideo, body, 10_000 + (number * (isVideo ? 40 : 20)), now);
    }

    private void Send(int from, int to)
    {
        for (int time = from; time < to; time += 20)
        {
            if (time % 40 == 0)
            {
                _sent.Video.Add(time * Millisecond);
            }

            _sent.Audio.Add(time * Millisecond);
        }
    }

    private void Receive(int from, int to, int delay)
    {
        for (int time = from; time < to; time += 20)
        {
            if (time % 40 == 0)
            {
                Take(isVideo: true, time / 40, (time + delay) * Millisecond);
            }

            Take(isVideo: false, time / 20, (time + delay) * Millisecond);
        }
    }

    private static byte[] Picture(int number) => [(byte)number, 1, 2, 3, 4, 5, 6, 7, 8];

    private static byte[] Sound(int number) => number < 25 ? [(byte)number, 9] : [0, 0];
}
