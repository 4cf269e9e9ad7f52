using System.IO.Compression;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Durable;

/// <summary>Arenas and logs that version 0.1.0 wrote, closed or killed: Version1/README.md.</summary>
public sealed class Version1Tests : IDisposable
{
    private static readonly Guid Layout = new("6f1c1f5e-7d2a-4c43-9f0e-2b6f6c1d9a01");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("kill-closed")]
    [InlineData("kill-killed")]
    [InlineData("shared-closed")]
    [InlineData("shared-killed")]
    [InlineData("power-closed")]
    [InlineData("power-killed")]
    [InlineData("power-killed-lost")]
    public void A_file_of_version_1_is_opened_replayed_and_carried_over(string name)
    {
        string path = Unpack(name);
        bool hadLog = File.Exists(path + ".log");
        using (Arena arena = Arena.Open(path, Options(name)))
        {
            Check(arena, 40);
            Add(arena, 40);
            if (arena.Durability == ArenaDurability.PowerLoss)
            {
                arena.Commit();
            }
        }

        Assert.False(File.Exists(path + ".log")); // its own, and taken in
        Assert.Equal(hadLog, name.StartsWith("power-killed", StringComparison.Ordinal));
        Assert.Equal(2u, BitConverter.ToUInt32(File.ReadAllBytes(path), 8));
        using Arena again = Arena.Open(path, Options(name));
        Check(again, 41);
    }

    [Theory]
    [InlineData("kill-closed")]
    [InlineData("kill-killed")]
    [InlineData("power-closed")]
    [InlineData("power-killed")]
    [InlineData("power-killed-lost")]
    public void A_read_only_opening_of_version_1_changes_no_file(string name)
    {
        string path = Unpack(name);
        Dictionary<string, byte[]> before = Directory.GetFiles(_folder.Root).ToDictionary(file => file, File.ReadAllBytes);
        using (Arena arena = Arena.Open(path, new ArenaOptions { LayoutId = Layout, LayoutVersion = 3, ReadOnly = true }))
        {
            Check(arena, 40);
        }

        Assert.Equal(before.Keys.Order(), Directory.GetFiles(_folder.Root).Order());
        Assert.All(before, file => Assert.Equal(file.Value, File.ReadAllBytes(file.Key)));
    }

    [Fact]
    public void A_log_file_that_is_not_the_arenas_is_not_taken_for_it()
    {
        string path = Unpack("power-closed"); // closed: it needs no log
        File.WriteAllText(path + ".log", "2026-11-28 the program's own log\n");
        using (Arena arena = Arena.Open(path, Options("power-closed")))
        {
            Add(arena, 40);
            arena.Commit();
        }

        Assert.Equal("2026-11-28 the program's own log\n", File.ReadAllText(path + ".log"));
        path = Unpack("power-killed-lost");
        File.WriteAllText(path + ".log", "2026-11-28 the program's own log\n");
        Assert.Equal(ArenaError.LogMissing, Assert.Throws<ArenaFormatException>(() => Arena.Open(path, Options("power"))).Error);
        Assert.Equal("2026-11-28 the program's own log\n", File.ReadAllText(path + ".log"));
    }

    [Fact]
    public void It_is_not_carried_over_while_an_older_program_shares_it()
    {
        string path = Unpack("shared-closed");
        using Mapwire.Memory.MappedFile file = Mapwire.Memory.MappedFile.Open(path);
        using (Mapwire.Memory.RangeLock.Acquire(file, 1L << 60, 1, Mapwire.Memory.RangeLockMode.Shared)) // as version 0.1.0 did
        {
            Assert.Throws<IOException>(() => Arena.Open(path, Options("shared")));
        }

        using Arena one = Arena.Open(path, Options("shared")), two = Arena.Open(path, Options("shared"));
        Check(two, 40);
    }

    private static ArenaOptions Options(string name) =>
        new() { LayoutId = Layout, LayoutVersion = 3, Shared = name.StartsWith("shared", StringComparison.Ordinal) };

    private static void Check(Arena arena, int count)
    {
        Assert.Empty(arena.Inspect().Problems);
        Root root = arena.Get(arena.GetRoot<Root>());
        Assert.Equal((7, Layout), (root.Number, root.Id));
        Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), new MappedList<long>(arena, root.List));
        Assert.Equal(Enumerable.Range(0, count), new MappedQueue<int>(arena, root.Queue));
        MappedDictionary<int, double> dictionary = new(arena, root.Dictionary);
        MappedStringDictionary<MappedString> names = new(arena, root.Names);
        Assert.Equal((count, count), (dictionary.Count, names.Count));
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(i / 2.0, dictionary[i]);
            Assert.Equal($"value {i}", names[$"key {i}"].GetString(arena));
        }
    }

    private static void Add(Arena arena, int i)
    {
        Root root = arena.Get(arena.GetRoot<Root>());
        new MappedList<long>(arena, root.List).Add(i);
        new MappedQueue<int>(arena, root.Queue).Enqueue(i);
        new MappedDictionary<int, double>(arena, root.Dictionary).Add(i, i / 2.0);
        new MappedStringDictionary<MappedString>(arena, root.Names)[$"key {i}"] = MappedString.Create(arena, $"value {i}");
    }

    private string Unpack(string name)
    {
        foreach (string file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Version1"), $"{name}*.gz"))
        {
            string plain = Path.GetFileNameWithoutExtension(file);
            if (plain != name && plain != name + ".log")
            {
                continue;
            }

            using GZipStream packed = new(File.OpenRead(file), CompressionMode.Decompress);
            using FileStream unpacked = File.Create(_folder[plain]);
            packed.CopyTo(unpacked);
        }

        return _folder[name];
    }

    [ArenaType]
    internal readonly record struct Root(
        long Number, Offset<ListHeader<long>> List, Offset<QueueHeader<int>> Queue, Offset<DictionaryHeader<int, double>> Dictionary,
        Offset<StringDictionaryHeader<MappedString>> Names, Guid Id);
}
