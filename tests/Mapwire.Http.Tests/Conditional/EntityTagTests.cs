using System.Text;
using Mapwire.Http.Conditional;

namespace Mapwire.Http.Tests.Conditional;

public sealed class EntityTagTests
{
    /// <summary>The table of RFC 9110, section 8.8.3.2.</summary>
    [Theory]
    [InlineData("1", true, "W/\"1\"", false, true)]
    [InlineData("1", true, "W/\"2\"", false, false)]
    [InlineData("1", true, "\"1\"", false, true)]
    [InlineData("1", false, "W/\"1\"", false, true)]
    [InlineData("1", false, "\"1\"", true, true)]
    public void Tags_are_compared_strongly_and_weakly(string opaque, bool isWeak, string field, bool strongly, bool weakly)
    {
        EntityTag tag = new(opaque, isWeak);
        Assert.Equal(strongly, tag.MatchesStrongly(Encoding.ASCII.GetBytes(field)));
        Assert.Equal(weakly, tag.MatchesWeakly(Encoding.ASCII.GetBytes(field)));
    }

    [Theory]
    [InlineData("\"xyzzy\"", true)]
    [InlineData("\"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"", true)] // RFC 9110, section 13.1.1
    [InlineData("\"r2d2xxxx\",\"xyzzy\"", true)]
    [InlineData(" \t\"a\"\t,,\t \"xyzzy\" ,", true)] // empty elements are passed over
    [InlineData(", \"xyzzy\"", true)]
    [InlineData("\t,,\"xyzzy\"", true)]
    [InlineData(",", false)]
    [InlineData(", *", false)]
    [InlineData("*", true)]
    [InlineData(" * ", true)]
    [InlineData("\"a,b\", \"xyzzy\"", true)] // a comma inside a tag
    [InlineData("\"\", \"xyzzy\"", true)]
    [InlineData("", false)]
    [InlineData("xyzzy", false)]
    [InlineData("\"xyzzy", false)]
    [InlineData("xyzzy\"", false)]
    [InlineData("\"", false)]
    [InlineData("\"XYZZY\"", false)]
    [InlineData("\"xyzz\"", false)]
    [InlineData("\"xyzzy1\"", false)]
    [InlineData("w/\"xyzzy\"", false)]
    [InlineData("W/", false)]
    [InlineData("W/xyzzy", false)]
    [InlineData("*, \"xyzzy\"", false)]
    [InlineData("\"a\" \"xyzzy\"", false)]
    [InlineData("\"a\", b, \"xyzzy\"", false)] // ends where it is malformed
    [InlineData("\"xyzzy\"x", false)]
    public void A_tag_is_found_in_a_list(string field, bool isFound)
    {
        EntityTag tag = new("xyzzy");
        Assert.Equal(isFound, tag.MatchesStrongly(Encoding.ASCII.GetBytes(field)));
        Assert.Equal(isFound, tag.MatchesWeakly(Encoding.ASCII.GetBytes(field)));
    }

    [Theory]
    [InlineData("a\"b")]
    [InlineData("a b")]
    [InlineData("a\r\nb")]
    [InlineData("\u00e9")]
    [InlineData("\u007f")]
    public void A_tag_that_could_break_out_of_its_quotes_is_refused(string opaque) =>
        Assert.Throws<ArgumentException>(() => new EntityTag(opaque));

    [Fact]
    public void A_tag_is_written_as_a_field_value()
    {
        Assert.Equal("\"a!~\"", new EntityTag("a!~").ToString());
        Assert.Equal("W/\"\"", new EntityTag("", isWeak: true).ToString());
    }
}
