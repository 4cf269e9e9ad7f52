using FsCheck;
using FsCheck.Fluent;
using Mapwire.Load.Measuring;

namespace Mapwire.Load.Tests.Measuring;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void A_percentile_is_the_exact_one_or_less_than_a_128th_above()
    {
        Gen<long> time = Gen.OneOf(
            Gen.Choose(0, 300).Select(v => (long)v),
            Gen.Choose(0, int.MaxValue).Select(v => (long)v),
            Gen.Choose(0, 35).Select(v => 1L << v),
            Gen.Choose(1, 35).Select(v => (1L << v) - 1));
        Arbitrary<long[]> times = time.NonEmptyListOf().Select(list => list.ToArray()).ToArbitrary();
        Prop.ForAll(times, values =>
        {
            LatencyHistogram histogram = new();
            foreach (long value in values)
            {
                histogram.Add(value);
            }

            long[] sorted = [.. values.Order()];
            foreach (double share in (double[])[0.01, 0.5, 0.9, 0.99, 1])
            {
                long exact = sorted[Math.Max(1, (int)Math.Ceiling(share * sorted.Length)) - 1];
                Assert.InRange(histogram.Percentile(share), exact, exact + (exact / 128));
            }

            Assert.Equal(sorted[^1], histogram.Max);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Two_histograms_add_up_to_the_one_of_all_times()
    {
        Prop.ForAll<int[], int[]>((left, right) =>
        {
            LatencyHistogram a = Of(left);
            a.Add(Of(right));
            LatencyHistogram all = Of([.. left, .. right]);
            Assert.Equal(all.Count, a.Count);
            Assert.Equal(all.Summarize(), a.Summarize());
        }).QuickCheckThrowOnFailure();

        static LatencyHistogram Of(int[] values)
        {
            LatencyHistogram histogram = new();
            Array.ForEach(values, value => histogram.Add(Math.Abs((long)value)));
            return histogram;
        }
    }

    [Fact]
    public void Nothing_counted_is_zero() => Assert.Equal(new LatencySummary(0, 0, 0, 0, 0), new LatencyHistogram().Summarize());

    [Fact]
    public void A_summary_is_in_milliseconds()
    {
        LatencyHistogram histogram = new();
        for (int i = 1; i <= 200; i++)
        {
            histogram.Add(i);
        }

        Assert.Equal(new LatencySummary(200, 0.1, 0.18, 0.198, 0.2), histogram.Summarize());
    }

    [Fact]
    public void Times_out_of_range_count_as_the_nearest()
    {
        LatencyHistogram histogram = new();
        histogram.Add(-5);
        Assert.Equal(0, histogram.Percentile(1));
        histogram.Add(long.MaxValue);
        Assert.Equal((1L << 36) - 1, histogram.Percentile(1));
    }
}
