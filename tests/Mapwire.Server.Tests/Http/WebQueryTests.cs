using System.Text;
using Mapwire.Http.Targets;
using Mapwire.Server.Files;
using Mapwire.Server.Http;
using Xunit;

namespace Mapwire.Server.Tests.Http;

public sealed class WebQueryTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("token=secret&x=1", "")]
    [InlineData("start=0&end=5", "end=5")]
    [InlineData("end=12.5&audio=2&start=1.25&video=none", "video=none&audio=2&start=1.25&end=12.5")]
    [InlineData("lang=deu", "lang=deu")]
    [InlineData("lang=de", "lang=deu")]
    public void Wishes_have_one_form_whatever_their_order(string query, string key)
    {
        WebQuery read = Read(query);
        Assert.Equal(key, read.Key);
        Assert.Equal(key, Read(read.ForChild("1")[1..]).Key); // and are the same when a child comes back with them
    }

    [Fact]
    public void A_child_has_the_version_the_wishes_and_the_viewer()
    {
        Assert.Equal("?r=ab&audio=2&v=77", Read("v=77&audio=2").ForChild("ab"));
        Assert.Equal("?r=ab", Read("").ForChild("ab"));
        WebQuery read = Read("?r=ab&audio=2&v=77"[1..]);
        Assert.Equal(("ab", "77"), (read.Version, read.Viewer));
    }

    [Theory]
    [InlineData("v=%0D%0ASet-Cookie")]
    [InlineData("v=a%22b")]
    [InlineData("r=a%2Fb")]
    [InlineData("v=01234567890123456789012345678901234567890123456789012345678901234")]
    public void A_word_that_could_break_out_of_a_playlist_is_refused(string query) =>
        Assert.Throws<TitleException>(() => Read(query));

    private static WebQuery Read(string query)
    {
        Assert.True(RequestTarget.TryParse(Encoding.ASCII.GetBytes($"/a?{query}"), out RequestTarget? target, out _));
        return WebQuery.Parse(target.Query);
    }
}
