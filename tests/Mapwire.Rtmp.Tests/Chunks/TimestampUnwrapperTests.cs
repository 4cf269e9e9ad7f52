using FsCheck;
using FsCheck.Fluent;
using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Tests.Chunks;

public sealed class TimestampUnwrapperTests
{
    [Fact]
    public void Goes_on_past_32_bits_and_back_again()
    {
        TimestampUnwrapper time = default;
        Assert.Equal(0xFFFFFFF0, time.Unwrap(0xFFFFFFF0));
        Assert.Equal(0x100000010, time.Unwrap(0x10));
        Assert.Equal(0xFFFFFFFF, time.Unwrap(0xFFFFFFFF));
        time.Reset(0x3_0000_0000);
        Assert.Equal(0x2_FFFF_FFFF, time.Unwrap(0xFFFFFFFF));
        time.Reset();
        Assert.Equal(0xFFFFFFFF, time.Unwrap(0xFFFFFFFF));
    }

    [Fact]
    public void Finds_any_time_that_moves_by_less_than_half_the_range() => Prop.ForAll(
        Gen.Choose(int.MinValue + 1, int.MaxValue).ListOf().ToArbitrary(),
        steps =>
        {
            TimestampUnwrapper time = default;
            long at = 1_000_000;
            Assert.Equal(at, time.Unwrap((uint)at));
            foreach (int step in steps)
            {
                at += step;
                Assert.Equal(at, time.Unwrap((uint)at));
            }
        }).QuickCheckThrowOnFailure();
}
