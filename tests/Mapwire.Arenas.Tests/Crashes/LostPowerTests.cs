using Mapwire.Arenas.Tests.Containers;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Crashes;

/// <summary>What a loss of power may leave: of the writes since the last sync of a file each 512-byte sector on its own may be there or
/// not.
/// The recorded writes and syncs of arenas and cells are replayed in that way, to every point, and what is opened must be a state that
/// was committed: the last one, or the one that was being committed.</summary>
public sealed class LostPowerTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempFolder _folder = TempFolder.InMemory();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_cell_keeps_its_value_or_gets_the_next_one()
    {
        Disk disk = new();
        string path = _folder["cell"];
        using (DurableCell<Large> cell = new(path, disk.Settings))
        {
            for (int i = 1; i <= 3; i++)
            {
                disk.Say($"{i}");
                cell.Write(Of(i));
                disk.Commit();
            }
        }

        disk.Stop();
        int images = disk.Replay(every: true, samples: 0, random: new Random(1), share: 1, (files, allowed) =>
        {
            Write(files);
            using DurableCell<Large> cell = DurableCell.CreateOrOpen<Large>(path);
            Assert.Contains(cell.Version == 0 ? "" : $"{cell.Version}", allowed);
            Large got = cell.Value, wanted = cell.Version == 0 ? default : Of(cell.Version);
            Assert.True(((ReadOnlySpan<byte>)got).SequenceEqual(wanted));
        });
        output.WriteLine($"{images} states of the disk");
        Assert.True(images > 500, $"{images}");

        static Large Of(long value)
        {
            Large large = default(Large);
            new Random((int)value).NextBytes(large);
            return large;
        }
    }

    [Fact]
    public void A_short_history_of_an_arena_in_every_permitted_way()
    {
        Disk disk = new(logLength: 3 * 4096); // two commits fill it
        string path = _folder["arena"];
        for (int life = 0; life < 2; life++)
        {
            using Arena arena =
                Arena.CreateOrOpen(path,
                new ArenaOptions { Durability = ArenaDurability.PowerLoss, Size = 1 << 16, MaxSize = 1 << 16, Settings = disk.Settings });
            for (int i = 1; i < 6; i++)
            {
                Offset<Fat> at = arena.GetRoot<Fat>();
                if (at.IsNull)
                {
                    arena.SetRoot(at = arena.Allocate<Fat>());
                }

                arena.Edit(at) = Fat.Of((life * 10) + i);
                disk.Say($"{(life * 10) + i}");
                arena.Commit();
                disk.Commit();
            }

            arena.Edit(arena.GetRoot<Fat>()) = Fat.Of(99); // never committed
        }

        disk.Stop();
        int images = disk.Replay(every: true, samples: 0, random: new Random(2), share: 1, (files, allowed) => Check(
            files, allowed,
            arena => arena.GetRoot<Fat>() is { IsNull: false } root && arena.Get(root) is { IsWhole: true } fat ? $"{fat.First}" : ""));
        output.WriteLine($"{images} states of the disk");
        Assert.True(images > 60, $"{images}");
    }

    [NotUnderWineFact("version 8 does not know MEM_RESERVE_PLACEHOLDER, so files do not grow")]
    public void Long_histories_of_arenas_by_samples()
    {
        int images = 0, histories = Rounds.Of("MAPWIRE_POWER_HISTORIES", usual: 2);
        double share = Rounds.Of("MAPWIRE_POWER_PERCENT", usual: 3) / 100.0; // of the points in a history at which power may be lost
        for (int seed = 0; seed < histories; seed++)
        {
            Disk disk = Record(commits: 60, operations: 8, seed: 10 + seed, closes: seed % 2 == 0);
            images += disk.Replay(every: false, samples: Rounds.Of("MAPWIRE_POWER_SAMPLES", usual: 3), random: new Random(seed), share,
                (files, allowed) => Check(files, allowed, State));
        }

        output.WriteLine($"{images} states of the disk");
        Assert.True(images > 100, $"{images}");
    }

    /// <summary>Works on an arena and records what it does to the disk, and what it had committed when.</summary>
    private Disk Record(int commits, int operations, int seed, bool closes)
    {
        Disk disk = new(logLength: 1 << 16);
        string path = _folder["arena"];
        File.Delete(path);
        File.Delete(CommitLog.PathOf(path));
        for (int life = 0; life < 2; life++)
        {
            Arena arena =
                Arena.CreateOrOpen(path,
                new ArenaOptions { Durability = ArenaDurability.PowerLoss, Size = 1 << 16, MaxSize = 1 << 24, Settings = disk.Settings });
            Farm farm = new(arena);
            for (int commit = 0; commit < commits; commit++)
            {
                for (int i = 0; i < operations; i++)
                {
                    farm.Do(seed, farm.Done++);
                }

                if (commit % 7 == 3) // enough for the log to be full sometimes
                {
                    arena.EditSpan(arena.Allocate<byte>(200_000), 200_000).Fill((byte)commit);
                }

                disk.Say(State(arena));
                arena.Commit();
                disk.Commit();
            }

            farm.Do(seed, farm.Done); // never committed
            if (closes || life == 0)
            {
                arena.Dispose();
            }
            else
            {
                disk.Abandon(arena);
            }
        }

        disk.Stop();
        disk.Close();
        return disk;
    }

    private void Check(IReadOnlyDictionary<string, byte[]> files, IReadOnlyCollection<string> allowed, Func<Arena, string> state)
    {
        Write(files);
        string path = _folder["arena"];
        try
        {
            using Arena arena = Arena.Open(path);
            Assert.Empty(arena.Inspect().Problems);
            Assert.Contains(arena.Inspect().Root == 0 ? "" : state(arena), allowed);
        }
        catch (Exception failure) when (failure is ArenaFormatException { Error: ArenaError.NotAnArena } or FileNotFoundException
            && allowed.Contains(""))
        {
            // It was still being made, and is made anew.
            using Arena arena = Arena.CreateOrOpen(path, new ArenaOptions { Durability = ArenaDurability.PowerLoss });
            Assert.Empty(arena.Inspect().Problems);
        }
    }

    private static string State(Arena arena) => $"{arena.UsedBlocks} {arena.UsedBytes} {new Farm(arena).Dump()}";

    /// <summary>Nine sectors of random bytes: 512 ways to tear a write of it.</summary>
    [ArenaType]
    [System.Runtime.CompilerServices.InlineArray(4500)]
    internal struct Large
    {
        private byte _first;
    }

    private void Write(IReadOnlyDictionary<string, byte[]> files)
    {
        foreach (string old in Directory.GetFiles(_folder.Root))
        {
            File.Delete(old);
        }

        foreach ((string path, byte[] bytes) in files)
        {
            File.WriteAllBytes(path, bytes);
        }
    }
}
