using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Tests.Processes;

/// <summary>What processes do to an arena that they share: each step is one change of several containers, and after every step, by
/// whomever, the containers agree with each other.</summary>
internal sealed class Parties
{
    private const int MaxRecent = 500;

    private readonly Arena _arena;
    private readonly MappedDictionary<int, long> _steps; // by party
    private readonly MappedQueue<long> _recent; // the newest steps of all, party in the upper half
    private readonly MappedStringDictionary<long> _names; // the newest step of each party, by name
    private readonly MappedList<Offset<byte>> _blocks;

    public Parties(Arena arena)
    {
        _arena = arena;
        using (ArenaChange change = arena.BeginChange())
        {
            if (arena.GetRoot<Root>().IsNull)
            {
                Offset<Root> made = arena.Allocate<Root>();
                arena.Edit(made) = new Root(
                    new MappedDictionary<int, long>(arena).Offset, new MappedQueue<long>(arena).Offset,
                    new MappedStringDictionary<long>(arena).Offset, new MappedList<Offset<byte>>(arena).Offset);
                arena.SetRoot(made);
            }

            change.Complete();
        }

        Root root = arena.Get(arena.GetRoot<Root>());
        _steps = new MappedDictionary<int, long>(arena, root.Steps);
        _recent = new MappedQueue<long>(arena, root.Recent);
        _names = new MappedStringDictionary<long>(arena, root.Names);
        _blocks = new MappedList<Offset<byte>>(arena, root.Blocks);
    }

    /// <summary>Does one step.</summary>
    /// <returns>Its number.</returns>
    public long Step(int party)
    {
        using ArenaChange change = _arena.BeginChange();
        long step = _steps.TryGetValue(party, out long before) ? before + 1 : 1;
        _steps[party] = step;
        _recent.Enqueue(((long)party << 32) | (uint)step);
        if (_recent.Count > MaxRecent)
        {
            _recent.Dequeue();
        }

        _names[$"party {party}"] = step;
        _names[$"step {party} {step % 50}"] = step;
        _names.Remove($"step {party} {(step + 25) % 50}");
        _blocks.Add(_arena.Allocate<byte>((step * 37 % 700) + 1));
        if (_blocks.Count > 40)
        {
            int index = (int)(step % 20);
            _arena.Free(_blocks[index]);
            _blocks.RemoveAt(index);
        }

        change.Complete();
        return step;
    }

    /// <summary>How many steps a party has done.</summary>
    public long StepsOf(int party)
    {
        using Arena.Scope scope = _arena.EnterScope(TimeSpan.FromSeconds(60));
        return _steps.TryGetValue(party, out long steps) ? steps : 0;
    }

    /// <summary>Says what does not agree.</summary>
    public IEnumerable<string> GetProblems()
    {
        List<string> problems = [];
        using Arena.Scope scope = _arena.EnterScope(TimeSpan.FromSeconds(60));
        problems.AddRange(_arena.Inspect().Problems);
        Dictionary<int, long> newest = [];
        foreach (long item in _recent)
        {
            int party = (int)(item >> 32);
            if (newest.TryGetValue(party, out long last) && (uint)item != last + 1)
            {
                problems.Add($"party {party}: step {(uint)item} behind {last}");
            }

            newest[party] = (uint)item;
        }

        foreach ((int party, long step) in newest)
        {
            if (!_steps.TryGetValue(party, out long steps) || steps != step || _names[$"party {party}"] != step)
            {
                problems.Add($"party {party}: step {step} is the newest, {steps} are counted");
            }
        }

        return problems;
    }

    [ArenaType]
    internal readonly record struct Root(
        Offset<DictionaryHeader<int, long>> Steps, Offset<QueueHeader<long>> Recent, Offset<StringDictionaryHeader<long>> Names,
        Offset<ListHeader<Offset<byte>>> Blocks);
}
