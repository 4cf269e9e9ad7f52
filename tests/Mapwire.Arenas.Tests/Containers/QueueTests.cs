using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Xunit;

namespace Mapwire.Arenas.Tests.Containers;

public sealed class QueueTests
{
    [Fact]
    public void A_mapped_queue_is_a_queue() => Steps.Check(steps =>
    {
        using MemoryArena memory = new();
        MappedQueue<Fat> queue = new(memory.Arena);
        Queue<Fat> model = [];
        foreach ((int what, int where, int much) in steps)
        {
            switch (what % 10)
            {
                case < 5:
                    for (int i = 0; i < where % 5; i++)
                    {
                        queue.Enqueue(Fat.Of(much + i));
                        model.Enqueue(Fat.Of(much + i));
                    }

                    break;
                case < 8:
                    Assert.Equal(model.TryDequeue(out Fat wanted), queue.TryDequeue(out Fat got));
                    Assert.Equal(wanted, got);
                    break;
                case 8:
                    Assert.Equal(model.TryPeek(out Fat first), queue.TryPeek(out Fat seen));
                    Assert.Equal(first, seen);
                    break;
                case 9 when much % 8 == 0:
                    queue.Clear();
                    model.Clear();
                    break;
                default:
                    break;
            }

            Assert.Equal(model.Count, queue.Count);
        }

        Assert.Equal(model, queue);
        Assert.Equal(model, new MappedQueue<Fat>(memory.Arena, queue.Offset));
        Assert.Empty(memory.Arena.Inspect().Problems);
        queue.Delete();
        Assert.Equal((0, 0), (memory.Arena.UsedBlocks, memory.Arena.UsedBytes));
    });

    [Fact]
    public void An_empty_queue_says_so()
    {
        using MemoryArena memory = new();
        MappedQueue<int> queue = new(memory.Arena);
        Assert.Throws<InvalidOperationException>(() => queue.Dequeue());
        Assert.Throws<InvalidOperationException>(() => queue.Peek());
        queue.Enqueue(7);
        Assert.Equal((7, 7), (queue.Peek(), queue.Dequeue()));
        Assert.False(queue.TryDequeue(out _));
    }
}
