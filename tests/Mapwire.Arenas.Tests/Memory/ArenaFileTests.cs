using Mapwire.Arenas.Tests.Containers;
using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Sharing;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Memory;

public sealed class ArenaFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Path => _folder["arena"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ArenaDurability.Kill)]
    [InlineData(ArenaDurability.PowerLoss)]
    public void A_reopened_arena_is_the_same_at_another_address(ArenaDurability durability)
    {
        byte[] built;
        nint address;
        using (Arena arena = Arena.Create(Path, new ArenaOptions { Durability = durability }))
        {
            Build(arena);
            if (durability == ArenaDurability.PowerLoss)
            {
                arena.Commit();
            }

            built = Heap(arena).ToArray();
            address = arena.DangerousAddress;
        }

        using MappedRegion inTheWay = MappedRegion.Allocate(1 << 16, new MapOptions { Address = address }); // so it cannot be there again
        using Arena again = Arena.Open(Path);
        Assert.NotEqual(address, again.DangerousAddress);
        Assert.Equal(durability, again.Durability);
        Assert.True(Heap(again).SequenceEqual(built));
        Check(again);
        Assert.Empty(again.Inspect().Problems);
    }

    [Fact]
    public void It_opens_at_a_fixed_address_or_not_at_all()
    {
        nint address;
        using (MappedRegion probe = MappedRegion.Allocate(1 << 26)) // free from here on, and large enough that nobody else is put there
        {
            address = (probe.DangerousAddress + (1 << 25)) / (1 << 16) * (1 << 16);
        }

        using (Arena arena = Arena.Create(Path, new ArenaOptions { Address = address, MaxSize = 1 << 20 }))
        {
            Assert.Equal(address, arena.DangerousAddress);
            Build(arena);
        }

        using (Arena arena = Arena.Open(Path, new ArenaOptions { Address = address, MaxSize = 1 << 20 }))
        {
            Assert.Equal(address, arena.DangerousAddress);
            Check(arena);
        }

        using MappedRegion taken = MappedRegion.Allocate(1 << 16, new MapOptions { Address = address });
        taken.Write(0, 42L);
        Assert.Throws<IOException>(() => Arena.Open(Path, new ArenaOptions { Address = address, MaxSize = 1 << 20 }));
        Assert.Equal(42L, taken.Read<long>(0));
        using Arena anywhere = Arena.Open(Path);
        Check(anywhere);
    }

    [Theory]
    [InlineData(ArenaDurability.Kill)]
    [InlineData(ArenaDurability.PowerLoss)]
    public void It_grows_without_moving(ArenaDurability durability)
    {
        if (!PlatformCapabilities.Supports(MemoryCapability.ReserveForFile))
        {
            return;
        }

        using (Arena arena = Arena.Create(Path, new ArenaOptions { Size = 1 << 16, Durability = durability }))
        {
            nint address = arena.DangerousAddress;
            ref readonly Fat first = ref arena.Get(Allocated(arena, 1));
            for (int i = 0; i < 200_000; i++)
            {
                Allocated(arena, i);
            }

            Assert.Equal(address, arena.DangerousAddress);
            Assert.Equal(Fat.Of(1), first);
            Assert.InRange(arena.Size, 200_000 * 32, 200_000 * 32 * 2);
            if (durability == ArenaDurability.PowerLoss)
            {
                arena.Commit();
            }
        }

        using Arena again = Arena.Open(Path);
        Assert.Equal(200_001, again.UsedBlocks);
        Assert.Empty(again.Inspect().Problems);

        static Offset<Fat> Allocated(Arena arena, int value)
        {
            Offset<Fat> at = arena.Allocate<Fat>();
            arena.Edit(at) = Fat.Of(value);
            return at;
        }
    }

    [Fact]
    public void One_process_at_a_time_unless_all_share()
    {
        using (Arena.Create(Path, new ArenaOptions { Size = Room.Of(1 << 16, 1 << 22) }))
        {
            Assert.Throws<IOException>(() => Arena.Open(Path));
            Assert.Throws<IOException>(() => Arena.Open(Path, new ArenaOptions { Shared = true }));
            Assert.Throws<IOException>(() => Arena.Open(Path, new ArenaOptions { ReadOnly = true }));
        }

        using Arena one = Arena.Open(Path, new ArenaOptions { Shared = true }), two = Arena.Open(Path, new ArenaOptions { Shared = true });
        Assert.Throws<IOException>(() => Arena.Open(Path));
        MappedList<long> list = new(one);
        one.SetRoot(list.Offset);
        MappedList<long> view = new(two, two.GetRoot<ListHeader<long>>());
        for (int i = 0; i < 100_000; i++)
        {
            (i % 2 == 0 ? list : view).Add(i); // each follows the other's growth
        }

        Assert.Equal(Enumerable.Range(0, 100_000).Select(i => (long)i), view);
        Assert.Empty(two.Inspect().Problems);
    }

    [Fact]
    public void Create_makes_no_arena_over_something_else()
    {
        Arena.Create(Path).Dispose();
        Assert.Throws<IOException>(() => Arena.Create(Path));
        Arena.CreateOrOpen(Path).Dispose();
        File.WriteAllText(_folder["text"], new string('x', 100_000));
        Assert.Throws<IOException>(() => Arena.Create(_folder["text"]));
        Assert.Equal(ArenaError.NotAnArena, Assert.Throws<ArenaFormatException>(() => Arena.CreateOrOpen(_folder["text"])).Error);
        Assert.Equal(new string('x', 100_000), File.ReadAllText(_folder["text"]));
        Assert.Throws<FileNotFoundException>(() => Arena.Open(_folder["none"]));
        Assert.False(File.Exists(_folder["none"]));
    }

    [Fact]
    public void What_a_maker_left_that_died_is_made_anew()
    {
        var page = new byte[1 << 16];
        ArenaHeader.Format(page, 1 << 16, new ArenaOptions(), 1);
        foreach (int length in (int[])[0, 8, 4096, 1 << 16])
        {
            File.WriteAllBytes(Path, page[..length]);
            using (Arena arena = Arena.Create(Path))
            {
                Build(arena);
            }

            using (Arena arena = Arena.Open(Path))
            {
                Check(arena);
            }
        }
    }

    [Fact]
    public void Another_layout_is_refused()
    {
        Guid id = new("2f9d1e6c-8f34-4d9b-8d43-2f3f0fb6b8a1");
        Arena.Create(Path, new ArenaOptions { LayoutId = id, LayoutVersion = 3 }).Dispose();
        foreach (ArenaOptions other in (ArenaOptions[])[new(), new() { LayoutId = id }, new() { LayoutVersion = 3 },
            new() { LayoutId = Guid.NewGuid(), LayoutVersion = 3 }])
        {
            Assert.Equal(ArenaError.OtherLayout, Assert.Throws<ArenaFormatException>(() => Arena.Open(Path, other)).Error);
        }

        using (Arena arena = Arena.Open(Path, new ArenaOptions { LayoutId = id, LayoutVersion = 3 }))
        {
            Assert.Equal((id, 3), (arena.LayoutId, arena.LayoutVersion));
        }

        using Arena any = Arena.Open(Path, new ArenaOptions { AnyLayout = true });
        any.SetRoot(any.Allocate<long>());
        Assert.Equal(ArenaError.OtherLayout, Assert.Throws<ArenaFormatException>(() => any.GetRoot<double>()).Error);
        Assert.False(any.GetRoot<long>().IsNull);
    }

    [Theory]
    [InlineData(ArenaDurability.Kill)]
    [InlineData(ArenaDurability.PowerLoss)]
    public void Looking_changes_nothing(ArenaDurability durability)
    {
        using (Arena arena = Arena.Create(Path, new ArenaOptions { Durability = durability }))
        {
            Build(arena);
            if (durability == ArenaDurability.PowerLoss)
            {
                arena.Commit();
            }
        }

        byte[] before = File.ReadAllBytes(Path);
        using (Arena arena = Arena.Open(Path, new ArenaOptions { ReadOnly = true }))
        {
            Check(arena);
            Assert.Empty(arena.Inspect().Problems);
            Assert.Throws<InvalidOperationException>(() => arena.Allocate<long>());
            Assert.Throws<InvalidOperationException>(() => arena.Edit(new Offset<long>(40000)));
            Assert.Throws<InvalidOperationException>(() => arena.Commit());
        }

        Assert.Equal(before, File.ReadAllBytes(Path));
    }

    [Fact]
    public void Shared_memory_holds_an_arena_for_all_who_open_it()
    {
        using SharedMemory made = SharedMemory.Create("arena-test", 1 << 18, new SharedMemoryOptions
        {
            Folder = _folder.Root,
            Initialize = memory => Arena.Create(memory).Dispose(),
        });
        using SharedMemory other = SharedMemory.Open("arena-test", new SharedMemoryOptions { Folder = _folder.Root });
        using Arena one = Arena.Open(made), two = Arena.Open(other);
        Build(one);
        Check(two);
        using (one.EnterScope())
        {
            Thread waiting = new(() => two.Allocate<long>());
            waiting.Start();
            Assert.False(waiting.Join(100));
        }

        Assert.Empty(one.Inspect().Problems);
    }

    [Fact]
    public void Use_after_disposal_is_refused()
    {
        Arena arena = Arena.Create(Path);
        MappedList<long> list = new(arena) { 1 };
        MappedDictionary<long, long> dictionary = new(arena) { { 1, 1 } };
        MappedQueue<long> queue = new(arena);
        Offset<long> at = arena.Allocate<long>();
        arena.Dispose();
        arena.Dispose();
        Action[] uses =
        [
            () => arena.Get(at), () => arena.Edit(at), () => arena.Allocate<long>(), () => arena.Free(at), () => arena.GetRoot<long>(),
            () => arena.Inspect(), () => arena.Commit(), () => _ = arena.UsedBytes, () => _ = arena.DangerousAddress, () => _ = list[0],
            () => list.Add(1), () => _ = list.Count, () => dictionary.TryGetValue(1, out _), () => dictionary.Remove(1),
            () => queue.Enqueue(1),
            () => _ = new MappedList<long>(arena),
        ];
        Assert.All(uses, use => Assert.Throws<ObjectDisposedException>(use));
    }

    private static ReadOnlySpan<byte> Heap(Arena arena) =>
        arena.Space.Bytes(ArenaHeader.HeapAt, (int)arena.Inspect().HeapEnd - ArenaHeader.HeapAt);

    private static void Build(Arena arena)
    {
        MappedList<Fat> list = new(arena);
        for (int i = 0; i < 100; i++)
        {
            list.Add(Fat.Of(i));
        }

        MappedStringDictionary<MappedString> names = new(arena);
        for (int i = 0; i < 100; i++)
        {
            names[$"key {i}"] = MappedString.Create(arena, $"value {i}");
        }

        Offset<Root> root = arena.Allocate<Root>();
        arena.Edit(root) = new Root(list.Offset, names.Offset);
        arena.SetRoot(root);
    }

    private static void Check(Arena arena)
    {
        Root root = arena.Get(arena.GetRoot<Root>());
        Assert.Equal(Enumerable.Range(0, 100).Select(i => Fat.Of(i)), new MappedList<Fat>(arena, root.List));
        MappedStringDictionary<MappedString> names = new(arena, root.Names);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal($"value {i}", names[$"key {i}"].GetString(arena));
        }
    }

    [ArenaType]
    internal readonly record struct Root(Offset<ListHeader<Fat>> List, Offset<StringDictionaryHeader<MappedString>> Names);
}
