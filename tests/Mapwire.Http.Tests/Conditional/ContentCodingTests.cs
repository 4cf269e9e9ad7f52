using System.Text;
using Mapwire.Http.Conditional;
using Mapwire.Http.Heads;

namespace Mapwire.Http.Tests.Conditional;

/// <summary>Which coding a request gets by its Accept-Encoding (RFC 9110, section 12.5.3).</summary>
public sealed class ContentCodingTests
{
    [Theory]
    [InlineData(ContentCoding.Identity)]
    [InlineData(ContentCoding.Identity, "")]
    [InlineData(ContentCoding.Identity, "identity")]
    [InlineData(ContentCoding.Identity, "deflate, zstd")]
    [InlineData(ContentCoding.Gzip, "gzip")]
    [InlineData(ContentCoding.Gzip, "GZIP")]
    [InlineData(ContentCoding.Gzip, "x-gzip")]
    [InlineData(ContentCoding.Brotli, "br")]
    [InlineData(ContentCoding.Brotli, "gzip, deflate, br, zstd")]
    [InlineData(ContentCoding.Brotli, "gzip", "br")]
    [InlineData(ContentCoding.Brotli, "*")]
    [InlineData(ContentCoding.Gzip, "br;q=0, *")]
    [InlineData(ContentCoding.Identity, "br;q=0, *;q=0")]
    [InlineData(ContentCoding.Gzip, "br;q=0.5, gzip")]
    [InlineData(ContentCoding.Gzip, "br ; q=0.5 , gzip ;\tQ=0.501")]
    [InlineData(ContentCoding.Identity, "gzip;q=0.5, identity")]
    [InlineData(ContentCoding.Gzip, "gzip;q=0.5, identity;q=0.5")]
    [InlineData(ContentCoding.Identity, "gzip;q=0")]
    [InlineData(ContentCoding.Identity, "gzip;q=0.000")]
    [InlineData(ContentCoding.Gzip, "gzip;q=1.000")]
    [InlineData(ContentCoding.Identity, "gzip;q=2")]
    [InlineData(ContentCoding.Identity, "gzip;q=-1")]
    [InlineData(ContentCoding.Identity, "gzip;q=")]
    [InlineData(ContentCoding.Identity, "gzip;q=1e0")]
    [InlineData(ContentCoding.Identity, "gzip;level=1")]
    [InlineData(ContentCoding.Identity, "gzipped, bro, ;q=1, ,")]
    public void A_request_gets_what_it_values_most(ContentCoding coding, params string[] lines)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(
            $"GET / HTTP/1.1\r\nHost: h\r\n{string.Concat(lines.Select(static line => $"Accept-encoding: {line}\r\n"))}\r\n");
        RequestHeadReader reader = new();
        Assert.Equal(HeadStatus.Simple, reader.Read(bytes, out RequestHead head));
        Assert.Equal(coding, ContentCodings.Choose(head));
    }
}
