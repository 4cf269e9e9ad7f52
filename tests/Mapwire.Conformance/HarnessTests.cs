using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;

namespace Mapwire.Conformance;

/// <summary>
/// The checks themselves, tried on nginx-rtmp: they must pass what it does well and find what it is known to do badly, or
/// they would prove nothing about this server.
/// </summary>
public sealed class HarnessTests(ServedFilms films)
{
    [Fact]
    public async Task A_film_served_well_is_found_good()
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync("video-only.mp4")));
        NginxRtmp nginx = await films.Nginx;
        string address = nginx.Address("video-only.mp4");
        Assert.Empty(Expectation.Differences(expected, await Ffprobe.ReadAsync(address, "-rtmp_buffer", "60000")));
    }

    [Fact]
    public async Task An_ignored_edit_list_is_found()
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync("late-audio.mp4")));
        NginxRtmp nginx = await films.Nginx;
        Recording actual = await Ffprobe.ReadAsync(nginx.Address("late-audio.mp4"), "-rtmp_buffer", "60000");
        Assert.Contains(Expectation.Differences(expected, actual), difference => difference.Contains("dts", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_dropped_frame_is_found()
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync("large-frames.mp4")));
        NginxRtmp nginx = await films.Nginx;
        Recording actual = await Ffprobe.ReadAsync(nginx.Address("large-frames.mp4"), "-rtmp_buffer", "60000");
        Assert.Contains(Expectation.Differences(expected, actual),
            difference => difference.Contains("packets instead of", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_test_player_reads_what_ffmpeg_reads()
    {
        await FilmFactory.GetAsync("moov-last.mp4");
        NginxRtmp nginx = await films.Nginx;
        Recording expected = await Ffprobe.ReadAsync(nginx.Address("moov-last.mp4"), "-rtmp_buffer", "60000");
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(nginx.Port);
        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.PlayAsync("mp4:moov-last.mp4", -2000);
        await player.ToTheEndAsync();
        Recording actual = new([.. player.Heard.Select(message => message.Packet).OfType<Packet>()], [], null);
        Assert.Empty(Expectation.Differences(expected, actual, from: 0));
    }

    [Fact]
    public async Task Rtmpdump_and_ffmpeg_copy_are_read_alike()
    {
        await FilmFactory.GetAsync("moov-first.mp4");
        NginxRtmp nginx = await films.Nginx;
        string address = nginx.Address("mp4:moov-first.mp4");
        Recording copy = await FfmpegCopy.ReadAsync(address, "-rtmp_buffer", "60000");
        Assert.NotEmpty(copy.Packets);
        Assert.Empty(Expectation.Differences(copy, await Rtmpdump.ReadAsync(address), from: 0));
    }

    [Fact]
    public async Task A_delayed_acknowledgement_is_found()
    {
        await FilmFactory.GetAsync("moov-last.mp4");
        double milliseconds = await Playback.PlayTests.FastestStartAsync((await films.Nginx).Port);
        Assert.True(milliseconds > 35, $"{milliseconds} ms");
    }
}
