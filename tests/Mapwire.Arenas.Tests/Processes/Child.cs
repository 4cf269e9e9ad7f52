using System.Diagnostics;
using Mapwire.Arenas.Tests.Crashes;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Sharing;

namespace Mapwire.Arenas.Tests.Processes;

/// <summary>
/// The processes that are killed, and those that share an arena. Arguments: what to do, the file, and what else it needs.
/// </summary>
internal static class Child
{
    /// <summary>Should whoever started it be gone.</summary>
    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(20);

    public static int Run(string[] args)
    {
        switch (args)
        {
            case ["farm", string path, string seed, string steps]:
                Work(path, int.Parse(seed), long.Parse(steps));
                return 0;
            case ["share", string path, string party, string count]:
                Share(path, int.Parse(party), int.Parse(count));
                return 0;
            case ["leak", string path]:
                Leak(path);
                return 0;
            case ["party", string path, string party, string acknowledged]:
                TakePart(path, int.Parse(party), acknowledged);
                return 0;
            default:
                return 2;
        }
    }

    /// <summary>Does operation after operation until it is killed, from outside or by itself at a step.</summary>
    /// <param name="path">The arena, made by whoever started this.</param>
    /// <param name="seed">Decides about the operations, together with how many were done.</param>
    /// <param name="steps">After how many steps to die; 0 leaves it to others.</param>
    private static void Work(string path, int seed, long steps)
    {
        using Arena arena = Arena.Open(path);
        Farm farm = new(arena);
        if (steps > 0)
        {
            FaultPoints.Reached = _ =>
            {
                if (--steps == 0)
                {
                    Process.GetCurrentProcess().Kill();
                }
            };
        }

        Console.WriteLine("ready");
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < LongestLife;)
        {
            farm.Do(seed, farm.Done);
            if (arena.Durability == ArenaDurability.PowerLoss)
            {
                farm.Done++;
                arena.Commit();
            }
            else
            {
                farm.Done++;
            }
        }
    }

    /// <summary>Changes containers that another process changes at the same time: moves numbers of its own from one to the next.</summary>
    private static void Share(string path, int party, int count)
    {
        using Arena arena = Arena.Open(path, new ArenaOptions { Shared = true });
        SharedFarm farm = new(arena);
        Console.WriteLine("ready");
        for (int i = 0; i < count; i++)
        {
            farm.Step(party, i);
        }
    }

    /// <summary>Changes a shared arena until it is killed, and says in a file of its own how many steps were done.</summary>
    private static void TakePart(string path, int party, string acknowledged)
    {
        using Arena arena = Arena.Open(path, new ArenaOptions { Shared = true });
        using Microsoft.Win32.SafeHandles.SafeFileHandle done = File.OpenHandle(acknowledged, FileMode.Create, FileAccess.Write);
        Parties parties = new(arena);
        Console.WriteLine("ready");
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < LongestLife;)
        {
            long step = parties.Step(party);
            RandomAccess.Write(done, BitConverter.GetBytes(step), 0);
        }
    }

    /// <summary>Makes things and is killed before anything leads to them.</summary>
    private static void Leak(string path)
    {
        using Arena arena = Arena.Create(path);
        arena.Allocate<long>(10);
        _ = new MappedList<long>(arena) { 1 };
        MappedStringDictionary<MappedString> names = new(arena);
        names["name"] = MappedString.Create(arena, "value");
        Console.WriteLine("ready");
        Thread.Sleep(LongestLife);
    }
}
