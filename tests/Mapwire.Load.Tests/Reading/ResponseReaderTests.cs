using System.Text;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Tests.Reading;

/// <summary>Responses in every framing, and what is none.</summary>
public sealed class ResponseReaderTests : IResponseSink
{
    private readonly StringBuilder _body = new();
    private int _heads;

    void IResponseSink.OnHead() => _heads++;

    void IResponseSink.OnBody(ReadOnlySpan<byte> bytes) => _body.Append(Encoding.Latin1.GetString(bytes));

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true)]
    [InlineData("HTTP/1.1 206 Partial Content\r\ncontent-length:5\r\nConnection: close\r\n\r\nhello", 206, "hello", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n", 200, "hello", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00a\r\n0123456789\r\n0\r\n\r\n", 200, "0123456789", true)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", true)]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", true)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", false)]
    public void A_response_is_read_whatever_pieces_it_comes_in(string text, int status, string body, bool keepsAlive)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        for (int piece = 1; piece <= bytes.Length; piece++)
        {
            _body.Clear();
            _heads = 0;
            ResponseReader reader = new(this);
            reader.Begin();
            for (int at = 0; at < bytes.Length; at += piece)
            {
                Assert.False(reader.IsComplete);
                int length = Math.Min(piece, bytes.Length - at);
                Assert.Equal(length, reader.Receive(bytes.AsSpan(at, length)));
            }

            Assert.True(reader.IsComplete);
            Assert.Equal((status, body, keepsAlive, 1), (reader.Status, _body.ToString(), reader.KeepsAlive, _heads));
        }
    }

    [Fact]
    public void What_follows_a_response_is_left()
    {
        ResponseReader reader = new(this);
        reader.Begin();
        Assert.Equal(38, reader.Receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP"u8));
        Assert.True(reader.IsComplete);
    }

    [Fact]
    public void A_body_may_be_passed_over()
    {
        ResponseReader reader = new(this);
        reader.Begin();
        reader.Receive("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"u8);
        Assert.Equal(6, reader.CertainBody);
        reader.Pass(6);
        Assert.True(reader.IsComplete);
    }

    [Fact]
    public void A_body_without_a_length_ends_with_the_connection()
    {
        ResponseReader reader = new(this);
        reader.Begin();
        reader.Receive("HTTP/1.1 200 OK\r\n\r\nhello"u8);
        Assert.Equal((false, false), (reader.IsComplete, reader.KeepsAlive));
        reader.OnClosed();
        Assert.Equal((true, "hello"), (reader.IsComplete, _body.ToString()));
    }

    [Theory]
    [InlineData("in its head", "HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("in its head", "")]
    [InlineData("before its end", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")]
    [InlineData("before its end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("no status line", "HTTP/2 200\r\n\r\n")]
    [InlineData("no status line", "HTTP/1.1 2x0\r\n\r\n")]
    [InlineData("without a name", "HTTP/1.1 200 OK\r\nx\r\n\r\n")]
    [InlineData("bad Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("bad Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n")]
    [InlineData("content coding", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")]
    [InlineData("bad chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n")]
    [InlineData("bad chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n")]
    public void What_is_no_response_is_found(string rule, string text)
    {
        ResponseReader reader = new(this);
        ContentException fault = Assert.Throws<ContentException>(() =>
        {
            reader.Begin();
            reader.Receive(Encoding.Latin1.GetBytes(text));
            reader.OnClosed();
        });
        Assert.Contains(rule, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_head_without_an_end_is_found()
    {
        ResponseReader reader = new(this);
        reader.Begin();
        Assert.Throws<ContentException>(() =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                reader.Receive("x"u8);
            }
        });
    }
}
