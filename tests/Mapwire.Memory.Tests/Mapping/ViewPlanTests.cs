using Mapwire.Memory.Native.Windows;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

/// <summary>How a region grows on Windows: views are added behind others, and none is taken from under its users.</summary>
public sealed class ViewPlanTests
{
    private const int Page = 4096;
    private const int Step = 65536;

    [Fact]
    public void Growing_and_shrinking_never_removes_a_byte_that_stays()
    {
        Random random = new(7);
        for (int history = 0; history < 1000; history++)
        {
            ViewPlan plan = new(Page, Step);
            long file = 0; // as of a region that writes: lengthened by whole steps, never shortened
            for (int i = 0; i < 20; i++)
            {
                long before = plan.Mapped;
                long wanted = random.NextInt64(0, 20 * Step);
                while (plan.TryRemove(wanted, out (long Start, long Length) view))
                {
                    Assert.True(view.Start >= wanted, $"a view at {view.Start} is unmapped for a length of {wanted}");
                }

                file = Math.Max(file, (wanted + Step - 1) / Step * Step);
                long missing = plan.GetMissing(wanted, file);
                Assert.True(missing == 0 || plan.Mapped % Step == 0, "a view begins where the system allows none");
                if (missing > 0)
                {
                    plan.Add(missing);
                }

                Assert.True(plan.Mapped >= Math.Min(wanted, before) && plan.Mapped >= wanted, $"{plan.Mapped} bytes for {wanted}");
            }
        }
    }

    [Fact]
    public void A_region_that_ends_inside_a_step_refuses_to_grow_past_its_page()
    {
        ViewPlan plan = new(Page, Step);
        plan.Add(plan.GetMissing(100, 100));
        Assert.Equal(Page, plan.Mapped);
        Assert.Equal(0, plan.GetMissing(Page, 2 * Step));
        Assert.Contains("Map the file again", Assert.Throws<IOException>(() => plan.GetMissing(Page + 1, 2 * Step)).Message);
        Assert.Equal(Page, plan.Mapped); // and keeps what it has
    }
}
