using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Mapwire.Http.Tests;

/// <summary>Dates by RFC 9110, section 5.6.7.</summary>
public sealed class HttpDateTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 29, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z")] // the RFC's three
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z")]
    [InlineData("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z")]
    [InlineData("Wed Nov 16 08:49:37 1994", "1994-11-16T08:49:37Z")]
    [InlineData("Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59Z")]
    [InlineData("Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00Z")] // a leap second
    [InlineData("Mon, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z")] // it was a Sunday
    [InlineData("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z")]
    [InlineData("Monday, 01-Jan-76 00:00:00 GMT", "2076-01-01T00:00:00Z")] // 50 years ahead
    [InlineData("Monday, 01-Jan-77 00:00:00 GMT", "1977-01-01T00:00:00Z")] // more
    [InlineData("Saturday, 01-Jan-00 00:00:00 GMT", "2000-01-01T00:00:00Z")]
    [InlineData("Wednesday, 31-Dec-26 00:00:00 GMT", "2026-12-31T00:00:00Z")]
    public void A_date_of_each_form_is_read(string text, string time)
    {
        Assert.True(HttpDate.TryParse(Encoding.ASCII.GetBytes(text), Now, out DateTimeOffset read));
        Assert.Equal(DateTimeOffset.Parse(time), read);
        Assert.Equal(TimeSpan.Zero, read.Offset);
        for (int length = 0; length < text.Length; length++)
        {
            Assert.False(HttpDate.TryParse(Encoding.ASCII.GetBytes(text[..length]), Now, out _), text[..length]);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT ")]
    [InlineData(" Sun, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("sun, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Son, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 6 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 94 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 UTC")]
    [InlineData("Sun, 06 Nov 1994 08:49:37")]
    [InlineData("Sun, 06 Nov 1994 24:00:00 GMT")]
    [InlineData("Sun, 06 Nov 1994 08:60:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 08:49:61 GMT")]
    [InlineData("Sun, 00 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 31 Nov 1994 08:49:37 GMT")]
    [InlineData("Wed, 29 Feb 2023 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 0000 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 +8:49:37 GMT")]
    [InlineData("Fri, 31 Dec 9999 23:59:60 GMT")]
    [InlineData("Sund, 06-Nov-94 08:49:37 GMT")]
    [InlineData("Sunday, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06-Nov-94 08:49:37 GMT")]
    [InlineData("Sun Nov 6 08:49:37 1994")]
    [InlineData("Sun Nov 06  08:49:37 1994")]
    [InlineData("Sun Nov  6 08:49:37 94")]
    [InlineData("1994-11-06T08:49:37Z")]
    [InlineData("784111777")]
    public void What_is_no_date_is_refused(string text) => Assert.False(HttpDate.TryParse(Encoding.ASCII.GetBytes(text), Now, out _));

    [Theory]
    [InlineData(2099, "01-Jan-10", 2110)]
    [InlineData(2001, "01-Jan-99", 1999)]
    [InlineData(9999, "01-Jan-99", 9999)]
    public void Two_digits_of_a_year_are_near_the_year_that_it_is(int year, string date, int expected)
    {
        DateTimeOffset now = new(year, 6, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.True(HttpDate.TryParse(Encoding.ASCII.GetBytes($"Sunday, {date} 00:00:00 GMT"), now, out DateTimeOffset read));
        Assert.Equal(expected, read.Year);
    }

    [Fact]
    public void A_year_that_has_no_place_in_a_calendar_is_refused() =>
        Assert.False(HttpDate.TryParse("Sunday, 01-Jan-00 00:00:00 GMT"u8, DateTimeOffset.MaxValue, out _));

    [Fact]
    public void What_is_written_is_read_to_the_second() => Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seconds =>
    {
        DateTimeOffset time = DateTimeOffset.FromUnixTimeSeconds((long)seconds * 2).AddMilliseconds(999);
        byte[] written = new byte[HttpDate.Length];
        HttpDate.Write(time.ToOffset(TimeSpan.FromHours(-5)), written);
        Assert.True(HttpDate.TryParse(written, Now, out DateTimeOffset read));
        Assert.Equal(time.ToUnixTimeSeconds(), read.ToUnixTimeSeconds());
        Assert.Equal(0, read.Millisecond);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_destination_that_is_too_short_is_refused() =>
        Assert.Throws<ArgumentException>(() => HttpDate.Write(Now, new byte[HttpDate.Length - 1]));
}
