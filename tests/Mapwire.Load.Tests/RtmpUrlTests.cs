namespace Mapwire.Load.Tests;

public sealed class RtmpUrlTests
{
    [Theory]
    [InlineData("rtmp://localhost/vod/film.mp4", "localhost", 1935, "vod", "film.mp4", "rtmp://localhost:1935/vod")]
    [InlineData("rtmp://10.0.0.1:19350/vod/a/b%20c.mp4?token=x/y", "10.0.0.1", 19350, "vod", "a/b%20c.mp4?token=x/y", "rtmp://10.0.0.1:19350/vod")]
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
}
