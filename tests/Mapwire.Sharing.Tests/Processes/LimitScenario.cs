using System.Diagnostics;
using Mapwire.Memory.Native;
using Mapwire.Memory.Sharing;
using MappedArena = Mapwire.Memory.Arenas.Arena;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>A process with few descriptors or short files, which the tests must not be themselves.</summary>
internal static class LimitScenario
{
    private const long MaxFile = 1 << 30;

    public static int Run(string folder, string what)
    {
        switch (what)
        {
            case "descriptors":
                Limit("--nofile=200:200");
                OpenOften(folder);
                break;
            case "size":
                Limit($"--fsize={MaxFile}:{MaxFile}");
                CreateLarge(folder);
                break;
            case "pages":
                DisposeLarge();
                break;
            case "arenas":
                DisposeArenas();
                break;
        }

        Console.WriteLine("done");
        return 0;
    }

    private static void OpenOften(string folder)
    {
        SharedMemoryOptions options = new() { Folder = folder, Initialize = memory => SharedMutex.Create(memory, 0) };
        for (int round = 0; round < 1000; round++)
        {
            using SharedMemory memory = SharedMemory.CreateOrOpen("often", 1 << 12, options);
            using (SharedMutex.Open(memory, 0).Enter())
            {
                memory.At<int>(2048)++;
            }
        }
    }

    /// <summary>Sizes that no machine has. Should the library take them, the limit on files keeps the machine alive.</summary>
    private static void CreateLarge(string folder)
    {
        if (MemorySystem.Current.MaxFileLength > MaxFile)
        {
            throw new InvalidOperationException("The limit is not in force: not tried.");
        }

        SharedMemoryOptions options = new() { Folder = folder };
        Action[] attempts =
        [
            () => SharedMemory.CreateAnonymous(1L << 46).Dispose(), () => SharedMemory.Create("large", 1L << 46, options).Dispose(),
            () => Grow(options),
        ];
        foreach (Action attempt in attempts)
        {
            try
            {
                attempt();
                Console.WriteLine("created");
            }
            catch (IOException exception)
            {
                Console.WriteLine(exception.Message);
            }
        }

        Console.WriteLine(Directory.GetFiles(folder).Length);
    }

    private static void Grow(SharedMemoryOptions options)
    {
        using SharedMemory memory =
            SharedMemory.Create("grown", 4096, new SharedMemoryOptions { Folder = options.Folder, MaxSize = 1L << 45 });
        memory.Grow(1L << 45);
    }

    /// <summary>Disposes of much memory and keeps the objects, so that it is not the collector that gives it back.</summary>
    private static void DisposeLarge()
    {
        List<SharedMutex> kept = [];
        for (int round = 0; round < 8; round++)
        {
            using SharedMemory memory = SharedMemory.CreateAnonymous(32 << 20);
            memory.AsSpan(0, 32 << 20).Fill(1);
            memory.AsSpan(0, 64).Clear();
            kept.Add(SharedMutex.Create(memory, 0));
        }

        WriteSharedPages();
        GC.KeepAlive(kept);
    }

    /// <summary>Disposes of arenas and of their segments, half of them the other way round, and keeps the objects.</summary>
    private static void DisposeArenas()
    {
        List<(SharedMemory Memory, MappedArena Arena)> kept = [];
        for (int round = 0; round < 8; round++)
        {
            SharedMemory memory = SharedMemory.CreateAnonymous(32 << 20);
            MappedArena arena = MappedArena.Create(memory);
            arena.EditSpan(arena.Allocate<byte>(30 << 20), 30 << 20).Fill(1);
            kept.Add((memory, arena));
        }

        WriteSharedPages();
        foreach ((SharedMemory memory, MappedArena arena) in kept.Take(4))
        {
            arena.Dispose();
            memory.Dispose();
        }

        foreach ((SharedMemory memory, MappedArena arena) in kept.Skip(4))
        {
            memory.Dispose();
            arena.Dispose();
        }

        WriteSharedPages();
        GC.KeepAlive(kept);
    }

    /// <summary>The shared memory of this process, in KiB.</summary>
    private static void WriteSharedPages()
    {
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("RssShmem:", StringComparison.Ordinal));
        Console.WriteLine(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
    }

    private static void Limit(string limit)
    {
        using Process prlimit = Process.Start("prlimit", [limit, "--pid", $"{Environment.ProcessId}"]);
        prlimit.WaitForExit();
        if (prlimit.ExitCode != 0)
        {
            throw new InvalidOperationException("prlimit failed.");
        }
    }
}
