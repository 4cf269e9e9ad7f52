using System.Text;
using Mapwire.Http.Targets;
using Mapwire.Server.Http;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>Which paths lead to what of a title, and which to nothing.</summary>
public sealed class RouteTests
{
    [Theory]
    [InlineData("/vod/a.mp4", "File a.mp4  0")]
    [InlineData("/vod/dir/a.mp4", "File dir/a.mp4  0")]
    [InlineData("/vod/dir/index.m3u8", "File dir/index.m3u8  0")] // a list of its own
    [InlineData("/vod/a.mp4/index.m3u8", "Master a.mp4  0")]
    [InlineData("/vod/list.m3u8/index.m3u8", "Master list.m3u8  0")]
    [InlineData("/vod/a.mp4/v1a1.m3u8", "Playlist a.mp4 v1a1 0")]
    [InlineData("/vod/a.mp4/v1-pictures.m3u8", "PicturePlaylist a.mp4 v1 0")]
    [InlineData("/vod/a.mp4/v1a2-init-1.mp4", "Init a.mp4 v1a2 0")]
    [InlineData("/vod/a.mp4/a12-345.m4s", "Segment a.mp4 a12 344")]
    [InlineData("/vod/a.mp4/v1-picture-7.m4s", "Picture a.mp4 v1 6")]
    [InlineData("/vod/a.mp4/stream.flv", "Flv a.mp4  0")]
    [InlineData("/vod/dir/stream.flv", "File dir/stream.flv  0")]
    [InlineData("/vod/a.mp4/manifest.mpd", "Manifest a.mp4  0")]
    [InlineData("/vod/a.mp4/stream.mp4", "Stream a.mp4  0")]
    [InlineData("/vod/a.mp4/clip.mp4", "Clip a.mp4  0")]
    [InlineData("/vod/a.mp4/subtitles-de.m3u8", "SubtitlesPlaylist a.mp4 de 0")]
    [InlineData("/vod/a.mp4/subtitles-pt-br-2.vtt", "Subtitles a.mp4 pt-br 1")]
    [InlineData("/vod/a.mp4/subtitles-und-period-1.vtt", "PeriodSubtitles a.mp4 und 0")]
    [InlineData("/vod/a.mp4/subtitles-.m3u8", "File a.mp4/subtitles-.m3u8  0")]
    [InlineData("/vod/a.mp4/subtitles-DE.m3u8", "File a.mp4/subtitles-DE.m3u8  0")]
    [InlineData("/vod/a.mp4/subtitles-de.vtt", null)]
    [InlineData("/vod/a.mp4/subtitles-de-0.vtt", null)]
    [InlineData("/vod/a.mp4/subtitles--1.vtt", null)]
    [InlineData("/vod/a.mp4/v1-0.m4s", null)]
    [InlineData("/vod/a.mp4/v1-01.m4s", null)]
    [InlineData("/vod/a.mp4/v1-+1.m4s", null)]
    [InlineData("/vod/a.mp4/v1--1.m4s", null)]
    [InlineData("/vod/a.mp4/v1-99999999999.m4s", null)]
    [InlineData("/vod/a.mp4/v1-.m4s", null)]
    [InlineData("/vod/a.mp4/-1.m4s", null)]
    [InlineData("/vod/a.mp4/x1-1.m4s", null)]
    [InlineData("/vod/a.mp4/v1-init-1.m4s", null)]
    [InlineData("/vod/a.mp4/other.mp4", "File a.mp4/other.mp4  0")] // in a folder that is named as a film
    [InlineData("/vod/a.mp4/b.mp4/other.m3u8", "File a.mp4/b.mp4/other.m3u8  0")]
    [InlineData("/vod/a.mp4/other.txt", null)]
    [InlineData("/vod/", "Listing   0")]
    [InlineData("/vod/dir/sub/", "Listing dir/sub  0")]
    [InlineData("/vod/dir/a.mp4/", "Page dir/a.mp4  0")]
    [InlineData("/vod/list.m3u8/", "Page list.m3u8  0")]
    [InlineData("/vod", null)]
    [InlineData("/other/a.mp4", null)]
    public void A_path_leads_to_one_thing_or_none(string path, string? expected)
    {
        Assert.True(RequestTarget.TryParse(Encoding.ASCII.GetBytes(path), out RequestTarget? target, out _));
        bool isFound = Route.TryFind(target, "vod", isLive: null, out Route? route);
        Assert.Equal(expected is not null, isFound);
        Assert.Equal(expected, route is null ? null : $"{route.Kind} {route.Title} {route.Tracks} {route.Index}");
    }
}
