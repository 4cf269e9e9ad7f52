using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Tests.Processes;

/// <summary>Containers that several processes change at once, so that in the end each number of each is known.</summary>
internal sealed class SharedFarm
{
    private readonly Arena _arena;

    public SharedFarm(Arena arena)
    {
        _arena = arena;
        using Arena.Scope scope = arena.EnterScope();
        if (arena.GetRoot<Root>().IsNull)
        {
            using ArenaChange change = arena.BeginChange();
            Offset<Root> made = arena.Allocate<Root>();
            arena.Edit(made) = new Root(
                new MappedList<long>(arena).Offset, new MappedQueue<long>(arena).Offset, new MappedDictionary<long, long>(arena).Offset,
                new MappedStringDictionary<long>(arena).Offset);
            arena.SetRoot(made);
            change.Complete();
        }

        Root root = arena.Get(arena.GetRoot<Root>());
        List = new MappedList<long>(arena, root.List);
        Queue = new MappedQueue<long>(arena, root.Queue);
        Sums = new MappedDictionary<long, long>(arena, root.Sums);
        Names = new MappedStringDictionary<long>(arena, root.Names);
    }

    public MappedList<long> List { get; }

    public MappedQueue<long> Queue { get; }

    public MappedDictionary<long, long> Sums { get; }

    public MappedStringDictionary<long> Names { get; }

    /// <summary>Each is an operation of its own but for the last, which is many in one.</summary>
    public void Step(int party, int number)
    {
        long mine = ((long)party << 32) | (uint)number;
        List.Add(mine);
        Queue.Enqueue(mine);
        if (number % 3 == 0)
        {
            Queue.TryDequeue(out _);
        }

        Names[$"{party}/{number}"] = mine;
        if (number % 2 == 0)
        {
            Names.Remove($"{party}/{number}");
        }

        _arena.Free(_arena.Allocate<byte>(number % 500));
        using ArenaChange change = _arena.BeginChange();
        Sums[number % 100] = Sums.TryGetValue(number % 100, out long sum) ? sum + 1 : 1;
        change.Complete();
    }

    [ArenaType]
    internal readonly record struct Root(
        Offset<ListHeader<long>> List, Offset<QueueHeader<long>> Queue, Offset<DictionaryHeader<long, long>> Sums,
        Offset<StringDictionaryHeader<long>> Names);
}
