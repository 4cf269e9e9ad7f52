namespace Mapwire.Http.Tests;

public sealed class ContentTypeTests
{
    [Theory]
    [InlineData("film.mp4", "video/mp4")]
    [InlineData("1.m4s", "video/mp4")]
    [InlineData("index.m3u8", "application/vnd.apple.mpegurl")] // RFC 8216, section 10
    [InlineData("manifest.mpd", "application/dash+xml")]
    [InlineData("film.de.vtt", "text/vtt; charset=utf-8")]
    [InlineData("stream.flv", "video/x-flv")]
    [InlineData("list.json", "application/json")]
    [InlineData("index.html", "text/html; charset=utf-8")]
    [InlineData("FILM.MP4", "video/mp4")]
    [InlineData("mp4", "application/octet-stream")]
    [InlineData("film.mp4.exe", "application/octet-stream")]
    [InlineData("", "application/octet-stream")]
    public void A_type_is_told_by_the_extension(string name, string type) => Assert.Equal(type, ContentTypes.FromName(name));
}
