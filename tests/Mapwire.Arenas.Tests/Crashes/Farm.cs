using System.Globalization;
using System.Text;
using Mapwire.Arenas.Tests.Containers;
using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Tests.Crashes;

/// <summary>An arena with one container of each kind and some blocks of the program's own, every operation on them by name, and all that
/// is in it as text.</summary>
internal sealed class Farm
{
    private readonly Arena _arena;
    private readonly MappedList<Fat> _list;
    private readonly MappedQueue<Fat> _queue;
    private readonly MappedDictionary<long, Fat> _dictionary;
    private readonly MappedStringDictionary<Fat> _names;
    private readonly MappedList<Block> _blocks;
    private readonly MappedList<MappedString> _strings;

    /// <summary>Every structural operation, also those that move contents to another place.</summary>
    public static readonly (string Name, Action<Farm, Random> Do)[] Operations =
    [
        ("list add", (farm, random) => farm._list.Add(Any(random))),
        ("list add range", (farm, random) => farm._list.AddRange([Any(random), Any(random), Any(random)])),
        ("list add many", (farm, random) => farm._list.AddRange([.. Enumerable.Range(0, 400).Select(_ => Any(random))])),
        ("list set", (farm, random) => farm._list[random.Next(farm._list.Count)] = Any(random)),
        ("list insert", (farm, random) => farm._list.Insert(random.Next(farm._list.Count + 1), Any(random))),
        ("list insert first", (farm, random) => farm._list.Insert(0, Any(random))),
        ("list remove", (farm, random) => farm._list.RemoveAt(random.Next(farm._list.Count))),
        ("list remove first", (farm, _) => farm._list.RemoveAt(0)),
        ("list trim", (farm, _) => farm._list.TrimExcess()),
        ("list clear", (farm, _) => farm._list.Clear()),
        ("queue enqueue", (farm, random) => farm._queue.Enqueue(Any(random))),
        ("queue dequeue", (farm, _) => farm._queue.TryDequeue(out Fat _)),
        ("queue clear", (farm, _) => farm._queue.Clear()),
        ("dictionary set", (farm, random) => farm._dictionary[random.Next(60)] = Any(random)),
        ("dictionary add", (farm, random) => farm._dictionary.TryAdd(random.Next(200), Any(random))),
        ("dictionary remove", (farm, random) => farm._dictionary.Remove(random.Next(30) * 2)),
        ("dictionary clear", (farm, _) => farm._dictionary.Clear()),
        ("names set", (farm, random) => farm._names[Name(random, 60)] = Any(random)),
        ("names add", (farm, random) => farm._names.TryAdd(Name(random, 200), Any(random))),
        ("names remove", (farm, random) => farm._names.Remove(Name(random.Next(30) * 2))),
        ("names clear", (farm, _) => farm._names.Clear()),
        ("allocate", (farm, random) => farm.Allocate(random, random.Next(1, 600), 16)),
        ("allocate aligned", (farm, random) => farm.Allocate(random, random.Next(1, 200), 1 << random.Next(5, 10))),
        ("allocate much", (farm, random) => farm.Allocate(random, random.Next(1000, 9000), 16)),
        ("free", (farm, random) => farm.Free(random)),
        ("free much", (farm, random) => farm.FreeMuch(random)),
        ("string", (farm, random) => farm.AddString(random)),
        ("string free", (farm, random) => farm.FreeString(random)),
        ("together", (farm, random) => farm.Together(random)),
        ("root", (farm, _) => farm._arena.SetRoot(farm._arena.GetRoot<Root>())),
    ];

    public Farm(Arena arena)
    {
        _arena = arena;
        if (arena.GetRoot<Root>().IsNull)
        {
            Build(arena);
        }

        Root root = arena.Get(arena.GetRoot<Root>());
        _list = new MappedList<Fat>(arena, root.List);
        _queue = new MappedQueue<Fat>(arena, root.Queue);
        _dictionary = new MappedDictionary<long, Fat>(arena, root.Dictionary);
        _names = new MappedStringDictionary<Fat>(arena, root.Names);
        _blocks = new MappedList<Block>(arena, root.Blocks);
        _strings = new MappedList<MappedString>(arena, root.Strings);
    }

    public MappedList<Fat> List => _list;

    public MappedQueue<Fat> Queue => _queue;

    public MappedDictionary<long, Fat> Dictionary => _dictionary;

    public MappedStringDictionary<Fat> Names => _names;

    /// <summary>How many operations were done; whoever does one counts it after.</summary>
    public ref long Done => ref _arena.Edit(new Offset<long>(_arena.GetRoot<Root>().Value));

    /// <summary>Sees to it that every operation finds something to work on.</summary>
    public void Prepare(Random random)
    {
        while (_list.Count < 3)
        {
            _list.Add(Any(random));
        }

        while (_blocks.Count < 3)
        {
            Allocate(random, random.Next(1, 100), 16);
        }

        while (_strings.Count < 3)
        {
            AddString(random);
        }

        while (_queue.Count < 3)
        {
            _queue.Enqueue(Any(random));
        }

        for (int i = 0; i < 60; i += 2)
        {
            _dictionary.TryAdd(i, Any(random));
            _names.TryAdd(Name(i), Any(random));
        }
    }

    /// <summary>Does one operation of the arena. Its number decides which, unless there is too little or too much of something.</summary>
    public void Do(int seed, long number)
    {
        Random random = new((int)(((seed * 7919L) + (number * 104729L)) & 0x7fff_ffff));
        string? needed = _list.Count < 3 ? "list add range" : _list.Count > 1500 ? "list clear"
            : _blocks.Count < 3 ? "allocate" : _blocks.Count > 40 ? "free much"
            : _strings.Count < 3 ? "string" : _strings.Count > 40 ? "string free"
            : null;
        int which = needed is null ? random.Next(Operations.Length) : Array.FindIndex(Operations, one => one.Name == needed);
        Operations[which].Do(this, random);
    }

    /// <summary>All that is in it, in an order that does not depend on where it is.</summary>
    /// <exception cref="InvalidOperationException">Something is half written.</exception>
    public string Dump()
    {
        StringBuilder text = new();
        Line("list", _list);
        Line("queue", _queue);
        foreach ((long key, Fat value) in _dictionary.OrderBy(pair => pair.Key))
        {
            text.Append(CultureInfo.InvariantCulture, $"{key}={One(value)};");
        }

        SortedDictionary<string, string> names = new(StringComparer.Ordinal);
        foreach (StringEntry<Fat> entry in _names)
        {
            names.Add(entry.Key, One(entry.Value));
        }

        text.AppendJoin(';', names);
        foreach (Block block in _blocks)
        {
            ReadOnlySpan<byte> bytes = _arena.GetSpan(block.At, block.Length);
            if (bytes.ContainsAnyExcept(block.Fill))
            {
                throw new InvalidOperationException("A block is not what was written.");
            }

            text.Append(CultureInfo.InvariantCulture, $"[{block.Length},{block.Fill}]");
        }

        foreach (MappedString name in _strings)
        {
            text.Append('\n').Append(name.GetString(_arena));
        }

        return text.ToString();

        void Line(string name, IEnumerable<Fat> items) => text.Append(name).Append(' ').AppendJoin(',', items.Select(One)).Append('\n');

        static string One(Fat value) => value.IsWhole ? $"{value.First}" : throw new InvalidOperationException("A value is half written.");
    }

    /// <summary>Goes through everything, whatever it is.</summary>
    public void Read()
    {
        try
        {
            Dump();
        }
        catch (InvalidOperationException)
        {
            // A value is not what was written.
        }

        for (int key = 0; key < 60; key++)
        {
            _dictionary.TryGetValue(key, out _);
            _names.TryGetValue($"{key}", out _);
        }

        _ = _queue.TryPeek(out _);
    }

    /// <summary>Everything about the arena itself that has to be right whatever was killed: no damage, and no block that nothing leads
    /// to.</summary>
    public IEnumerable<string> Problems()
    {
        ArenaReport report = _arena.Inspect();
        foreach (string problem in report.Problems)
        {
            yield return problem;
        }

        long own = Blocks("own"), strings = Blocks("string");
        if (own != _blocks.Count + 1 || strings != _strings.Count)
        {
            yield return $"{own} own blocks and {strings} strings are in use, {_blocks.Count + 1} and {_strings.Count} are known";
        }

        if (Blocks("list") != 3 || Blocks("queue") != 1 || Blocks("dictionary") != 1 || Blocks("string dictionary") != 1)
        {
            yield return "there are more containers than were made";
        }

        long Blocks(string kind) => report.Kinds.FirstOrDefault(use => use.Kind == kind).Blocks;
    }

    private static void Build(Arena arena)
    {
        using ArenaChange change = arena.BeginChange(); // all of it or nothing
        Offset<Root> root = arena.Allocate<Root>();
        arena.Edit(root) = new Root(
            0, new MappedList<Fat>(arena) { Fat.Of(0) }.Offset, new MappedQueue<Fat>(arena).Offset,
            new MappedDictionary<long, Fat>(arena).Offset,
            new MappedStringDictionary<Fat>(arena).Offset, new MappedList<Block>(arena).Offset, new MappedList<MappedString>(arena).Offset);
        arena.SetRoot(root);
        change.Complete();
    }

    private static Fat Any(Random random) => Fat.Of(random.Next(1000));

    private static string Name(Random random, int most) => Name(random.Next(most));

    private static string Name(int number) => number % 3 == 0 ? $"{number}" : $"a longer name with the number {number}";

    private void Allocate(Random random, int length, int alignment)
    {
        using ArenaChange change = _arena.BeginChange();
        Offset<byte> at = _arena.Allocate<byte>(length, alignment);
        byte fill = (byte)random.Next(256);
        _arena.EditSpan(at, length).Fill(fill);
        _blocks.Add(new Block(at, length, fill));
        change.Complete();
    }

    private void Free(Random random)
    {
        using ArenaChange change = _arena.BeginChange();
        int index = random.Next(_blocks.Count);
        _arena.Free(_blocks[index].At);
        _blocks.RemoveAt(index);
        change.Complete();
    }

    private void FreeMuch(Random random)
    {
        using ArenaChange change = _arena.BeginChange();
        Free(random);
        Free(random);
        Free(random);
        change.Complete();
    }

    private void AddString(Random random)
    {
        using ArenaChange change = _arena.BeginChange();
        _strings.Add(MappedString.Create(_arena, new string('ä', random.Next(100))));
        change.Complete();
    }

    private void FreeString(Random random)
    {
        using ArenaChange change = _arena.BeginChange();
        int index = random.Next(_strings.Count);
        _strings[index].Free(_arena);
        _strings.RemoveAt(index);
        change.Complete();
    }

    /// <summary>Several operations that are done or undone as one, and one inside that is undone by itself.</summary>
    private void Together(Random random)
    {
        using ArenaChange change = _arena.BeginChange();
        _list.RemoveAt(_list.Count - 1);
        _list.Add(Any(random));
        if (_queue.TryDequeue(out Fat item))
        {
            _queue.Enqueue(item);
        }

        _dictionary.Remove(random.Next(60));
        _dictionary[random.Next(60)] = Any(random);
        using (_arena.BeginChange())
        {
            _names[Name(random, 60)] = Any(random);
            _arena.Allocate<byte>(300);
        }

        _names.Remove(Name(random, 60));
        Free(random);
        Allocate(random, 40, 16);
        change.Complete();
    }

    [ArenaType]
    internal readonly record struct Block(Offset<byte> At, int Length, byte Fill);

    [ArenaType]
    internal readonly record struct Root(
        long Done, Offset<ListHeader<Fat>> List, Offset<QueueHeader<Fat>> Queue, Offset<DictionaryHeader<long, Fat>> Dictionary,
        Offset<StringDictionaryHeader<Fat>> Names, Offset<ListHeader<Block>> Blocks, Offset<ListHeader<MappedString>> Strings);
}
