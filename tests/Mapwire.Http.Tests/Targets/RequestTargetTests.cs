using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mapwire.Http.Targets;

namespace Mapwire.Http.Tests.Targets;

public sealed class RequestTargetTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("/vod/film.mp4", "/vod/film.mp4")]
    [InlineData("/vod/", "/vod/")]
    [InlineData("/a%20b", "/a b")]
    [InlineData("/a+b", "/a+b")] // a plus is a plus in a path
    [InlineData("/%41%2d%7E", "/A-~")]
    [InlineData("/%E6%97%A5%e6%9c%ac.mp4", "/日本.mp4")]
    [InlineData("/%F0%9F%98%80", "/😀")]
    [InlineData("/%252e%252e/%2541", "/%2e%2e/%41")] // once, and no more
    [InlineData("/.hidden", "/.hidden")]
    [InlineData("/...", "/...")]
    [InlineData("/a..", "/a..")]
    [InlineData("/a%5Cb", "/a\\b")] // a character of names on Linux
    [InlineData("/a:b@c;d=e,f!g$h&i'j(k)l*m", "/a:b@c;d=e,f!g$h&i'j(k)l*m")]
    [InlineData("/a%0D%0Ab", "/a\r\nb")] // of names too; no head is split by it
    public void A_path_is_decoded_exactly_once(string target, string path) => Assert.Equal(path, Parse(target).Path);

    [Theory]
    [InlineData("", TargetRefusal.NotOriginForm)]
    [InlineData("a", TargetRefusal.NotOriginForm)]
    [InlineData("*", TargetRefusal.NotOriginForm)]
    [InlineData("?a", TargetRefusal.NotOriginForm)]
    [InlineData("http://h/", TargetRefusal.NotOriginForm)]
    [InlineData("/a b", TargetRefusal.Character)]
    [InlineData("/a\\b", TargetRefusal.Character)]
    [InlineData("/a#b", TargetRefusal.Character)]
    [InlineData("/\u00e9", TargetRefusal.Character)]
    [InlineData("/?\u00e9", TargetRefusal.Character)]
    [InlineData("/%", TargetRefusal.Escape)]
    [InlineData("/%4", TargetRefusal.Escape)]
    [InlineData("/%4g", TargetRefusal.Escape)]
    [InlineData("/%g4", TargetRefusal.Escape)]
    [InlineData("/%u0041", TargetRefusal.Escape)]
    [InlineData("/?a=%", TargetRefusal.Escape)]
    [InlineData("/?%=a", TargetRefusal.Escape)]
    [InlineData("/%FF", TargetRefusal.Utf8)]
    [InlineData("/%E6%97", TargetRefusal.Utf8)]
    [InlineData("/%C0%AE%C0%AE/", TargetRefusal.Utf8)] // dots in an overlong form
    [InlineData("/%C0%AF", TargetRefusal.Utf8)]
    [InlineData("/%ED%A0%80", TargetRefusal.Utf8)] // half a surrogate pair
    [InlineData("/?a=%FF", TargetRefusal.Utf8)]
    [InlineData("/a%00b", TargetRefusal.Nul)]
    [InlineData("/?a=%00", TargetRefusal.Nul)]
    [InlineData("/a%2Fb", TargetRefusal.Separator)]
    [InlineData("/a%2fb", TargetRefusal.Separator)]
    [InlineData("/..%2F..%2Fetc/passwd", TargetRefusal.Separator)]
    [InlineData("/.", TargetRefusal.DotSegment)]
    [InlineData("/..", TargetRefusal.DotSegment)]
    [InlineData("/../etc/passwd", TargetRefusal.DotSegment)]
    [InlineData("/a/./b", TargetRefusal.DotSegment)]
    [InlineData("/a/../b", TargetRefusal.DotSegment)]
    [InlineData("/a/%2e%2E/b", TargetRefusal.DotSegment)]
    [InlineData("/a/.%2e", TargetRefusal.DotSegment)]
    [InlineData("/%2e/", TargetRefusal.DotSegment)]
    [InlineData("/a%5C..%5Cb", TargetRefusal.DotSegment)]
    [InlineData("/..%5cb", TargetRefusal.DotSegment)]
    [InlineData("/a%5c.", TargetRefusal.DotSegment)]
    [InlineData("//", TargetRefusal.EmptySegment)]
    [InlineData("//evil.example/", TargetRefusal.EmptySegment)]
    [InlineData("/a//b", TargetRefusal.EmptySegment)]
    [InlineData("/a//", TargetRefusal.EmptySegment)]
    public void What_names_nothing_is_refused_with_its_reason(string target, TargetRefusal reason)
    {
        Assert.False(RequestTarget.TryParse(Encoding.Latin1.GetBytes(target), out RequestTarget? result, out TargetRefusal refusal));
        Assert.Equal(reason, refusal);
        Assert.Null(result);
    }

    [Theory]
    [InlineData("/", "")]
    [InlineData("/?", "")]
    [InlineData("/?&&", "")]
    [InlineData("/?a", "a=")]
    [InlineData("/?a=", "a=")]
    [InlineData("/?=b", "=b")]
    [InlineData("/?a=1&b=2&a=3", "a=1|b=2|a=3")]
    [InlineData("/?a=b=c", "a=b=c")]
    [InlineData("/?a+b=c+d%2B", "a b=c d+")]
    [InlineData("/?a%3Db=c%26d", "a=b=c&d")]
    [InlineData("/?a=%2526", "a=%26")]
    [InlineData("/?lang=%E6%97%A5/?x", "lang=日/?x")]
    [InlineData("/?a=../..%2F", "a=../../")] // dots are nothing special here
    public void A_query_is_split_and_then_decoded_once(string target, string pairs) =>
        Assert.Equal(pairs, string.Join('|', Parse(target).Query.Select(pair => $"{pair.Key}={pair.Value}")));

    [Fact]
    public void The_first_parameter_of_a_name_counts()
    {
        QueryParameters query = Parse("/?a=1&A=2&a=3").Query;
        Assert.Equal("1", query.GetValue("a"));
        Assert.Equal("2", query.GetValue("A"));
        Assert.Null(query.GetValue("b"));
        Assert.Equal(3, query.Count);
        Assert.Equal("3", query[2].Value);
    }

    [Fact]
    public void Sixty_four_parameters_are_read_and_one_more_is_refused()
    {
        string query = "/?" + string.Join('&', Enumerable.Repeat("a=b", QueryParameters.MaxCount));
        Assert.Equal(QueryParameters.MaxCount, Parse(query).Query.Count);
        Assert.False(RequestTarget.TryParse(Encoding.ASCII.GetBytes(query + "&c"), out _, out TargetRefusal refusal));
        Assert.Equal(TargetRefusal.TooManyParameters, refusal);
    }

    [Fact]
    public void Every_name_of_a_file_is_read_as_it_was_encoded() => Prop.ForAll(Names().ToArbitrary(), name =>
    {
        if (PercentEncoding.TryEncodeSegment(name, out string? segment))
        {
            Assert.Matches("^([A-Za-z0-9._~-]|%[0-9A-F]{2})+$", segment);
            Assert.Equal("/dir/" + name, Parse($"/dir/{segment}").Path);
            Assert.Equal(name, Parse($"/?{segment}={segment}").Query.GetValue(name));
        }
        else
        {
            Assert.True(IsNoName(name), $"'{name}' cannot be encoded");
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Theory]
    [InlineData("film.mp4", "film.mp4")]
    [InlineData("a b", "a%20b")]
    [InlineData("a+b&c=d?e#f%g", "a%2Bb%26c%3Dd%3Fe%23f%25g")]
    [InlineData("日本", "%E6%97%A5%E6%9C%AC")]
    [InlineData("😀", "%F0%9F%98%80")]
    [InlineData("AC\\DC", "AC%5CDC")]
    [InlineData("\"<'$", "%22%3C%27%24")]
    public void A_name_is_encoded_once(string name, string segment)
    {
        Assert.True(PercentEncoding.TryEncodeSegment(name, out string? encoded));
        Assert.Equal(segment, encoded);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\0")]
    [InlineData("a\\..\\b")]
    [InlineData("..\\b")]
    public void A_name_that_no_target_can_have_is_not_encoded(string name)
    {
        Assert.False(PercentEncoding.TryEncodeSegment(name, out string? segment));
        Assert.Null(segment);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_not_encoded() // an attribute of a test could not hold one
    {
        Assert.False(PercentEncoding.TryEncodeSegment("a" + (char)0xD800, out _));
        Assert.False(PercentEncoding.TryEncodeSegment((char)0xDC00 + "a", out _));
    }

    private static bool IsNoName(string name) =>
        name.Length == 0 || name.AsSpan().ContainsAny('/', '\0') || name.Split('\\').Any(part => part is "." or "..")
        || Encoding.Unicode.GetString(Encoding.Unicode.GetBytes(name)) != name; // half a surrogate pair becomes U+FFFD

    private static Gen<string> Names() => Gen.OneOf(
        Gen.Elements("日", "ä", "é", "e\u0301", "😀", "\u0627\u0644", "ไทย", ".", "..", "%", "%41", "+", " ", "\\", "/", "\ud800", "\u00a0",
            "\ufeff", "#", "?", "&", "=", ";", "film", ".mp4", "\r\n", "\u0001", "~", "\"", "'").ArrayOf().Select(string.Concat),
        ArbMap.Default.GeneratorFor<string>().Select(text => text ?? ""));

    private static RequestTarget Parse(string target)
    {
        Assert.True(RequestTarget.TryParse(Encoding.Latin1.GetBytes(target), out RequestTarget? result, out TargetRefusal refusal),
            $"{target}: {refusal}");
        Assert.Equal(TargetRefusal.None, refusal);
        return result;
    }
}
