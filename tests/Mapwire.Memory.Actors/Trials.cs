using System.Diagnostics;
using System.Globalization;
using Mapwire.Memory.Actors.Native;

namespace Mapwire.Memory.Actors;

/// <summary>What is tried in a process of its own, under limits and kernels that the tests must not have themselves.</summary>
internal static class Trials
{
    /// <summary>Lets the process make files of at most so many bytes. Once set by a shell, the runtime would not start.</summary>
    public static void LimitFiles(long bytes)
    {
        using Process prlimit = Process.Start("prlimit", [$"--fsize={bytes}", "--pid", $"{Environment.ProcessId}"]);
        prlimit.WaitForExit();
        if (prlimit.ExitCode != 0)
        {
            throw new InvalidOperationException("prlimit failed.");
        }
    }

    /// <summary>Makes and stores to a file of so many bytes; says what happened.</summary>
    public static void Fill(string path, long length)
    {
        Report(() =>
        {
            using MappedFile file = MappedFile.Create(path, length);
            using MappedRegion region = file.Map();
            region.AsSpan().Fill(1);
        });
        Console.WriteLine(File.Exists(path) ? $"there: {new FileInfo(path).Length}" : "gone");
    }

    /// <summary>Grows a region until it fails, and stores to all that it got.</summary>
    public static void Grow(string path, long length)
    {
        using MappedFile file = MappedFile.Create(path, 4096);
        using MappedRegion region = file.Map(options: new MapOptions { Reserve = 1L << 30 });
        Report(() => region.Resize(length));
        region.AsSpan().Fill(1);
        Console.WriteLine($"{region.Length} bytes are filled, the file has {file.Length}");
        Report(() => file.SetLength(length));
    }

    /// <summary>What the kernel is said to be able to do, and whether memory can be populated whatever it says.</summary>
    public static void Capabilities(string path)
    {
        foreach (MemoryCapability capability in Enum.GetValues<MemoryCapability>())
        {
            if (PlatformCapabilities.GetUnsupportedReason(capability) is string reason)
            {
                Console.WriteLine($"{capability}: {reason}");
            }
        }

        using MappedRegion memory = MappedRegion.Allocate(1 << 20, new MapOptions { Populate = true });
        Console.WriteLine($"populated: {memory.GetResidency().ResidentPages} of {memory.GetResidency().PageCount}");
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map(options: new MapOptions { Populate = true });
        Report(() => region.TryRead(0, new byte[8]));
    }

    /// <summary>How much of a file is in memory, asked for by whoever runs this.</summary>
    public static void Residency(string path)
    {
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map();
        Report(() => Console.WriteLine($"{region.GetResidency().ResidentPages} of {region.GetResidency().PageCount}"));
    }

    /// <summary>Copies memory that no file backs, guarded.</summary>
    public static void Copy(int bytes)
    {
        using MappedRegion memory = MappedRegion.Allocate(bytes);
        Report(() => memory.TryRead(0, new byte[bytes]));
    }

    /// <summary>Maps and unmaps where whatever is mapped is locked in memory.</summary>
    public static void Locked(int bytes)
    {
        MemoryLock.LockFuture();
        long before = LockedKibibytes();
        for (int i = 0; i < 10; i++)
        {
            MappedRegion.Allocate(bytes).Dispose();
        }

        Console.WriteLine($"{(LockedKibibytes() - before) >> 10} MiB more are locked");
    }

    private static long LockedKibibytes()
    {
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("VmLck:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', '\t').Single(word => word.Length > 0 && char.IsDigit(word[0])), CultureInfo.InvariantCulture);
    }

    private static void Report(Action trial)
    {
        try
        {
            trial();
            Console.WriteLine("done");
        }
        catch (Exception exception)
        {
            Console.WriteLine($"{exception.GetType().Name}: {exception.Message}");
        }
    }
}
