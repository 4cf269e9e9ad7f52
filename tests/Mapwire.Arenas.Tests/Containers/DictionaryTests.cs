using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Xunit;

namespace Mapwire.Arenas.Tests.Containers;

public sealed class DictionaryTests
{
    [Fact]
    public void A_mapped_dictionary_by_eight_bytes_is_a_dictionary() => Steps.Check(steps => Run(steps, key => (long)key * 0x1_0000_0001));

    [Fact]
    public void A_mapped_dictionary_by_four_bytes_is_a_dictionary() => Steps.Check(steps => Run(steps, key => key));

    [Fact]
    public void A_mapped_dictionary_by_structures_is_a_dictionary() => Steps.Check(steps => Run(steps, key => Fat.Of(key)));

    [Fact]
    public void A_mapped_dictionary_by_odd_sizes_is_a_dictionary() => Steps.Check(steps => Run(steps, key => (byte)key));

    private static void Run<TKey>((int What, int Where, int Much)[] steps, Func<int, TKey> keyOf) where TKey : unmanaged
    {
        using MemoryArena memory = new();
        MappedDictionary<TKey, Fat> dictionary = new(memory.Arena);
        Dictionary<TKey, Fat> model = [];
        foreach ((int what, int where, int much) in steps)
        {
            TKey key = keyOf(where % 40);
            Fat value = Fat.Of(much);
            switch (what % 11)
            {
                case 0 or 1:
                    dictionary[key] = value;
                    model[key] = value;
                    break;
                case 2 or 3:
                    Assert.Equal(model.TryAdd(key, value), dictionary.TryAdd(key, value));
                    break;
                case 4 or 5:
                    Assert.Equal(model.Remove(key, out Fat gone), dictionary.Remove(key, out Fat removed));
                    Assert.Equal(gone, removed);
                    break;
                case 6:
                    Assert.Equal(model.TryGetValue(key, out Fat wanted), dictionary.TryGetValue(key, out Fat got));
                    Assert.Equal(wanted, got);
                    break;
                case 7:
                    Assert.Equal(model.ContainsKey(key), dictionary.ContainsKey(key));
                    break;
                case 8:
                    dictionary.GetValueRefOrAddDefault(key, out bool exists) = value;
                    Assert.Equal(model.ContainsKey(key), exists);
                    model[key] = value;
                    break;
                case 9 when much % 16 == 0:
                    dictionary.Clear();
                    model.Clear();
                    break;
                case 10:
                    for (int i = 0; i < much % 100; i++)
                    {
                        dictionary[keyOf(40 + (where % 100) + i)] = model[keyOf(40 + (where % 100) + i)] = Fat.Of(i);
                    }

                    break;
                default:
                    break;
            }

            Assert.Equal(model.Count, dictionary.Count);
        }

        Assert.Equal(model.OrderBy(pair => pair.GetHashCode()), dictionary.OrderBy(pair => pair.GetHashCode()));
        MappedDictionary<TKey, Fat> again = new(memory.Arena, dictionary.Offset);
        Assert.All(model, pair => Assert.Equal(pair.Value, again[pair.Key]));
        Assert.Empty(memory.Arena.Inspect().Problems);
        dictionary.Delete();
        Assert.Equal((0, 0), (memory.Arena.UsedBlocks, memory.Arena.UsedBytes));
    }

    [Fact]
    public void Keys_twice_and_keys_that_are_not_there_are_refused()
    {
        using MemoryArena memory = new();
        MappedDictionary<int, int> dictionary = new(memory.Arena) { { 1, 10 } };
        Assert.Throws<ArgumentException>(() => dictionary.Add(1, 11));
        Assert.Throws<KeyNotFoundException>(() => dictionary[2]);
        Assert.Throws<InvalidOperationException>(() =>
        {
            foreach ((int key, int _) in dictionary)
            {
                dictionary[key + 1] = 0;
            }
        });
        Assert.Equal(10, dictionary[1]);
    }

    [Fact]
    public void Keys_whose_equality_is_not_their_bytes_are_refused()
    {
        using MemoryArena memory = new();
        Assert.Contains("belong to no field",
            Assert.Throws<ArgumentException>(() => new MappedDictionary<Padded, int>(memory.Arena)).Message);
        _ = new MappedDictionary<int, Padded>(memory.Arena); // as a value it may be
    }

    [Fact]
    public void A_million_entries_are_found_again()
    {
        using MemoryArena memory = new();
        MappedDictionary<long, long> dictionary = new(memory.Arena);
        const int count = 1 << 20;
        for (long i = 0; i < count; i++)
        {
            dictionary.Add(i << 20, i); // keys whose lower bits are all alike
        }

        for (long i = 0; i < count; i++)
        {
            Assert.True(dictionary.TryGetValue(i << 20, out long value) && value == i);
        }

        Assert.False(dictionary.ContainsKey(1));
        Assert.Equal(count, dictionary.Count);
        Assert.Empty(memory.Arena.Inspect().Problems);
    }

    [ArenaType]
    internal record struct Padded(byte One, long Eight);
}
