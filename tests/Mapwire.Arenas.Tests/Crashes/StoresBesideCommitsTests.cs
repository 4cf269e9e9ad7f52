using Mapwire.Arenas.Tests.Durable;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Crashes;

/// <summary>One thread stores through references while another commits, and power is lost after every commit. What was acknowledged is
/// there: the commit, and every store that was done before it began. MAPWIRE_POWER_ROUNDS says how often power is lost.</summary>
public sealed class StoresBesideCommitsTests(ITestOutputHelper output) : IDisposable
{
    private const int Words = 4096; // enough that a commit takes longer than a store, and often meets one
    private readonly TempFolder _folder = TempFolder.InMemory();
    private long _stored; // every word has at least this value
    private long _commits;
    private volatile bool _stop;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nothing_acknowledged_is_lost_by_stores_beside_commits()
    {
        int rounds = Rounds.Of("MAPWIRE_POWER_ROUNDS", usual: 150);
        SyncedFiles files = new();
        string path = _folder["arena"];
        using Arena arena = Arena.Create(path, new ArenaOptions
        {
            Durability = ArenaDurability.PowerLoss,
            Size = 1 << 17,
            MaxSize = 1 << 17,
            Settings = files.Settings,
        });
        Offset<long> words = arena.Allocate<long>(1 + Words);
        arena.SetRoot(words);
        arena.Commit();
        Thread storing = new(() => Store(arena, words.Plus(1)));
        storing.Start();
        int torn = 0;
        try
        {
            for (int round = 1; round <= rounds; round++)
            {
                arena.Edit(words) = round;
                long stored = Volatile.Read(ref _stored);
                arena.Commit();
                Interlocked.Increment(ref _commits);
                using Arena found = Arena.Open(files.WriteTo(path, _folder["found"]));
                Assert.Empty(found.Inspect().Problems);
                Offset<long> root = found.GetRoot<long>();
                Assert.Equal(round, found.Get(root));
                ReadOnlySpan<long> values = found.GetSpan(root.Plus(1), Words);
                foreach (long value in values)
                {
                    Assert.True(value >= stored, $"round {round}: {value} found, and {stored} was stored before the commit");
                }

                torn += values[0] != values[^1] ? 1 : 0;
            }
        }
        finally
        {
            _stop = true;
            storing.Join();
        }

        output.WriteLine($"{rounds} losses of power, {torn} in the middle of the stores; {_stored} times all words were stored");
        Assert.True(_stored > 0 && torn > 0, $"{_stored} {torn}: the stores did not meet the commits");
    }

    /// <summary>Stores ever higher numbers. A reference may be stored through until the next commit is over: if two have come meanwhile,
    /// the stores do not count.</summary>
    private void Store(Arena arena, Offset<long> words)
    {
        for (long number = 1; !_stop; number++)
        {
            long commits = Volatile.Read(ref _commits);
            Span<long> span = arena.EditSpan(words, Words);
            for (int i = 0; i < span.Length; i++)
            {
                if (i == Words / 2 && number % 8 == 0)
                {
                    WaitForACommit(commits); // or all stores may lie between two commits, on a machine where nothing else runs
                }

                Volatile.Write(ref span[i], number);
            }

            if (Volatile.Read(ref _commits) == commits)
            {
                Volatile.Write(ref _stored, number);
            }

            Thread.SpinWait(1); // leaves managed code: Wine cannot stop a thread for a collection that never does
        }
    }

    private void WaitForACommit(long since)
    {
        for (int spin = 0; spin < 10_000 && Volatile.Read(ref _commits) == since && !_stop; spin++)
        {
            Thread.SpinWait(1);
        }
    }
}
