using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Xunit;

namespace Mapwire.Arenas.Tests.Containers;

public sealed class ListTests
{
    [Fact]
    public void A_mapped_list_is_a_list() => Steps.Check(steps =>
    {
        using MemoryArena memory = new();
        MappedList<Fat> list = new(memory.Arena);
        List<Fat> model = [];
        foreach ((int what, int where, int much) in steps)
        {
            Step(list, model, what, where, much);
            Assert.Equal(model.Count, list.Count);
        }

        Assert.Equal(model, list);
        Assert.Equal(model, list.AsSpan().ToArray());
        Assert.Equal(model, new MappedList<Fat>(memory.Arena, list.Offset));
        Assert.Empty(memory.Arena.Inspect().Problems);
        list.Delete();
        Assert.Equal((0, 0), (memory.Arena.UsedBlocks, memory.Arena.UsedBytes));
    });

    private static void Step(MappedList<Fat> list, List<Fat> model, int what, int where, int much)
    {
        Fat item = Fat.Of(much % 100);
        int index = model.Count == 0 ? 0 : where % model.Count;
        switch (what % 14)
        {
            case 0 or 1 or 2:
                list.Add(item);
                model.Add(item);
                break;
            case 3:
                Fat[] many = [.. Enumerable.Range(much % 50, where % 500).Select(i => Fat.Of(i))];
                list.AddRange(many);
                model.AddRange(many);
                break;
            case 4 or 5:
                list.Insert(index, item);
                model.Insert(index, item);
                break;
            case 6 or 7 when model.Count > 0:
                list.RemoveAt(index);
                model.RemoveAt(index);
                break;
            case 8:
                Assert.Equal(model.Remove(item), list.Remove(item));
                break;
            case 9 when model.Count > 0:
                list[index] = item;
                model[index] = item;
                break;
            case 10 when model.Count > 0:
                list.Edit(index) = item;
                model[index] = item;
                Assert.Equal(model[index], list[index]);
                break;
            case 11:
                Assert.Equal((model.IndexOf(item), model.Contains(item)), (list.IndexOf(item), list.Contains(item)));
                break;
            case 12 when much % 8 == 0:
                list.Clear();
                model.Clear();
                break;
            case 13:
                if (much % 2 == 0)
                {
                    list.TrimExcess();
                }
                else
                {
                    Assert.True(list.EnsureCapacity(much % 2000) >= much % 2000);
                }

                break;
            default:
                break;
        }
    }

    [Fact]
    public void Places_that_are_not_there_are_refused_and_nothing_changes()
    {
        using MemoryArena memory = new();
        MappedList<int> list = new(memory.Arena) { 1, 2 };
        foreach (int index in (int[])[-1, 2, int.MaxValue, int.MinValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => list[index]);
            Assert.Throws<ArgumentOutOfRangeException>(() => list[index] = 0);
            Assert.Throws<ArgumentOutOfRangeException>(() => list.RemoveAt(index));
            Assert.Throws<ArgumentOutOfRangeException>(() => list.Edit(index));
            if (index != 2)
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => list.Insert(index, 0));
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => list.EnsureCapacity(-1));
        Assert.Equal([1, 2], list);
    }

    [Fact]
    public void Going_through_a_list_that_changes_is_refused()
    {
        using MemoryArena memory = new();
        MappedList<int> list = new(memory.Arena) { 1, 2 };
        Assert.Throws<InvalidOperationException>(() =>
        {
            foreach (int item in list)
            {
                list.Add(item);
            }
        });
    }

    [Fact]
    public void Going_through_containers_allocates_nothing()
    {
        using MemoryArena memory = new();
        MappedList<int> list = new(memory.Arena) { 1, 2, 3 };
        MappedQueue<int> queue = new(memory.Arena);
        MappedDictionary<int, int> dictionary = new(memory.Arena);
        MappedStringDictionary<int> byName = new(memory.Arena);
        queue.Enqueue(4);
        dictionary[5] = 5;
        byName["six"] = 6;
        int sum = Sum();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            sum += Sum();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(101 * 21, sum);

        int Sum()
        {
            int of = 0;
            foreach (int item in list)
            {
                of += item;
            }

            foreach (int item in queue)
            {
                of += item;
            }

            foreach ((int _, int value) in dictionary)
            {
                of += value;
            }

            foreach (StringEntry<int> entry in byName)
            {
                of += entry.Value;
            }

            return of;
        }
    }

    [Fact]
    public void A_list_of_something_else_is_refused()
    {
        using MemoryArena memory = new();
        Offset<ListHeader<long>> offset = new MappedList<long>(memory.Arena).Offset;
        Assert.Equal(ArenaError.OtherLayout,
            Assert.Throws<ArenaFormatException>(() => new MappedList<int>(memory.Arena, new Offset<ListHeader<int>>(offset.Value))).Error);
        Assert.Equal(ArenaError.OtherLayout,
            Assert.Throws<ArenaFormatException>(
                () => new MappedList<double>(memory.Arena, new Offset<ListHeader<double>>(offset.Value))).Error);
        foreach (long where in (long[])[0, 16, offset.Value + 16, offset.Value + 1, long.MaxValue, long.MinValue, -1])
        {
            Assert.Equal(
                ArenaError.Damaged,
                Assert.Throws<ArenaFormatException>(() => new MappedList<long>(memory.Arena, new Offset<ListHeader<long>>(where))).Error);
        }

        Assert.Throws<ArenaFormatException>(() => new MappedQueue<long>(memory.Arena, new(offset.Value)));
    }
}
