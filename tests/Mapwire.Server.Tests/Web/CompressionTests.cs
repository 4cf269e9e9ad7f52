using System.Globalization;
using System.IO.Compression;
using System.Text;
using Xunit;

namespace Mapwire.Server.Tests.Web;

/// <summary>Texts are compressed for who accepts that, by both readers; media is not.</summary>
public sealed class CompressionTests(TwoLanes lanes) : IClassFixture<TwoLanes>
{
    private const string Manifest = "/vod/a.mp4/manifest.mpd";

    [Theory]
    [InlineData(true, "gzip")]
    [InlineData(true, "br")]
    [InlineData(false, "gzip")]
    [InlineData(false, "br")]
    public void A_text_is_compressed_for_who_accepts_it_and_the_same_behind_that(bool isFast, string coding)
    {
        RawAnswer plain = Ask(isFast, Manifest);
        RawAnswer coded = Ask(isFast, Manifest, $"Accept-Encoding: {coding}");
        Assert.Equal((200, 200), (plain.Status, coded.Status));
        Assert.Null(Field(plain, "content-encoding"));
        Assert.Equal(coding, Field(coded, "content-encoding"));
        Assert.Equal(plain.Body, Decode(coded.Body, coding));
        Assert.InRange(coded.Body.Length, 100, plain.Body.Length * 2 / 3);
        Assert.Equal(coded.Body.Length.ToString(CultureInfo.InvariantCulture), Field(coded, "content-length"));
        Assert.Equal("Accept-Encoding", Field(plain, "vary"));
        Assert.Equal("Accept-Encoding", Field(coded, "vary"));
        Assert.Equal(Field(plain, "content-type"), Field(coded, "content-type"));
        Assert.NotEqual(Field(plain, "etag"), Field(coded, "etag")); // strong tags are of bytes
        Assert.Equal(coded.Body, Ask(isFast, Manifest, $"Accept-Encoding: {coding}").Body);
    }

    [Fact]
    public void Conditions_and_ranges_are_about_the_compressed_form()
    {
        RawAnswer coded = Ask(true, Manifest, "Accept-Encoding: br");
        RawAnswer unchanged = Ask(true, Manifest, "Accept-Encoding: br", $"If-None-Match: {Field(coded, "etag")}");
        Assert.Equal(304, unchanged.Status);
        Assert.Equal("Accept-Encoding", Field(unchanged, "vary"));
        Assert.Equal(200, Ask(true, Manifest, $"If-None-Match: {Field(coded, "etag")}").Status); // of another form
        RawAnswer part = Ask(true, Manifest, "Accept-Encoding: br", "Range: bytes=10-19");
        Assert.Equal(206, part.Status);
        Assert.Equal("br", Field(part, "content-encoding"));
        Assert.Equal(coded.Body[10..20], part.Body);
        Assert.Equal($"bytes 10-19/{coded.Body.Length}", Field(part, "content-range"));
    }

    [Theory]
    [InlineData("/vod/a.mp4")]
    [InlineData("/vod/a.mp4/v1a1-1.m4s")]
    [InlineData("/vod/a.mp4/v1a1-init-1.mp4")]
    [InlineData("/vod/a.mp4/stream.flv?buffer=3600")]
    public void Media_is_never_compressed(string path)
    {
        RawAnswer answer = Ask(true, path, "Accept-Encoding: gzip, br");
        Assert.Equal(200, answer.Status);
        Assert.Null(Field(answer, "content-encoding"));
        Assert.Null(Field(answer, "vary"));
        Assert.Equal(Ask(true, path).Body, answer.Body);
    }

    private static byte[] Decode(byte[] body, string coding)
    {
        using MemoryStream input = new(body);
        using Stream decoder = coding == "br"
            ? new BrotliStream(input, CompressionMode.Decompress)
            : new GZipStream(input, CompressionMode.Decompress);
        MemoryStream output = new();
        decoder.CopyTo(output);
        return output.ToArray();
    }

    private static string? Field(RawAnswer answer, string name) =>
        answer.Fields.SingleOrDefault(line => line.StartsWith(name + ": ", StringComparison.Ordinal))?[(name.Length + 2)..];

    private RawAnswer Ask(bool isFast, string path, params string[] lines)
    {
        string fields = string.Concat(lines.Select(static line => line + "\r\n"));
        byte[] request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        return RawAnswer.Ask(isFast ? lanes.FastPort : lanes.SlowPort, [request], isHead: false)[0];
    }
}
