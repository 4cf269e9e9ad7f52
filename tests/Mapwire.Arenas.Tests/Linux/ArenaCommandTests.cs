using System.Text.Json;
using Mapwire.Arenas.Tests.Crashes;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Linux;

/// <summary><c>mapwire arena</c>, run as a process.</summary>
public sealed class ArenaCommandTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public ArenaCommandTests()
    {
        using Arena arena = Arena.Create(_folder["arena"], new ArenaOptions { LayoutVersion = 7 });
        Farm farm = new(arena);
        for (int i = 0; i < 50; i++)
        {
            farm.Do(1, i);
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_shows_the_header_the_blocks_and_the_verdict_and_changes_nothing()
    {
        byte[] before = File.ReadAllBytes(_folder["arena"]);
        (int exit, string text, string error) = Run(_folder["arena"]);
        Assert.Equal((0, ""), (exit, error));
        foreach (string part in (string[])["survives  kill -9 of its process", "version 7", "string dictionary", "BLOCKS FROM", "1.00 MiB",
            "\nsound\n"])
        {
            Assert.Contains(part, text);
        }

        Assert.Equal((0, "sound\n", ""), Run("--verify", _folder["arena"]));
        Assert.Equal(before, File.ReadAllBytes(_folder["arena"]));
    }

    [Fact]
    public void Json_says_the_same()
    {
        JsonElement root = JsonDocument.Parse(Run("--json", _folder["arena"]).Output).RootElement;
        Assert.True(root.GetProperty("sound").GetBoolean());
        Assert.Equal((7, 1 << 20), (root.GetProperty("layoutVersion").GetInt32(), root.GetProperty("size").GetInt32()));
        long used = root.GetProperty("usedBytes").GetInt64(), free =
            root.GetProperty("classes").EnumerateArray().Sum(use => use.GetProperty("freeBytes").GetInt64());
        Assert.Equal(used, root.GetProperty("classes").EnumerateArray().Sum(use => use.GetProperty("usedBytes").GetInt64()));
        Assert.Equal(used, root.GetProperty("kinds").EnumerateArray().Sum(use => use.GetProperty("bytes").GetInt64()));
        Assert.Equal(root.GetProperty("heapEnd").GetInt64() - ArenaHeader.FirstBlock, used + free);
    }

    [Fact]
    public void What_is_damaged_is_named()
    {
        byte[] bytes = File.ReadAllBytes(_folder["arena"]);
        BitConverter.TryWriteBytes(bytes.AsSpan(ArenaHeader.UsedBlocksAt), 1_000_000L);
        File.WriteAllBytes(_folder["damaged"], bytes);
        (int exit, string text, _) = Run("--verify", _folder["damaged"]);
        Assert.Equal(1, exit);
        Assert.StartsWith("damaged: byte 144: ", text);
        File.WriteAllText(_folder["text"], "no arena");
        (exit, text, string error) = Run(_folder["text"]);
        Assert.Equal((1, ""), (exit, text));
        Assert.StartsWith("mapwire: ", error);
    }

    [Fact]
    public void Misuse_is_one_line_and_exit_code_2()
    {
        foreach (string[] arguments in new string[][] { ["none"], [], ["--nonsense", _folder["arena"]] })
        {
            (int exit, string text, string error) = Run(arguments);
            Assert.Equal((2, ""), (exit, text));
            Assert.StartsWith("mapwire: ", error);
            Assert.Single(error.TrimEnd('\n').Split('\n'));
        }
    }

    private static (int Exit, string Output, string Error) Run(params string[] arguments) =>
        BuiltProgram.Run("src/Mapwire.Cli", "mapwire", ["arena", .. arguments]);
}
