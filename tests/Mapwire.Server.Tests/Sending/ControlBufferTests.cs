using FsCheck;
using FsCheck.Fluent;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

public sealed class ControlBufferTests
{
    [Fact]
    public void Bytes_come_out_in_the_order_they_went_in() =>
        Prop.ForAll<int[]>(static steps =>
        {
            ControlBuffer buffer = new();
            Queue<byte> model = new();
            byte next = 0;
            foreach (int step in steps)
            {
                int count = Math.Abs(step % 3000);
                if (step >= 0)
                {
                    Span<byte> span = buffer.GetSpan(count);
                    for (int i = 0; i < count; i++)
                    {
                        span[i] = next;
                        model.Enqueue(next++);
                    }

                    buffer.Advance(count);
                }
                else
                {
                    count = Math.Min(count, buffer.Length);
                    if (!buffer.Pending[..count].SequenceEqual(model.Take(count).ToArray()))
                    {
                        return false;
                    }

                    buffer.Consume(count);
                    for (int i = 0; i < count; i++)
                    {
                        model.Dequeue();
                    }
                }

                if (buffer.Length != model.Count)
                {
                    return false;
                }
            }

            return buffer.Pending.SequenceEqual(model.ToArray());
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Nothing_more_than_was_given_can_be_advanced_over() =>
        Assert.Throws<ArgumentOutOfRangeException>(static () => new ControlBuffer().Advance(1));
}
