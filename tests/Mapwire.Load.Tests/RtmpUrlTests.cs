namespace Mapwire.Load.Tests;

public sealed class RtmpUrlTests
{
    [Theory]
    [InlineData("rtmp://localhost/vod/film.mp4", "localhost", 1935, "vod", "film.mp4", "rtmp://localhost:1935/vod")]
    [InlineData("rtmp://10.0.0.1:19350/vod/a/b%20c.mp4?token=x/y", "10.0.0.1", 19350, "vod", "a/b%20c.mp4?token=x/y",
    "rtmp://10.0.0.1:19350/vod")]
    [InlineData("rtmp://[::1]:1936/live/mp4:x", "::1", 1936, "live", "mp4:x", "rtmp://[::1]:1936/live")]
    public void A_url_is_taken_apart(string text, string host, int port, string application, string name, string connect)
    {
        Assert.True(RtmpUrl.TryParse(text, out RtmpUrl? url));
        Assert.Equal(new RtmpUrl(host, port, application, name), url);
        Assert.Equal(connect, url.ConnectUrl);
    }

    [Theory]
    [InlineData("http://localhost/vod/film.mp4")]
    [InlineData("rtmp://localhost")]
    [InlineData("rtmp://localhost/vod")]
    [InlineData("rtmp://localhost/vod/")]
    [InlineData("rtmp://localhost//film.mp4")]
    [InlineData("rtmp:///vod/film.mp4")]
    [InlineData("rtmp://localhost:99999/vod/film.mp4")]
    [InlineData("film.mp4")]
    [InlineData("")]
    public void What_is_no_stream_is_refused(string text) => Assert.False(RtmpUrl.TryParse(text, out _));

    [Theory]
    [InlineData("film.mp4", 7, "film.mp4")]
    [InlineData("library/{0..199}.mp4", 0, "library/0.mp4")]
    [InlineData("library/{0..199}.mp4", 199, "library/199.mp4")]
    [InlineData("library/{0..199}.mp4", 200, "library/0.mp4")]
    [InlineData("{3..4}/{10..12}.mp4?lang={x}", 4, "3/11.mp4?lang={x}")]
    [InlineData("{5..4}.mp4", 1, "{5..4}.mp4")]
    public void A_range_of_numbers_gives_each_player_a_name_of_its_own(string name, int player, string expected) =>
        Assert.Equal(new RtmpUrl("h", 1935, "vod", expected), new RtmpUrl("h", 1935, "vod", name).ForPlayer(player));

    [Fact]
    public void Each_publisher_has_a_name_of_its_own_and_viewers_no_key()
    {
        RtmpUrl url = new("h", 1935, "vod", "live%d/x%d?key=a%20b");
        Assert.True(url.HasPlayerNumber);
        Assert.Equal("live12/x12?key=a%20b", url.ForPublisher(12).Name);
        Assert.Equal("live12/x12", url.ForPublisher(12).WithoutQuery.Name);
        Assert.Equal(url.WithoutQuery, url.WithoutQuery.WithoutQuery);
        Assert.False(new RtmpUrl("h", 1935, "vod", "live").HasPlayerNumber);
    }
}
