using System.Text;
using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Xunit;

namespace Mapwire.Arenas.Tests.Containers;

public sealed class StringDictionaryTests
{
    [Fact]
    public void A_mapped_dictionary_by_strings_is_a_dictionary() => Steps.Check(steps =>
    {
        using MemoryArena memory = new();
        MappedStringDictionary<Fat> dictionary = new(memory.Arena);
        Dictionary<string, Fat> model = [];
        foreach ((int what, int where, int much) in steps)
        {
            string key = KeyOf(where % 40);
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
                    Assert.Equal(model.Remove(key), dictionary.Remove(key));
                    break;
                case 6:
                    Assert.Equal(model.TryGetValue(key, out Fat wanted), dictionary.TryGetValue(key, out Fat got));
                    Assert.Equal(wanted, got);
                    break;
                case 7:
                    Assert.Equal(model.ContainsKey(key), dictionary.ContainsKey(Encoding.UTF8.GetBytes(key)));
                    break;
                case 8:
                    dictionary.GetValueRefOrAddDefault(Encoding.UTF8.GetBytes(key), out bool exists) = value;
                    Assert.Equal(model.ContainsKey(key), exists);
                    model[key] = value;
                    break;
                case 9 when much % 16 == 0:
                    dictionary.Clear();
                    model.Clear();
                    break;
                case 10:
                    for (int i = 0; i < much % 60; i++)
                    {
                        dictionary[KeyOf(where + i)] = model[KeyOf(where + i)] = Fat.Of(i);
                    }

                    break;
                default:
                    break;
            }

            Assert.Equal(model.Count, dictionary.Count);
        }

        Dictionary<string, Fat> found = [];
        foreach (StringEntry<Fat> entry in dictionary)
        {
            found.Add(entry.Key, entry.Value);
        }

        Assert.Equal(model.OrderBy(pair => pair.Key), found.OrderBy(pair => pair.Key));
        MappedStringDictionary<Fat> again = new(memory.Arena, dictionary.Offset);
        Assert.All(model, pair => Assert.Equal(pair.Value, again[pair.Key]));
        Assert.Empty(memory.Arena.Inspect().Problems);
        dictionary.Delete();
        Assert.Equal((0, 0), (memory.Arena.UsedBlocks, memory.Arena.UsedBytes));
    });

    [Fact]
    public void Keys_of_every_length_and_of_any_bytes_are_keys()
    {
        using MemoryArena memory = new();
        MappedStringDictionary<int> dictionary = new(memory.Arena);
        for (int length = 0; length < 600; length++)
        {
            dictionary.Add(new string('ä', length), length);
        }

        dictionary.TryAdd([0xff, 0xfe, 0], -1);
        for (int length = 0; length < 600; length++)
        {
            Assert.Equal(length, dictionary[new string('ä', length)]);
        }

        Assert.Equal(-1, dictionary[[0xff, 0xfe, 0]]);
        Assert.Throws<KeyNotFoundException>(() => dictionary[new string('ä', 600)]);
        Assert.Throws<ArgumentException>(() => dictionary.Add("", 1));
    }

    [Fact]
    public void Room_of_keys_that_are_gone_is_used_again()
    {
        using MemoryArena memory = new();
        MappedStringDictionary<int> dictionary = new(memory.Arena);
        for (int i = 0; i < 20_000; i++)
        {
            dictionary.Add($"a key that comes and goes {i}", i);
            if (i >= 10)
            {
                Assert.True(dictionary.Remove($"a key that comes and goes {i - 10}"));
            }
        }

        Assert.Equal(10, dictionary.Count);
        Assert.InRange(memory.Arena.UsedBytes, 0, 8192);
    }

    private static string KeyOf(int number) => (number % 5) switch
    {
        0 => "",
        1 => $"k{number}",
        2 => $"größer {number}",
        3 => new string('x', number % 300),
        _ => $"a key of about twenty bytes {number % 1000}",
    };
}
