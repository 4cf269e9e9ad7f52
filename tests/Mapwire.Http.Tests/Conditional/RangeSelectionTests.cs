using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mapwire.Http.Conditional;

namespace Mapwire.Http.Tests.Conditional;

/// <summary>Ranges by RFC 9110, section 14.1.2, and by what nginx makes of the rest.</summary>
public sealed class RangeSelectionTests
{
    /// <summary>The examples of RFC 9110, section 14.1.2, of a representation of 10,000 bytes.</summary>
    [Theory]
    [InlineData("bytes=0-499", "0+500")]
    [InlineData("bytes=500-999", "500+500")]
    [InlineData("bytes=-500", "9500+500")]
    [InlineData("bytes=9500-", "9500+500")]
    [InlineData("bytes=0-0,-1", "0+1 9999+1")]
    [InlineData("bytes= 0-999, 4500-5499, -1000", "0+1000 4500+1000 9000+1000")]
    [InlineData("bytes=500-600,601-999", "500+101 601+399")] // neighbours are not joined
    [InlineData("bytes=500-700,601-999", "500+201 601+399")] // nor is what overlaps
    [InlineData("bytes=9999-", "9999+1")]
    [InlineData("bytes=0-9999", "0+10000")]
    [InlineData("bytes=0-10000", "0+10000")]
    [InlineData("bytes=0-9223372036854775807", "0+10000")]
    [InlineData("bytes=-10000", "0+10000")]
    [InlineData("bytes=-10001", "0+10000")]
    [InlineData("bytes=-9223372036854775807", "0+10000")]
    [InlineData("BYTES=0-0", "0+1")]
    [InlineData("bytes=  5  -  6  ", "5+2")]
    [InlineData("bytes=00005-0006", "5+2")]
    [InlineData("bytes=9-9,5-5", "9+1 5+1")] // in the order asked for
    [InlineData("bytes=0-0,10000-,0-0", "0+1 0+1")] // what cannot be satisfied is left out
    [InlineData("bytes=0-0,10000-20000", "0+1")] // and one part is left
    [InlineData("bytes=0-0,7-3", "0+1")]
    [InlineData("bytes=0-0,-0", "0+1")]
    [InlineData("bytes=0-4999,5000-9999", "0+5000 5000+5000")] // as long as the whole, and no longer
    [InlineData("", "whole")]
    [InlineData("bytes=", "whole")]
    [InlineData("bytes", "whole")]
    [InlineData("items=0-5", "whole")]
    [InlineData("bytes =0-5", "whole")]
    [InlineData("0-5", "whole")]
    [InlineData("bytes=0-5000,5000-9999", "whole")] // a byte longer than the whole
    [InlineData("bytes=0-,0-", "whole")]
    [InlineData("bytes=0-,-1", "whole")]
    [InlineData("bytes=10000-", "416")]
    [InlineData("bytes=10000-10001", "416")]
    [InlineData("bytes=-0", "416")]
    [InlineData("bytes=7-3", "416")]
    [InlineData("bytes=10000-,20000-", "416")]
    [InlineData("bytes=a-b", "416")]
    [InlineData("bytes=0", "416")]
    [InlineData("bytes=-", "416")]
    [InlineData("bytes=--1", "416")]
    [InlineData("bytes=- 5", "416")]
    [InlineData("bytes=0-5x", "416")]
    [InlineData("bytes=0-5-6", "416")]
    [InlineData("bytes=1 2-5", "416")]
    [InlineData("bytes=0x0-5", "416")]
    [InlineData("bytes=+0-5", "416")]
    [InlineData("bytes=0\t-5", "416")]
    [InlineData("bytes=0-5;6-7", "416")]
    [InlineData("bytes=0-5,", "416")] // empty elements too
    [InlineData("bytes=,0-5", "416")]
    [InlineData("bytes=0-5,,7-8", "416")]
    [InlineData("bytes=0-5, ,7-8", "416")]
    [InlineData("bytes=,", "416")]
    [InlineData("bytes= ", "416")]
    [InlineData("bytes=0-9223372036854775808", "416")] // past 63 bits
    [InlineData("bytes=99999999999999999999-", "416")]
    [InlineData("bytes=-9223372036854775808", "416")]
    [InlineData("bytes=0-5,x", "416")]
    public void A_range_of_10000_bytes_is_selected(string field, string expected) => Assert.Equal(expected, Select(field, 10_000));

    [Theory]
    [InlineData("bytes=0-", 0, "whole")]
    [InlineData("bytes=0-0", 0, "whole")]
    [InlineData("bytes=-5", 0, "whole")]
    [InlineData("bytes=-0", 0, "whole")]
    [InlineData("bytes=5-", 0, "416")]
    [InlineData("bytes=5-6", 0, "416")]
    [InlineData("bytes=x", 0, "416")]
    [InlineData("bytes=0-0", 1, "0+1")]
    [InlineData("bytes=-1", 1, "0+1")]
    [InlineData("bytes=1-", 1, "416")]
    [InlineData("bytes=9223372036854775806-", long.MaxValue, "9223372036854775806+1")]
    [InlineData("bytes=9223372036854775807-", long.MaxValue, "416")]
    [InlineData("bytes=-9223372036854775806", long.MaxValue, "1+9223372036854775806")]
    [InlineData("bytes=1-,1-", long.MaxValue, "416")] // their sum is past 63 bits
    [InlineData("bytes=0-9223372036854775806", long.MaxValue, "0+9223372036854775807")]
    public void Ranges_at_the_edges_of_lengths_are_selected(string field, long length, string expected) =>
        Assert.Equal(expected, Select(field, length));

    [Fact]
    public void Two_hundred_ranges_are_answered_in_parts_and_for_more_the_whole_is()
    {
        string most = "bytes=" + string.Join(',', Enumerable.Repeat("0-0", RangeSelection.MaxRanges));
        Assert.Equal(RangeSelection.MaxRanges, Select(most, 10_000).Split(' ').Length);
        Assert.Equal("whole", Select(most + ",0-0", 10_000));
        Assert.Equal("whole", Select(most + ",0-0,x", 10_000)); // what follows is not looked at any more
        Assert.Equal(RangeSelection.MaxRanges, Select(most + ",10000-", 10_000).Split(' ').Length); // what is left out does not count
    }

    [Fact]
    public void Well_formed_ranges_are_what_a_simple_model_makes_of_them() =>
        Prop.ForAll(Ranges().ToArbitrary(), Gen.Choose(1, 60).ToArbitrary(), (ranges, length) =>
        {
            string field = "bytes=" + string.Join(", ", ranges.Select(static range => range switch
            {
                (null, int last) => $"-{last}",
                (int first, null) => $"{first}-",
                (int first, int last) => $"{first}-{last}",
                _ => "0-",
            }));
            List<int[]> parts = [.. ranges.Select(range => Model(range, length)).Where(static part => part.Length > 0)];
            string expected = parts.Count == 0 ? "416"
                : parts.Count > 1 && parts.Sum(static part => part.Length) > length ? "whole"
                : string.Join(' ', parts.Select(static part => $"{part[0]}+{part.Length}"));
            Assert.Equal(expected, Select(field, length));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    /// <summary>The bytes that a range names, one by one.</summary>
    private static int[] Model((int? First, int? Last) range, int length) =>
        [.. Enumerable.Range(0, length).Where(index => range switch
        {
            (null, int last) => index >= length - last,
            (int first, null) => index >= first,
            (int first, int last) => index >= first && index <= last,
            _ => true,
        })];

    private static Gen<(int? First, int? Last)[]> Ranges()
    {
        Gen<int?> number = Gen.OneOf(Gen.Choose(0, 70).Select(static value => (int?)value), Gen.Constant((int?)null));
        return (from first in number
                from last in number
                select (first, last)).NonEmptyListOf().Select(static list => list.Take(12).ToArray());
    }

    private static string Select(string field, long length)
    {
        RangeOutcome outcome = RangeSelection.Select(Encoding.Latin1.GetBytes(field), length, out var ranges);
        Assert.Equal(outcome != RangeOutcome.Parts, ranges.IsEmpty);
        return outcome switch
        {
            RangeOutcome.Whole => "whole",
            RangeOutcome.NotSatisfiable => "416",
            _ => string.Join(' ', ranges.Select(static range => $"{range.Offset}+{range.Length}")),
        };
    }
}
