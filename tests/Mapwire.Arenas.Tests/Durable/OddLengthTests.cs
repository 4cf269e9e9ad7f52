using System.IO.Compression;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Durable;

/// <summary>Arenas of PowerLoss whose length is no multiple of a line of 64 bytes, nor of a page: OddLength/README.md.</summary>
public sealed class OddLengthTests : IDisposable
{
    private const int Length = 200_016;
    private const int LastPage = Length / 4096 * 4096;
    private readonly TempFolder _folder = new();

    private static string Packed => Path.Combine(AppContext.BaseDirectory, "OddLength");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_commit_whose_last_line_reaches_beyond_the_arena_is_replayed(bool readOnly)
    {
        string path = Unpack();
        using Arena arena = Arena.Open(path, new ArenaOptions { ReadOnly = readOnly });
        Assert.Equal(8, arena.Get(arena.GetRoot<long>()));
        Assert.Equal(Length, arena.Size);
        Assert.Empty(arena.Inspect().Problems);
    }

    [Fact]
    public void An_arena_that_ends_within_a_page_takes_commits_of_that_page_beyond_checkpoints()
    {
        string path = Unpack();
        SyncedFiles files = new();
        using (Arena arena = Arena.Open(path, new ArenaOptions { Settings = files.Settings }))
        {
            Offset<long> root = arena.GetRoot<long>();
            Offset<long> last = root.Plus((LastPage - root.Value) / 8); // only marked as changed: it is within a block
            for (int i = 0; i < 100; i++) // some 15 fill the log
            {
                arena.Edit(root)++;
                _ = arena.EditSpan(last, 1);
                arena.Commit();
            }
        }

        Assert.Equal(Length, new FileInfo(path).Length);
        using Arena again = Arena.Open(path);
        Assert.Equal(108, again.Get(again.GetRoot<long>()));
    }

    [NotUnderWineFact("version 8 does not know MEM_RESERVE_PLACEHOLDER, so files do not grow")]
    public void A_new_arena_grows_to_whole_steps_only()
    {
        SyncedFiles files = new();
        string path = _folder["new"];
        ArenaOptions options =
            new() { Durability = ArenaDurability.PowerLoss, Size = 1 << 16, MaxSize = Length, Settings = files.Settings };
        using Arena arena = Arena.Create(path, options);
        Assert.Throws<IOException>(void () =>
        {
            while (true)
            {
                arena.Allocate<byte>(8);
            }
        });
        Assert.Equal(3 << 16, arena.Size);
        arena.Commit();
        using Arena found = Arena.Open(files.WriteTo(path, _folder["found"]));
        Assert.Equal(arena.UsedBlocks, found.UsedBlocks);
    }

    private string Unpack()
    {
        foreach (string file in Directory.GetFiles(Packed, "*.gz"))
        {
            using GZipStream packed = new(File.OpenRead(file), CompressionMode.Decompress);
            using FileStream unpacked = File.Create(_folder[Path.GetFileNameWithoutExtension(file)]);
            packed.CopyTo(unpacked);
        }

        return _folder["killed"];
    }
}
