using System.Diagnostics;
using Mapwire.Arenas.Benchmarks.Native;
using Mapwire.Memory.Arenas;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Arenas.Benchmarks;

/// <summary>Commits in turn with bare ones: a device that others use changes its pace from one second to the next, so that only
/// neighbours can be compared.</summary>
internal static class CommitPairs
{
    public static void Run(int rounds)
    {
        using Scratch scratch = new();
        File.WriteAllBytes(scratch["bare"], new byte[1 << 16]);
        using SafeFileHandle bare = File.OpenHandle(scratch["bare"], FileMode.Open, FileAccess.ReadWrite);
        BareSync.Sync(bare);
        using DurableCell<Guid> cell = DurableCell.CreateOrOpen<Guid>(scratch["cell"]);
        using Arena arena = Arena.Create(scratch["arena"], new ArenaOptions { Durability = ArenaDurability.PowerLoss });
        Offset<Guid> record = arena.Allocate<Guid>();
        (string Name, Action<Guid> Commit)[] ways =
        [
            ("C: pwrite of 16 bytes, fdatasync",
            value => BareSync.WriteAndSync(bare, value.ToByteArray(), (value.GetHashCode() & 7) * 4096)),
            ("DurableCell.Write", value => cell.Write(value)),
            ("Arena.Commit", value => { arena.Edit(record) = value; arena.Commit(); }),
        ];
        double[][] times = [.. ways.Select(_ => new double[rounds])];
        for (int round = -20; round < rounds; round++)
        {
            for (int turn = 0; turn < ways.Length; turn++)
            {
                int way = (turn + Math.Abs(round)) % ways.Length; // nobody is always the first
                Guid value = Guid.NewGuid();
                long start = Stopwatch.GetTimestamp();
                ways[way].Commit(value);
                if (round >= 0)
                {
                    times[way][round] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                }
            }
        }

        Console.WriteLine($"| {rounds} rounds in turn | p10 | median | median of the ratios to the bare one of its round |");
        Console.WriteLine("|---|---:|---:|---:|");
        for (int way = 0; way < ways.Length; way++)
        {
            Console.WriteLine(
                $"| {ways[way].Name} | {At(times[way], 0.1):0} us | {At(times[way], 0.5):0} us | "
                + $"{At([.. times[way].Zip(times[0], (one, other) => one / other)], 0.5):0.00} |");
        }
    }

    private static double At(double[] values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)(share * (sorted.Length - 1))];
    }
}
