using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Mapwire.Sharing.Tests.Processes;
using Xunit;

namespace Mapwire.Arenas.Tests.Processes;

public sealed class SharedTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Two_processes_change_the_same_containers_at_once_and_lose_nothing()
    {
        int count = Rounds.Of("MAPWIRE_SHARED_STEPS", usual: 20_000);
        string path = _folder["arena"];
        using Arena arena = Arena.Create(path, new ArenaOptions { Shared = true, Size = Room.Of(1 << 16, 1 << 25) });
        SharedFarm farm = new(arena);
        using (ChildProcess one = new("share", path, "1", $"{count}"), two = new("share", path, "2", $"{count}"))
        {
            Assert.True(one.WaitUntilReady() && two.WaitUntilReady());
            for (int i = 0; i < count / 4; i++) // and this process as the third
            {
                farm.Step(3, i);
            }

            Assert.True(one.WaitForExit(120_000) && two.WaitForExit(120_000));
            Assert.Equal((0, 0), (one.ExitCode, two.ExitCode));
        }

        int[] counts = [count, count, count / 4];
        Assert.Empty(arena.Inspect().Problems);
        for (int party = 1; party <= 3; party++)
        {
            IEnumerable<long> mine = Enumerable.Range(0, counts[party - 1]).Select(i => ((long)party << 32) | (uint)i);
            Assert.Equal(mine, farm.List.Where(item => item >> 32 == party)); // all of them, in order
            Assert.Equal(counts[party - 1] / 2, Names(farm, party));
        }

        Assert.Equal(counts.Sum(), farm.Sums.Sum(pair => pair.Value));
        Assert.Equal(counts.Sum() - counts.Sum(n => (n + 2) / 3), farm.Queue.Count);
        Assert.Equal(farm.Queue.Count, farm.Queue.Distinct().Count());
    }

    [Fact]
    public void A_killed_one_keeps_nobody_waiting_and_leaves_nothing_half_done()
    {
        string path = _folder["arena"];
        using Arena arena = Arena.Create(path, new ArenaOptions { Shared = true, Size = Room.Of(1 << 16, 1 << 25) });
        SharedFarm farm = new(arena);
        Random random = new();
        int rounds = Rounds.Of("MAPWIRE_KILL_ROUNDS", usual: 5);
        for (int round = 0; round < rounds; round++)
        {
            using ChildProcess child = new("share", path, $"{round + 10}", "100000000");
            Assert.True(child.WaitUntilReady());
            for (int i = 0; i < 200; i++)
            {
                farm.Step(3, i);
            }

            for (int spin = random.Next(10_000); spin > 0; spin--)
            {
                Thread.SpinWait(10);
            }

            child.Kill();
            long[] mine = [.. Held(arena, () => farm.List.Where(item => item >> 32 == round + 10).ToArray())];
            Assert.Equal(Enumerable.Range(0, mine.Length).Select(i => ((long)(round + 10) << 32) | (uint)i), mine);
            Assert.Empty(arena.Inspect().Problems);
            using Arena.Scope scope = arena.EnterScope();
            if (farm.List.Count > 1_000_000)
            {
                farm.List.Clear();
            }
        }
    }

    private static long[] Held(Arena arena, Func<long[]> read)
    {
        using Arena.Scope scope = arena.EnterScope(); // also undoes what the dead one had begun
        return read();
    }

    private static int Names(SharedFarm farm, int party)
    {
        int count = 0;
        foreach (StringEntry<long> entry in farm.Names)
        {
            count += entry.Value >> 32 == party ? 1 : 0;
        }

        return count;
    }
}
