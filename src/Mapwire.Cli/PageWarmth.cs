using Mapwire.Memory;
using Spectre.Console;

namespace Mapwire.Cli;

/// <summary>Brings files into memory, takes them out, and keeps them there.</summary>
internal static class PageWarmth
{
    /// <summary>Read at once: progress is seen and an interrupt is heard between two of these.</summary>
    private const long Step = 8 << 20;

    /// <summary>Reads all pages of a file, and shows how far it is on standard error where somebody looks.</summary>
    /// <exception cref="IOException">A page cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public static void Warm(string path, CancellationToken stop)
    {
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = PageReport.Map(file);
        if (Console.IsErrorRedirected)
        {
            Warm(region, _ => { }, stop);
            return;
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress().AutoClear(true).Start(progress =>
        {
            ProgressTask task = progress.AddTask(Markup.Escape(Path.GetFileName(path)), maxValue: Math.Max(1, region.Length));
            Warm(region, bytes => task.Increment(bytes), stop);
        });
    }

    /// <summary>Maps a file and keeps its pages in memory as long as the region lives.</summary>
    /// <exception cref="IOException">A limit is reached, which the message names, or a page cannot be read.</exception>
    public static MappedRegion Lock(string path)
    {
        using MappedFile file = MappedFile.Open(path);
        MappedRegion region = PageReport.Map(file);
        try
        {
            region.LockInMemory(0, region.Length);
            return region;
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    /// <summary>Drops a file from the page cache.</summary>
    /// <exception cref="PlatformNotSupportedException">The system has no call for it.</exception>
    public static void Evict(string path)
    {
        using MappedFile file = MappedFile.Open(path);
        file.Evict();
    }

    private static void Warm(MappedRegion region, Action<long> done, CancellationToken stop)
    {
        for (long start = 0; start < region.Length; start += Step)
        {
            stop.ThrowIfCancellationRequested();
            long length = Math.Min(Step, region.Length - start);
            region.Advise(start, length, MemoryAdvice.PopulateRead);
            done(length);
        }
    }
}
