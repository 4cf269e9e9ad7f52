using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Durable;

/// <summary>The file beside an arena of <see cref="ArenaDurability.PowerLoss"/>: which file is taken for it, and what is in it.</summary>
public sealed class CommitLogTests : IDisposable
{
    private static readonly ArenaOptions Durable = new() { Durability = ArenaDurability.PowerLoss, Size = 1 << 16 };
    private readonly TempFolder _folder = TempFolder.InMemory();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_programs_own_log_beside_an_arena_stays_as_it_is()
    {
        byte[] text = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("GET /index.html 200\n", 2000)));
        File.WriteAllBytes(_folder["server.log"], text);
        for (int i = 0; i < 2; i++)
        {
            using Arena arena = Arena.CreateOrOpen(_folder["server"], Durable);
            Assert.Equal(i, Count(arena));
            Count(arena)++;
            arena.Commit();
        }

        Assert.Equal(text, File.ReadAllBytes(_folder["server.log"]));
        Assert.Equal(["server", "server.log"], Directory.GetFiles(_folder.Root).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("text")]
    [InlineData("zeros and a byte")]
    [InlineData("mark alone")]
    [InlineData("log of another arena")]
    public void A_file_under_the_logs_name_that_is_no_log_of_the_arena_is_neither_written_nor_deleted(string what)
    {
        string path = _folder["arena"];
        byte[] content = new byte[2_000_000];
        switch (what)
        {
            case "text":
                content.AsSpan().Fill((byte)'x');
                break;
            case "zeros and a byte":
                content[^1] = 1;
                break;
            case "mark alone":
                BitConverter.TryWriteBytes(content, CommitLog.Mark);
                break;
            default:
                using (Arena other = Arena.CreateOrOpen(_folder["other"], Durable))
                {
                    Count(other)++;
                    other.Commit();
                    content = TempFolder.ReadShared(CommitLog.PathOf(_folder["other"]));
                }

                break;
        }

        File.WriteAllBytes(CommitLog.PathOf(path), content);
        using (Arena arena = Arena.CreateOrOpen(path, Durable))
        {
            Count(arena) = 5;
            Assert.Contains(".mwlog", Assert.Throws<IOException>(() => arena.Commit()).Message, StringComparison.Ordinal);
            Assert.Equal(content, File.ReadAllBytes(CommitLog.PathOf(path)));
            File.Move(CommitLog.PathOf(path), _folder["moved"]);
            arena.Commit(); // nothing was lost by the refusal
        }

        Assert.Equal(content, File.ReadAllBytes(_folder["moved"]));
        using Arena again = Arena.Open(path);
        Assert.Equal(5, Count(again));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    public void What_a_cut_off_creation_left_is_replaced(int zeros)
    {
        File.WriteAllBytes(CommitLog.PathOf(_folder["arena"]), new byte[zeros]);
        using Arena arena = Arena.CreateOrOpen(_folder["arena"], Durable);
        Count(arena)++;
        arena.Commit();
    }

    [Fact]
    public void A_file_that_replaced_the_log_is_not_deleted_by_closing()
    {
        using (Arena arena = Arena.CreateOrOpen(_folder["arena"], Durable))
        {
            Count(arena)++;
            arena.Commit();
            if (OperatingSystem.IsWindows())
            {
                return; // an open file cannot be replaced there
            }

            File.Delete(CommitLog.PathOf(_folder["arena"]));
            File.WriteAllText(CommitLog.PathOf(_folder["arena"]), "mine");
        }

        Assert.Equal("mine", File.ReadAllText(CommitLog.PathOf(_folder["arena"])));
    }

    [Fact]
    public void A_record_of_another_log_is_not_replayed_though_mark_and_sequence_fit()
    {
        (byte[] home, byte[] log) = Killed(commits: 1);
        (byte[] Home, byte[] Log) other = Killed(commits: 2);
        byte[] forged = [.. log];
        other.Log.AsSpan(8192, 4096).CopyTo(forged.AsSpan(8192)); // commit 2 of the other log behind commit 1 of this one
        Assert.Equal(2, Recovered(other.Home, other.Log));
        Assert.Equal(1, Recovered(home, forged));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_commit_that_reaches_beyond_the_arena_is_refused(bool readOnly)
    {
        (byte[] home, byte[] log) = Killed(commits: 1);
        ulong id = BitConverter.ToUInt64(log, 8);
        Span<byte> record = log.AsSpan(4096);
        int bytes = BitConverter.ToInt32(record[16..]), last = CommitRecord.HeaderBytes + ((BitConverter.ToInt32(record[24..]) - 1) * 16);
        BitConverter.TryWriteBytes(record[last..], (1L << 40) - 4096);
        BitConverter.TryWriteBytes(record[28..], CommitRecord.ChecksumOf(record[..(32 + bytes)], id));
        File.WriteAllBytes(_folder["bad"], home);
        File.WriteAllBytes(CommitLog.PathOf(_folder["bad"]), log);
        Assert.Equal(
            ArenaError.Damaged,
            Assert.Throws<ArenaFormatException>(() => Arena.Open(_folder["bad"], new ArenaOptions { ReadOnly = readOnly })).Error);
        Assert.Equal(home, File.ReadAllBytes(_folder["bad"]));
        Assert.Equal(log, File.ReadAllBytes(CommitLog.PathOf(_folder["bad"])));
    }

    [Fact]
    public void A_store_that_comes_while_its_lines_are_being_committed_is_in_the_next_commit()
    {
        string path = _folder["arena"];
        Action store = () => { };
        SyncedFiles files = new(step =>
        {
            if (step.Offset >= 4096 && step.Path.EndsWith(".mwlog", StringComparison.Ordinal))
            {
                store();
            }
        });
        using Arena arena =
            Arena.CreateOrOpen(path,
            new ArenaOptions { Durability = ArenaDurability.PowerLoss, Size = 1 << 16, Settings = files.Settings });
        Offset<long> count = Root(arena);
        arena.Commit();
        arena.Edit(count) = 1;
        store = () => arena.Edit(count) = 2; // the copy is made, and on its way to the log
        arena.Commit();
        store = () => { };
        Assert.Equal(1, Lost(files, path));
        arena.Commit();
        Assert.Equal(2, Lost(files, path));
        arena.Commit();
        Assert.Equal(2, arena.Get(count));
    }

    [Fact]
    public void A_checkpoint_takes_nothing_from_references_of_the_commit_under_way()
    {
        string path = _folder["arena"];
        Action checkpoint = () => { };
        DurabilitySettings settings = new()
        {
            LogLength = 8192, // every commit is a checkpoint
            Recorder = step =>
            {
                if (step.Offset == DurableStep.Sync && step.Path == path)
                {
                    checkpoint();
                }
            },
        };
        using Arena arena =
            Arena.CreateOrOpen(path, new ArenaOptions { Durability = ArenaDurability.PowerLoss, Size = 1 << 16, Settings = settings });
        Offset<long> count = Root(arena);
        arena.Commit();
        ref long value = ref arena.Edit(count);
        value = 1;
        long seen = 0;
        checkpoint = () => seen = Interlocked.Increment(ref arena.Edit(count)); // through a page that is about to be given back
        arena.Commit();
        checkpoint = () => { };
        Assert.Equal(seen, arena.Get(count));
        arena.Commit();
        arena.Dispose();
        using Arena again = Arena.Open(path);
        Assert.Equal(seen, again.Get(again.GetRoot<long>()));
    }

    /// <summary>An arena's file as it was after the first commit began the log, and the log after some commits.</summary>
    private (byte[] Home, byte[] Log) Killed(int commits)
    {
        string path = _folder[$"{Guid.NewGuid():n}"];
        using Arena arena = Arena.Create(path, Durable);
        byte[]? home = null;
        for (int i = 0; i < commits; i++)
        {
            Count(arena)++;
            arena.Commit();
            home ??= TempFolder.ReadShared(path);
        }

        byte[] log = TempFolder.ReadShared(CommitLog.PathOf(path));
        return (home!, log);
    }

    private long Recovered(byte[] home, byte[] log)
    {
        File.WriteAllBytes(_folder["found"], home);
        File.WriteAllBytes(CommitLog.PathOf(_folder["found"]), log);
        using Arena arena = Arena.Open(_folder["found"]);
        return arena.Get(arena.GetRoot<long>());
    }

    /// <summary>What is found if power is lost now.</summary>
    private long Lost(SyncedFiles files, string path)
    {
        string found = files.WriteTo(path, _folder["lost"]);
        using Arena arena = Arena.Open(found);
        return arena.Get(arena.GetRoot<long>());
    }

    private static ref long Count(Arena arena) => ref arena.Edit(Root(arena));

    private static Offset<long> Root(Arena arena)
    {
        if (arena.GetRoot<long>().IsNull)
        {
            arena.SetRoot(arena.Allocate<long>());
        }

        return arena.GetRoot<long>();
    }
}
