using System.Text;
using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Xunit;

namespace Mapwire.Arenas.Tests.Containers;

public sealed class StringTests
{
    [Theory]
    [InlineData("")]
    [InlineData("word")]
    [InlineData("Grüße an 日本 und 🎬")]
    [InlineData("a\0b")]
    public void Texts_come_back(string text)
    {
        using MemoryArena memory = new();
        MappedString[] made = [MappedString.Create(memory.Arena, text), MappedString.Create(memory.Arena, Encoding.UTF8.GetBytes(text))];
        foreach (MappedString one in made)
        {
            Assert.Equal(text, one.GetString(memory.Arena));
            Assert.True(one.Equals(memory.Arena, text) && one.Equals(memory.Arena, Encoding.UTF8.GetBytes(text)));
            Assert.False(one.Equals(memory.Arena, text + "x") || one.Equals(memory.Arena, "x" + text));
            one.Free(memory.Arena);
        }

        Assert.Equal(0, memory.Arena.UsedBlocks);
        Assert.Throws<ArgumentException>(() => made[0].Free(memory.Arena));
    }

    [Fact]
    public void Long_texts_are_compared_whole()
    {
        using MemoryArena memory = new();
        string text = string.Concat(Enumerable.Range(0, 300).Select(i => $"🎬{i}é"));
        MappedString made = MappedString.Create(memory.Arena, text);
        Assert.True(made.Equals(memory.Arena, text));
        Assert.False(made.Equals(memory.Arena, string.Concat(text.AsSpan(0, text.Length - 1), "e")));
        Assert.False(made.Equals(memory.Arena, text.AsSpan(0, text.Length - 1)));
    }

    [Fact]
    public void The_null_string_is_empty()
    {
        using MemoryArena memory = new();
        MappedString none = default(MappedString);
        Assert.True(none.IsNull);
        Assert.Equal("", none.GetString(memory.Arena));
        none.Free(memory.Arena);
    }
}
