namespace Mapwire.Load.Tests;

public sealed class HttpUrlTests
{
    [Theory]
    [InlineData("http://h/vod/a%20b.mp4?x={0..3}#frag", "h", 80, false, "/vod/a%20b.mp4?x={0..3}", "h")]
    [InlineData("https://h:8443", "h", 8443, true, "/", "h:8443")]
    [InlineData("http://[::1]:81/x", "::1", 81, false, "/x", "[::1]:81")]
    public void A_url_is_read_as_it_was_written(string text, string host, int port, bool isEncrypted, string target, string authority)
    {
        Assert.True(HttpUrl.TryParse(text, out HttpUrl? url));
        Assert.Equal(new HttpUrl(host, port, isEncrypted, target), url);
        Assert.Equal(authority, url.Authority);
    }

    [Theory]
    [InlineData("rtmp://h/vod/x")]
    [InlineData("http:///x")]
    [InlineData("http://user@h/x")]
    [InlineData("http://h/a b")]
    [InlineData("http://h/\u00E4")]
    public void What_is_no_url_is_refused(string text) => Assert.False(HttpUrl.TryParse(text, out _));

    [Theory]
    [InlineData("/vod/index.m3u8?x=a.flv", HttpMedia.Hls)]
    [InlineData("/live/STREAM.FLV", HttpMedia.Flv)]
    [InlineData("/film.mp4", HttpMedia.Bytes)]
    public void The_extension_says_what_is_watched(string target, HttpMedia media) =>
        Assert.Equal(media, new HttpUrl("h", 80, false, target).Media);

    [Theory]
    [InlineData("seg1.m4s", "/vod/seg1.m4s")]
    [InlineData("/x?y=1", "/x?y=1")]
    [InlineData("../a b", "/a%20b")]
    [InlineData("http://h/z", "/z")]
    [InlineData("https://h/z", null)]
    [InlineData("http://other/z", null)]
    public void References_lead_to_the_same_server_alone(string reference, string? target) =>
        Assert.Equal(target, new HttpUrl("h", 80, false, "/vod/index.m3u8?viewer=1").Resolve(reference));

    [Fact]
    public void Ranges_of_numbers_are_taken_in_turn()
    {
        HttpUrl url = new("h", 80, false, "/{0..2}.mp4");
        Assert.Equal(["/0.mp4", "/1.mp4", "/2.mp4", "/0.mp4"], Enumerable.Range(0, 4).Select(turn => url.ForTurn(turn).Target));
    }
}
