using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Live;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>LIVE 24: what encoders and players write for the same stream, and what of it is its name and its key.</summary>
public sealed class LiveNameTests
{
    [Theory]
    [InlineData("vod", "cam", "cam", null)]
    [InlineData("vod", "cam?key=a", "cam", "a")]
    [InlineData("vod?key=a", "cam", "cam", "a")]
    [InlineData("vod/?key=a", "cam", "cam", "a")]
    [InlineData("vod?key=b", "cam?key=a", "cam", "a")] // the name's own counts
    [InlineData("vod/a/b", "c", "a/b/c", null)]
    [InlineData("vod/a", "b/c?x=1&key=k", "a/b/c", "k")]
    [InlineData("vod", "/cam/", "cam", null)]
    [InlineData("vod/", "cam?key=", "cam", "")]
    [InlineData("vod", "cam?token=x", "cam", null)]
    [InlineData("vod", "cam?mykey=x", "cam", null)]
    [InlineData("vod", "cam?key=a%26b%3D", "cam", "a&b=")]
    [InlineData("vod", "cam?key=a=b", "cam", "a=b")]
    [InlineData("vod", "cam?key=a?key=b", "cam", "a?key=b")]
    [InlineData("vod", "?token=x", "", null)]
    [InlineData("vod", "", "", null)]
    public void A_name_is_the_path_and_its_key_what_the_query_says(string application, string name, string stream, string? key)
    {
        (_, string folder) = PlayName.ParseApplication(application);
        LiveName live = LiveName.Of(PlayName.Parse(folder, name), application.Split('?', 2) is [_, var query] ? query : "");
        Assert.Equal((stream, key), (live.Name, live.Key));
        Assert.Equal(stream.Length > 0, live.IsValid);
        Assert.Equal(stream, live.ToString());
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("a\\b")]
    [InlineData("a%2Fb")]
    [InlineData("a#b")]
    [InlineData("a\nb")]
    [InlineData("film.mp4")] // it would hide the film
    [InlineData("a/film.FLV")]
    public void A_name_that_would_lead_elsewhere_is_none(string name) => Assert.False(LiveName.Of(PlayName.Parse("", name)).IsValid);

    [Fact]
    public void Long_names_and_keys_are_none()
    {
        Assert.True(LiveName.Of(PlayName.Parse("", new string('n', LiveName.MaxLength))).IsValid);
        Assert.False(LiveName.Of(PlayName.Parse("", new string('n', LiveName.MaxLength + 1))).IsValid);
        Assert.Null(LiveName.Of(PlayName.Parse("", "cam?key=" + new string('k', 1025))).Key);
    }

    [Theory]
    [InlineData("cam?video=2&audio=3&start=-30", 2, 3, 30_000)]
    [InlineData("cam?start=-2.5&video=none", -1, 0, 2500)]
    [InlineData("cam?audio=none&start=30", 0, -1, 0)]
    [InlineData("cam", 0, 0, 0)]
    [InlineData("cam?start=-x&videos=9", 0, 0, 0)]
    public void A_viewer_asks_for_tracks_and_for_some_time_ago(string name, int video, int audio, long behind)
    {
        PlayName asked = PlayName.Parse("", name);
        Assert.Equal((video, audio), LiveName.TracksOf(asked));
        Assert.Equal(behind, LiveName.Of(asked).Behind);
    }

    [Theory]
    [InlineData("cam?video=0")]
    [InlineData("cam?video=65")]
    [InlineData("cam?audio=first")]
    [InlineData("cam?start=-30&audio=")]
    public void A_track_that_is_none_is_refused(string name) =>
        Assert.Throws<TitleException>(() => LiveName.TracksOf(PlayName.Parse("", name)));
}
