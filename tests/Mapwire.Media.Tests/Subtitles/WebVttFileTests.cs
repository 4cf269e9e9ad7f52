using System.Text;
using Mapwire.Media.Subtitles;
using Xunit;

namespace Mapwire.Media.Tests.Subtitles;

public sealed class WebVttFileTests
{
    private const string Film =
        "\uFEFFWEBVTT a film\r\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\r\n\r\nNOTE nobody\n\nSTYLE\n::cue { color: red }\n\n"
        + "one\n00:01.000 --> 00:02.500 align:start\nHello\n\n\n\n00:00:02.000 --> 00:00:04.000\nTwo\nlines\n\n"
        + "00:05.00 --> 00:06.000\nbad time\n\n00:07.000 --> 00:07.000\nno time\n\n100:00:00.000 --> 100:00:01.000\nlate";

    [Fact]
    public void Cues_styles_and_settings_are_kept_and_what_cannot_be_shown_is_left_out()
    {
        WebVttFile file = Read(Film);
        Assert.Equal(3, file.Count);
        Assert.Equal(
            "WEBVTT\n\nSTYLE\n::cue { color: red }\n\none\n00:00:01.000 --> 00:00:02.500 align:start\nHello\n\n"
            + "00:00:02.000 --> 00:00:04.000\nTwo\nlines\n\n100:00:00.000 --> 100:00:01.000\nlate\n\n",
            Text(file.Write(TimeSpan.Zero, null, TimeSpan.Zero)));
    }

    [Theory]
    [InlineData("WEBVTT\n00:01.000 --> 00:02.000\nHello", "00:00:01.000 --> 00:00:02.000\nHello\n\n")]
    [InlineData("WEBVTT\nX: y\n00:01.000 --> 00:02.000\nHello", "00:00:01.000 --> 00:00:02.000\nHello\n\n")]
    [InlineData("WEBVTT\nid\n00:01.000 --> 00:02.000\nHello", "00:00:01.000 --> 00:00:02.000\nHello\n\n")] // a line of the header
    [InlineData("WEBVTT --> x\n00:01.000 --> 00:02.000\nHello", "00:00:01.000 --> 00:00:02.000\nHello\n\n")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\nOne\n00:02.000 --> 00:03.000\nTwo",
        "00:00:01.000 --> 00:00:02.000\nOne\n\n00:00:02.000 --> 00:00:03.000\nTwo\n\n")]
    [InlineData("WEBVTT\n\n1\n00:01.000 --> 00:02.000\nOne\n2\n00:02.000 --> 00:03.000\nTwo", // an id is text of the one before
        "1\n00:00:01.000 --> 00:00:02.000\nOne\n2\n\n00:00:02.000 --> 00:00:03.000\nTwo\n\n")]
    [InlineData("WEBVTT\n\n00:01.000 --> 00:02.000\n00:02.000 --> 00:03.000\nTwo",
        "00:00:01.000 --> 00:00:02.000\n\n00:00:02.000 --> 00:00:03.000\nTwo\n\n")]
    [InlineData("WEBVTT\n\nNOTE a\nnote\n00:01.000 --> 00:02.000\nHello", "00:00:01.000 --> 00:00:02.000\nHello\n\n")]
    [InlineData("WEBVTT\n\n00:01.000 --> x\nbad\n00:02.000 --> 00:03.000\nTwo", "00:00:02.000 --> 00:00:03.000\nTwo\n\n")]
    public void Cues_that_no_empty_line_parts_from_what_is_before_are_cues_of_their_own(string text, string cues) =>
        Assert.Equal("WEBVTT\n\n" + cues, Text(Read(text).Write(TimeSpan.Zero, null, TimeSpan.Zero)));

    [Fact]
    public void A_piece_has_the_cues_that_are_shown_in_it_at_times_of_its_own()
    {
        Assert.Equal(
            "WEBVTT\nX-TIMESTAMP-MAP=x\n\nSTYLE\n::cue { color: red }\n\none\n00:00:00.000 --> 00:00:00.500 align:start\nHello\n\n"
            + "00:00:00.000 --> 00:00:02.000\nTwo\nlines\n\n",
            Text(Read(Film).Write(
                TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2.1), TimeSpan.FromSeconds(2), "X-TIMESTAMP-MAP=x")));
        Assert.DoesNotContain("Two", Text(Read(Film).Write(TimeSpan.Zero, TimeSpan.FromSeconds(2), TimeSpan.Zero)),
            StringComparison.Ordinal);
        Assert.DoesNotContain("Hello", Text(Read(Film).Write(TimeSpan.FromSeconds(2.5), null, TimeSpan.Zero)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "its first line is not WEBVTT")]
    [InlineData("WEBVTTX\n\n", "its first line is not WEBVTT")]
    [InlineData("1\n00:00:01,000 --> 00:00:02,000\nSubRip", "its first line is not WEBVTT")]
    public void What_is_no_WebVTT_is_refused_with_the_reason(string text, string reason)
    {
        Assert.Null(WebVttFile.TryRead(Encoding.UTF8.GetBytes(text), out string? said));
        Assert.Equal(reason, said);
    }

    [Fact]
    public void Bytes_that_are_no_text_and_too_many_bytes_are_refused_with_the_reason()
    {
        Assert.Null(WebVttFile.TryRead([.. "WEBVTT\n\n"u8, 0xFF], out string? said));
        Assert.Equal("it is not UTF-8", said);
        Assert.Null(WebVttFile.TryRead(new byte[WebVttFile.MaxBytes + 1], out said));
        Assert.Equal("it has more than 4194304 bytes", said);
    }

    [Fact]
    public void Every_cut_and_every_flipped_bit_is_read_or_refused()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Film);
        for (int length = 0; length < bytes.Length; length++)
        {
            WebVttFile.TryRead(bytes.AsSpan(0, length), out _)?.Write(TimeSpan.Zero, null, TimeSpan.Zero);
            for (int bit = 0; bit < 8; bit++)
            {
                bytes[length] ^= (byte)(1 << bit);
                WebVttFile? file = WebVttFile.TryRead(bytes, out string? reason);
                Assert.Equal(file is null, reason is not null);
                file?.Write(TimeSpan.Zero, null, TimeSpan.FromSeconds(1));
                bytes[length] ^= (byte)(1 << bit);
            }
        }
    }

    private static WebVttFile Read(string text)
    {
        WebVttFile? file = WebVttFile.TryRead(Encoding.UTF8.GetBytes(text), out string? reason);
        Assert.True(file is not null, reason);
        return file;
    }

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
