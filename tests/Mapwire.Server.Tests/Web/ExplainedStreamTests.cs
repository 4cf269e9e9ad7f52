using System.Text;
using Mapwire.Server.Http;
using Mapwire.Server.Sending;
using Mapwire.Server.Web;
using Xunit;

namespace Mapwire.Server.Tests.Web;

/// <summary>What Kestrel writes to a connection, of which its own refusals alone are altered.</summary>
public sealed class ExplainedStreamTests
{
    private const string Bare = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n"
        + "Date: Tue, 01 Dec 2026 00:00:00 GMT\r\n\r\n";

    [Fact]
    public async Task A_refusal_of_Kestrels_is_explained_and_a_body_of_the_same_bytes_comes_as_it_is()
    {
        List<Refusal> refused = [];
        MemoryStream wire = new();
        await using DetachedStream connection = new(wire, null);
        ExplainedStream stream = new(connection, refused.Add);
        stream.BeginExchange();
        await WriteAsync(stream, Bare); // a film is made of such bytes
        Assert.Equal(Bare, Encoding.ASCII.GetString(wire.ToArray()));
        Assert.Empty(refused);
        stream.EndExchange();
        wire.SetLength(0);
        await WriteAsync(stream, Bare);
        string told = Encoding.ASCII.GetString(wire.ToArray());
        Assert.StartsWith("HTTP/1.1 400 ", told, StringComparison.Ordinal);
        Assert.EndsWith($"{{\"status\":400,\"error\":\"{refused.Single().Reason}\"}}", told, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\nmore")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("0\r\n\r\n")]
    public async Task What_is_no_refusal_of_Kestrels_comes_as_it_is(string text)
    {
        MemoryStream wire = new();
        await using DetachedStream connection = new(wire, null);
        await WriteAsync(new ExplainedStream(connection, static refusal => Assert.Fail(refusal.Reason)), text);
        Assert.Equal(text, Encoding.ASCII.GetString(wire.ToArray()));
    }

    private static async Task WriteAsync(ExplainedStream stream, string text) =>
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);
}
