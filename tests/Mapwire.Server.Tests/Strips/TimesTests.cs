using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

/// <summary>The three kinds of time compare and add as the numbers do that they carry.</summary>
public sealed class TimesTests
{
    public static TheoryData<long, long> Pairs => new() { { 1, 2 }, { 2, 1 }, { 3, 3 }, { -5, 5 }, { long.MinValue, long.MaxValue } };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Times_of_a_title(long one, long other)
    {
        TitleTime a = new(one);
        TitleTime b = new(other);
        Assert.Equal([one < other, one > other, one <= other, one >= other], new[] { a < b, a > b, a <= b, a >= b });
        Assert.Equal(new TitleTime(Math.Max(one, other)), TitleTime.Max(a, b));
        Assert.Equal(new TitleTime(Math.Min(one, other)), TitleTime.Min(a, b));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Times_of_a_reel(long one, long other)
    {
        ReelTime a = new(one);
        ReelTime b = new(other);
        Assert.Equal([one < other, one > other, one <= other, one >= other], new[] { a < b, a > b, a <= b, a >= b });
        Assert.Equal(new ReelTime(Math.Max(one, other)), ReelTime.Max(a, b));
        Assert.Equal(new ReelTime(Math.Min(one, other)), ReelTime.Min(a, b));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Times_of_a_player(long one, long other)
    {
        PlayerTime a = new(one);
        PlayerTime b = new(other);
        Assert.Equal([one < other, one > other, one <= other, one >= other], new[] { a < b, a > b, a <= b, a >= b });
        Assert.Equal(new PlayerTime(Math.Max(one, other)), PlayerTime.Max(a, b));
        Assert.Equal(new PlayerTime(Math.Min(one, other)), PlayerTime.Min(a, b));
    }

    [Fact]
    public void What_one_is_to_another()
    {
        Assert.Equal(7, new TitleTime(10) - new TitleTime(3));
        Assert.Equal(new TitleTime(13), new TitleTime(10) + 3);
        Assert.Equal(new TitleTime(7), new TitleTime(10) - 3);
        Assert.Equal(new PlayerTime(7), new TitleTime(10).ToPlayer(new TitleTime(3)));
        Assert.Equal(new TitleTime(13), new PlayerTime(10).ToTitle(new TitleTime(3)));
        Assert.Equal(new PlayerTime(13), new ReelTime(10).ToPlayer(new PlayerTime(3)));
        Assert.Equal(new ReelTime(7), new PlayerTime(10).ToReel(new PlayerTime(3)));
    }
}
