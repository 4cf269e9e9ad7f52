using System.Runtime.InteropServices;
using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Mapwire.Sharing.Tests.Processes;
using Xunit;

namespace Mapwire.Arenas.Tests.Memory;

/// <summary>Blocks that nothing leads to: found, and nothing else.</summary>
public sealed class UnreachableTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Blocks_that_a_killed_program_left_are_listed_and_freed()
    {
        string path = _folder["arena"];
        using (ChildProcess child = new("leak", path))
        {
            Assert.True(child.WaitUntilReady());
            child.Kill();
        }

        using Arena arena = Arena.Open(path);
        Assert.Equal(
            ["contents", "contents", "contents", "list", "own", "string", "string dictionary"],
            arena.FindUnreachable().Select(block => block.Kind).Order(StringComparer.Ordinal));
        Assert.Equal(7, arena.FreeUnreachable());
        Assert.Equal((0, 0), (arena.UsedBlocks, arena.UsedBytes));
        Assert.Empty(arena.Inspect().Problems);
    }

    [Fact]
    public void What_can_be_reached_in_any_way_is_kept()
    {
        using MemoryArena memory = new();
        Arena arena = memory.Arena;
        MappedList<Offset<long>> list = new(arena);
        MappedStringDictionary<MappedString> names = new(arena);
        MappedDictionary<long, Offset<QueueHeader<long>>> queues = new(arena);
        MappedQueue<long> queue = new(arena);
        for (int i = 0; i < 30; i++)
        {
            list.Add(arena.Allocate<long>());
            names[$"{i}"] = MappedString.Create(arena, $"value {i}");
            queue.Enqueue(i);
        }

        queues[1] = queue.Offset;
        Offset<long> array = arena.Allocate<long>(100), outside = arena.Allocate<long>();
        Offset<Root> root = arena.Allocate<Root>();
        arena.Edit(root) = new Root
        {
            Shift = 1,
            List = list.Offset,
            Names = names.Offset,
            Queues = queues.Offset,
            Inside = array.Plus(99),
        };
        arena.SetRoot(root);
        Assert.Equal([outside.Value], arena.FindUnreachable().Select(block => block.Offset));
        Assert.Empty(arena.FindUnreachable(outside.Value));
        for (int i = 0; i < 200; i++) // more than one change can free
        {
            _ = new MappedList<long>(arena) { i };
            _ = MappedString.Create(arena, "lost");
        }

        Assert.Equal(600, arena.FreeUnreachable(outside.Value));
        Assert.Empty(arena.FindUnreachable(outside.Value));
        Assert.Empty(arena.Inspect().Problems);
        Assert.Equal("value 7", names["7"].GetString(arena));
        Assert.Equal(Enumerable.Range(0, 30).Select(i => (long)i), queue);
        arena.SetRoot(default(Offset<Root>));
        arena.FreeUnreachable();
        Assert.Equal(0, arena.UsedBlocks);
    }

    /// <summary>Its offsets are at odd places.</summary>
    [ArenaType]
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal struct Root
    {
        public byte Shift;
        public Offset<ListHeader<Offset<long>>> List;
        public Offset<StringDictionaryHeader<MappedString>> Names;
        public Offset<DictionaryHeader<long, Offset<QueueHeader<long>>>> Queues;
        public Offset<long> Inside;
    }
}
