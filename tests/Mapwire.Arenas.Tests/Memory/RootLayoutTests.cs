using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Xunit;

namespace Mapwire.Arenas.Tests.Memory;

/// <summary>A program whose structures have changed since it wrote an arena: a root is opened only if all that its offsets lead to is
/// laid out as before.</summary>
public sealed class RootLayoutTests
{
    [Fact]
    public void A_root_is_refused_if_what_an_offset_leads_to_has_another_layout()
    {
        using MemoryArena memory = new();
        Offset<Node> node = memory.Arena.Allocate<Node>();
        memory.Arena.Edit(node) = new Node(7, node);
        SetRoot(memory.Arena, new Tree(node));
        Assert.Equal(7, memory.Arena.Get(memory.Arena.Get(memory.Arena.GetRoot<Tree>()).First).Key);
        Refused<OtherTree>(memory.Arena);
        Refused<Untyped>(memory.Arena);
    }

    [Fact]
    public void A_root_is_refused_if_the_change_is_some_offsets_away()
    {
        using MemoryArena memory = new();
        SetRoot(memory.Arena, default(Forest));
        Assert.False(memory.Arena.GetRoot<Forest>().IsNull);
        Refused<OtherForest>(memory.Arena);
    }

    [Fact]
    public void A_root_is_refused_if_only_the_size_of_what_an_offset_leads_to_differs()
    {
        using MemoryArena memory = new();
        SetRoot(memory.Arena, default(Narrow));
        Refused<Wide>(memory.Arena);
    }

    [Fact]
    public void A_root_is_refused_if_an_offset_and_a_number_have_changed_places()
    {
        using MemoryArena memory = new();
        SetRoot(memory.Arena, default(Node));
        Refused<TurnedNode>(memory.Arena);
        SetRoot(memory.Arena, default(Tree));
        Refused<TurnedTree>(memory.Arena);
    }

    [Fact]
    public void A_root_that_is_a_list_is_refused_if_its_items_have_another_layout()
    {
        using MemoryArena memory = new();
        memory.Arena.SetRoot(new MappedList<Tree>(memory.Arena).Offset);
        Assert.False(memory.Arena.GetRoot<ListHeader<Tree>>().IsNull);
        Refused<ListHeader<OtherTree>>(memory.Arena);
        Refused<QueueHeader<long>>(memory.Arena);
    }

    [Fact]
    public void A_root_that_is_a_container_is_refused_as_a_container_of_another_kind()
    {
        using MemoryArena memory = new();
        memory.Arena.SetRoot(new MappedList<Tree>(memory.Arena).Offset);
        Refused<QueueHeader<Tree>>(memory.Arena);
        Refused<StringDictionaryHeader<Tree>>(memory.Arena);
    }

    [Fact]
    public void Names_of_structures_do_not_matter_whatever_refers_to_whatever()
    {
        using MemoryArena memory = new();
        SetRoot(memory.Arena, default(Tree));
        Assert.False(memory.Arena.GetRoot<RenamedTree>().IsNull);
        Assert.Equal(memory.Arena.GetRoot<Tree>().Value, memory.Arena.GetRoot<RenamedTree>().Value);
    }

    private static void SetRoot<T>(Arena arena, T value) where T : unmanaged
    {
        Offset<T> root = arena.Allocate<T>();
        arena.Edit(root) = value;
        arena.SetRoot(root);
    }

    private static void Refused<T>(Arena arena) where T : unmanaged
    {
        ArenaFormatException refusal = Assert.Throws<ArenaFormatException>(() => arena.GetRoot<T>());
        Assert.Equal(ArenaError.OtherLayout, refusal.Error);
    }

    [ArenaType]
    internal readonly record struct Tree(Offset<Node> First);

    [ArenaType]
    internal readonly record struct Node(long Key, Offset<Node> Next);

    [ArenaType]
    internal readonly record struct OtherTree(Offset<OtherNode> First);

    [ArenaType]
    internal readonly record struct OtherNode(int Key, int More, Offset<OtherNode> Next);

    [ArenaType]
    internal readonly record struct TurnedTree(Offset<TurnedNode> First);

    [ArenaType]
    internal readonly record struct TurnedNode(Offset<TurnedNode> Next, long Key);

    [ArenaType]
    internal readonly record struct Untyped(long First);

    /// <summary>As Tree, by other names and with two structures in place of one.</summary>
    [ArenaType]
    internal readonly record struct RenamedTree(Offset<Odd> First);

    [ArenaType]
    internal readonly record struct Odd(long Key, Offset<Even> Next);

    [ArenaType]
    internal readonly record struct Even(long Key, Offset<Even> Next);

    [ArenaType]
    internal readonly record struct Forest(Offset<DictionaryHeader<int, Offset<ListHeader<Tree>>>> Trees);

    [ArenaType]
    internal readonly record struct OtherForest(Offset<DictionaryHeader<int, Offset<ListHeader<OtherTree>>>> Trees);

    [ArenaType]
    internal readonly record struct Narrow(Offset<EightBytes> Array);

    [ArenaType]
    internal readonly record struct Wide(Offset<SixteenBytes> Array);

    [ArenaType]
    internal readonly record struct EightBytes(long Value);

    [ArenaType]
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Size = 16)]
    internal readonly record struct SixteenBytes(long Value);
}
