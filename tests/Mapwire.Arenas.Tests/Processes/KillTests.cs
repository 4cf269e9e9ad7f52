using Mapwire.Arenas.Tests.Crashes;
using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Mapwire.Sharing.Tests.Processes;
using Xunit;

namespace Mapwire.Arenas.Tests.Processes;

/// <summary>Processes killed while they change an arena, which is then opened, checked whole, and compared with one that nobody killed.
/// MAPWIRE_KILL_ROUNDS says how many are killed in each way.</summary>
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ArenaDurability.Kill, true)]
    [InlineData(ArenaDurability.Kill, false)]
    [InlineData(ArenaDurability.PowerLoss, true)]
    [InlineData(ArenaDurability.PowerLoss, false)]
    public void Nothing_is_lost_or_leaked_but_the_operation_under_way(ArenaDurability durability, bool atSteps)
    {
        int rounds = Rounds.Of("MAPWIRE_KILL_ROUNDS", usual: OperatingSystem.IsWindows() ? 3 : 8), undone = 0;
        int seed = Environment.ProcessId;
        Random random = new(seed);
        string path = _folder["arena"];
        Arena.Create(path, new ArenaOptions { Durability = durability, Size = 1 << 17 }).Dispose();
        using MemoryArena memory = new(1 << 20);
        Farm model = new(memory.Arena);
        using (Arena arena = Arena.Open(path))
        {
            _ = new Farm(arena);
            if (durability == ArenaDurability.PowerLoss)
            {
                arena.Commit();
            }
        }

        for (int round = 0; round < rounds; round++)
        {
            using (ChildProcess child = new("farm", path, $"{seed}", atSteps ? $"{random.Next(1, 3000)}" : "0"))
            {
                bool ready = child.WaitUntilReady();
                if (!atSteps)
                {
                    Assert.True(ready);
                    Pause(random.Next(80_000));
                    child.Kill();
                }

                Assert.True(child.WaitForExit(30_000));
            }

            using Arena arena = Arena.Open(path);
            Farm farm = new(arena);
            Assert.Empty(farm.Problems());
            while (model.Done < farm.Done)
            {
                model.Do(seed, model.Done++);
            }

            string found = farm.Dump();
            if (found != model.Dump())
            {
                Assert.Equal(ArenaDurability.Kill, durability); // a commit has the operation and its number, or neither
                Follow(found, model, seed);
                farm.Done++; // it was done, and its number was not
                undone++;
            }
        }

        output.WriteLine($"{rounds} killed after {model.Done} operations; {undone} between an operation and its number");
    }

    /// <summary>
    /// An operation of the farm is several of the arena's: the model does the next one and stops where the other was killed.
    /// </summary>
    private static void Follow(string found, Farm model, int seed)
    {
        model.Do(seed, model.Done++);
        Assert.Equal(model.Dump(), found);
    }

    private static void Pause(int microseconds)
    {
        long end = System.Diagnostics.Stopwatch.GetTimestamp() + (microseconds * System.Diagnostics.Stopwatch.Frequency / 1_000_000);
        while (System.Diagnostics.Stopwatch.GetTimestamp() < end)
        {
            Thread.Yield();
        }
    }
}
