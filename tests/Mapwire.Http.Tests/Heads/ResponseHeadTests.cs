using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mapwire.Http.Heads;

namespace Mapwire.Http.Tests.Heads;

public sealed class ResponseHeadTests
{
    [Fact]
    public void A_head_is_written_as_RFC_9112_has_it_into_a_buffer_of_any_size()
    {
        StingyWriter output = new();
        ResponseHeadWriter writer = new(output, 206);
        writer.Write("Content-Length"u8, 2500000000);
        writer.Write("Content-Range"u8, "bytes 0-9/10");
        writer.Write("ETag"u8, "\"a\tb c\""u8);
        writer.Write("Last-Modified"u8, new DateTimeOffset(1994, 11, 6, 9, 49, 37, 500, TimeSpan.FromHours(1)));
        writer.Write("Empty"u8, "");
        writer.Write("Empty"u8, ""u8);
        writer.Write("Zero"u8, 0);
        writer.End();
        Assert.Equal(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: 2500000000\r\nContent-Range: bytes 0-9/10\r\nETag: \"a\tb c\"\r\n"
            + "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nEmpty: \r\nEmpty: \r\nZero: 0\r\n\r\n",
            Encoding.ASCII.GetString(output.Written));
    }

    [Theory]
    [InlineData("a\rb")]
    [InlineData("a\nb")]
    [InlineData("a\r\nSet-Cookie: b")]
    [InlineData("a\0b")]
    [InlineData("a\u007fb")]
    [InlineData("a\u00e9b")]
    [InlineData("\u010a")] // whose low byte is a line feed
    [InlineData("\u2028")]
    [InlineData(" a")]
    [InlineData("a ")]
    [InlineData("\ta")]
    [InlineData(" ")]
    public void A_value_that_could_split_a_head_is_refused_and_nothing_is_written(string value)
    {
        ArrayBufferWriter<byte> output = new();
        Assert.Throws<ArgumentException>(() => new ResponseHeadWriter(output, 200).Write("X"u8, value));
        Assert.Throws<ArgumentException>(() => new ResponseHeadWriter(output, 200).Write("X"u8, Encoding.UTF8.GetBytes(value)));
        Assert.Equal("HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\n", Encoding.ASCII.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("")]
    [InlineData("A B")]
    [InlineData("A:")]
    [InlineData("A\r\nB")]
    [InlineData("\u00e9")]
    public void A_name_that_is_no_token_is_refused(string name)
    {
        ArrayBufferWriter<byte> output = new();
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        Assert.Throws<ArgumentException>(() => new ResponseHeadWriter(output, 200).Write(bytes, "a"));
        Assert.Throws<ArgumentException>(() => new ResponseHeadWriter(output, 200).Write(bytes, "a"u8));
        Assert.Throws<ArgumentException>(() => new ResponseHeadWriter(output, 200).Write(bytes, 1));
        Assert.Throws<ArgumentException>(() => new ResponseHeadWriter(output, 200).Write(bytes, DateTimeOffset.UnixEpoch));
        Assert.Equal(4 * "HTTP/1.1 200 OK\r\n".Length, output.WrittenCount);
    }

    [Fact]
    public void A_negative_length_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new ResponseHeadWriter(new ArrayBufferWriter<byte>(), 200).Write("Content-Length"u8, -1));

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(299)]
    [InlineData(1000)]
    public void A_status_that_is_never_answered_is_refused(int status) =>
        Assert.Throws<ArgumentException>(() => new ResponseHeadWriter(new ArrayBufferWriter<byte>(), status));

    [Fact]
    public void Every_status_of_the_answers_has_its_phrase()
    {
        int[] statuses =
            [101, 200, 204, 206, 302, 304, 400, 403, 404, 405, 408, 412, 414, 416, 422, 426, 429, 431, 500, 501, 503, 505];
        Assert.All(statuses, status => Assert.NotNull(ResponseHeadWriter.GetReasonPhrase(status)));
        Assert.All(
            Enumerable.Range(0, 1000).Select(ResponseHeadWriter.GetReasonPhrase).OfType<string>(),
            phrase => Assert.Matches("^[A-Za-z ]+$", phrase));
    }

    [Fact]
    public void A_head_has_as_many_lines_as_were_written_whatever_the_values() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string[]>(), values =>
        {
            ArrayBufferWriter<byte> output = new();
            ResponseHeadWriter writer = new(output, 200);
            int lines = 2;
            foreach (string value in values)
            {
                try
                {
                    writer.Write("X"u8, value ?? "");
                    lines++;
                }
                catch (ArgumentException)
                {
                    // refused whole
                }
            }

            writer.End();
            string head = Encoding.Latin1.GetString(output.WrittenSpan);
            Assert.Equal(lines + 1, head.Split("\r\n").Length);
            Assert.Equal(lines + 1, head.Split('\n').Length);
            Assert.EndsWith("\r\n\r\n", head, StringComparison.Ordinal);
        }).QuickCheckThrowOnFailure();
}
