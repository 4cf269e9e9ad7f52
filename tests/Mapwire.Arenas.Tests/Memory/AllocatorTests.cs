using Mapwire.Arenas.Tests.Containers;
using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory;
using Mapwire.Memory.Arenas;
using Xunit;

namespace Mapwire.Arenas.Tests.Memory;

public sealed class AllocatorTests
{
    [Fact]
    public void Blocks_are_zero_aligned_apart_and_freed_to_nothing() => Steps.Check(steps =>
    {
        using MemoryArena memory = new();
        Arena arena = memory.Arena;
        List<(Offset<byte> At, byte[] Bytes)> model = [];
        foreach ((int what, int where, int much) in steps)
        {
            if (what % 5 < 3)
            {
                int alignment = what % 7 == 0 ? 1 << (where % 13) : 16, length = (int)Math.Pow(2, (double)much / int.MaxValue * 15) - 1;
                Offset<byte> at = arena.Allocate<byte>(length, alignment);
                Assert.Equal(0, at.Value % Math.Max(16, alignment));
                Assert.False(arena.GetSpan(at, length).ContainsAnyExcept((byte)0));
                var bytes = new byte[length];
                new Random(much).NextBytes(bytes);
                bytes.CopyTo(arena.EditSpan(at, length));
                model.Add((at, bytes));
            }
            else if (model.Count > 0)
            {
                int index = where % model.Count;
                arena.Free(model[index].At);
                model.RemoveAt(index);
            }
        }

        Assert.Equal(model.Count, arena.UsedBlocks);
        Assert.All(model, block => Assert.Equal(block.Bytes, arena.GetSpan(block.At, block.Bytes.Length).ToArray()));
        Assert.Empty(arena.Inspect().Problems);
        foreach ((Offset<byte> at, byte[] _) in model)
        {
            arena.Free(at);
        }

        ArenaReport report = arena.Inspect();
        Assert.Empty(report.Problems);
        Assert.Equal((0, 0), (arena.UsedBlocks, arena.UsedBytes));
        Assert.InRange(report.Classes.Count, 0, 1); // all joined to one free block
    });

    [Fact]
    public void What_is_freed_is_used_again()
    {
        using MemoryArena memory = new();
        Random random = new(3);
        Offset<byte>[] held = new Offset<byte>[500];
        for (int i = 0; i < 200_000; i++)
        {
            int slot = random.Next(held.Length);
            memory.Arena.Free(held[slot]);
            held[slot] = memory.Arena.Allocate<byte>(random.Next(1, 400));
        }

        Assert.InRange(memory.Arena.Inspect().HeapEnd, 0, 500 * 400 * 2); // held is half of that on average
    }

    [Fact]
    public void Free_refuses_what_is_not_allocated()
    {
        using MemoryArena memory = new();
        Offset<long> at = memory.Arena.Allocate<long>(10), other = memory.Arena.Allocate<long>(10);
        MappedList<int> list = new(memory.Arena) { 1 };
        foreach (long where in (long[])[8, at.Value + 16, at.Value + 1, other.Value + 96, 1L << 40, long.MaxValue, long.MinValue, -16,
            list.Offset.Value])
        {
            Assert.Throws<ArgumentException>(() => memory.Arena.Free(new Offset<long>(where)));
        }

        memory.Arena.Free(at);
        Assert.Throws<ArgumentException>(() => memory.Arena.Free(at));
        memory.Arena.Free(default(Offset<long>));
        Assert.Empty(memory.Arena.Inspect().Problems);
    }

    [Fact]
    public void Following_an_offset_is_checked()
    {
        using MemoryArena memory = new();
        long size = memory.Arena.Size;
        foreach (long where in (long[])[0, 1, 128, 4096, 32767, size - 7, size, size + 1, long.MaxValue, long.MinValue, -1, -8, -32768])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.Arena.Get(new Offset<long>(where)));
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.Arena.Edit(new Offset<long>(where)));
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.Arena.GetSpan(new Offset<long>(where), 1).Length);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Arena.GetSpan(new Offset<long>(40000), int.MaxValue).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Arena.GetSpan(new Offset<long>(40000), -1).Length);
        _ = memory.Arena.Get(new Offset<long>(size - 8));
    }

    [Fact]
    public void A_change_that_is_not_completed_is_undone_with_all_that_was_done_inside()
    {
        using MemoryArena memory = new();
        Arena arena = memory.Arena;
        MappedList<long> list = new(arena) { 1, 2, 3 };
        MappedDictionary<long, long> dictionary = new(arena) { { 1, 1 } };
        MappedQueue<long> queue = new(arena);
        queue.Enqueue(1);
        Offset<long> own = arena.Allocate<long>();
        arena.Edit(own) = 5;
        (long blocks, long bytes) = (arena.UsedBlocks, arena.UsedBytes);
        using (ArenaChange change = arena.BeginChange())
        {
            list.RemoveAt(2);
            list.Add(9);
            list.Insert(0, 8);
            for (int i = 0; i < 100; i++)
            {
                list.Add(i);
            }

            dictionary.Remove(1);
            dictionary[1] = 7;
            dictionary[2] = 7;
            queue.Dequeue();
            for (int i = 0; i < 4; i++)
            {
                queue.Enqueue(4);
            }

            change.Edit(own) = 6;
            arena.Free(own);
            using (ArenaChange inner = arena.BeginChange())
            {
                arena.Allocate<byte>(100);
                inner.Complete();
            }

            using (arena.BeginChange())
            {
                list.Clear(); // undone by itself
            }

            Assert.Equal(104, list.Count);
        }

        Assert.Equal([1, 2, 3], list);
        Assert.Equal([new(1, 1)], dictionary);
        Assert.Equal([1], queue);
        Assert.Equal((5, blocks, bytes), (arena.Get(own), arena.UsedBlocks, arena.UsedBytes));
        Assert.Empty(arena.Inspect().Problems);
    }

    [Fact]
    public void Freeing_twice_in_one_change_is_refused()
    {
        using MemoryArena memory = new();
        Offset<long> at = memory.Arena.Allocate<long>();
        using (ArenaChange change = memory.Arena.BeginChange())
        {
            memory.Arena.Free(at);
            Assert.Equal(1, memory.Arena.UsedBlocks); // its bytes may have to come back
            Assert.Throws<ArgumentException>(() => memory.Arena.Free(at));
            change.Complete();
        }

        Assert.Equal(0, memory.Arena.UsedBlocks);
    }

    [Fact]
    public void A_change_that_is_too_large_is_refused_and_undone()
    {
        using MemoryArena memory = new();
        MappedList<long> list = new(memory.Arena);
        list.AddRange(new long[5000]);
        Assert.Throws<InvalidOperationException>(() =>
        {
            using ArenaChange change = memory.Arena.BeginChange();
            for (int i = 0; i < 5000; i++)
            {
                list[i] = 1;
            }
        });
        Assert.Equal(-1, list.IndexOf(1));
        Offset<long>[] blocks = [.. Enumerable.Range(0, 65).Select(_ => memory.Arena.Allocate<long>())];
        Assert.Throws<InvalidOperationException>(() =>
        {
            using ArenaChange change = memory.Arena.BeginChange();
            foreach (Offset<long> block in blocks)
            {
                memory.Arena.Free(block);
            }
        });
        Assert.Equal(67, memory.Arena.UsedBlocks);
        list.Add(2);
        Assert.Empty(memory.Arena.Inspect().Problems);
    }

    [Fact]
    public void A_full_arena_says_so_and_stays_as_it_was()
    {
        using MappedRegion region = Mapwire.Memory.MappedRegion.Allocate(1 << 17);
        using Arena arena = Arena.Create(region);
        MappedList<Fat> list = new(arena);
        MappedStringDictionary<long> dictionary = new(arena);
        Assert.Throws<IOException>(() =>
        {
            for (int i = 0; i < int.MaxValue; i++)
            {
                list.Add(Containers.Fat.Of(i));
                dictionary[$"{i}"] = i;
            }
        });
        Assert.InRange(list.Count - dictionary.Count, 0, 1);
        Assert.All(list, item => Assert.True(item.IsWhole));
        Assert.Empty(arena.Inspect().Problems);
        Assert.Throws<IOException>(() => arena.Allocate<byte>(1 << 30));
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Allocate<byte>(long.MaxValue));
        list.Delete();
        arena.Free(arena.Allocate<byte>(10_000)); // there is room again
    }

    [Fact]
    public void Many_threads_allocate_and_free()
    {
        using MemoryArena memory = new();
        Parallel.For(0, 4, thread =>
        {
            Random random = new(thread);
            List<(Offset<long> At, long Value)> held = [];
            for (int i = 0; i < 20_000; i++)
            {
                if (held.Count > 50)
                {
                    int index = random.Next(held.Count);
                    Assert.Equal(held[index].Value, memory.Arena.Get(held[index].At));
                    memory.Arena.Free(held[index].At);
                    held.RemoveAt(index);
                }

                Offset<long> at = memory.Arena.Allocate<long>(random.Next(1, 20));
                long value = random.NextInt64();
                memory.Arena.Edit(at) = value;
                held.Add((at, value));
            }
        });
        Assert.Equal(4 * 51, memory.Arena.UsedBlocks);
        Assert.Empty(memory.Arena.Inspect().Problems);
    }
}
