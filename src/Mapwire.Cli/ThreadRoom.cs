namespace Mapwire.Cli;

/// <summary>
/// Whether the system starts as many threads as a server needs. The runtime ends the process where it cannot have a thread that it needs,
/// in the middle of serving, so a limit that is too low is found at the start.
/// </summary>
internal static class ThreadRoom
{
    /// <summary>
    /// The runtime's own, its pool, those that open files, and one to stop with: 24 were enough for two workers when a limit was tried out.
    /// </summary>
    private const int Needed = 32;

    private const int StackSize = 64 * 1024;

    /// <summary>The most threads that the runtime's pool may have: nothing that runs there waits.</summary>
    private const int PoolThreads = 16;

    /// <summary>What an operator can do where the system starts no more threads.</summary>
    public const string Advice = "raise the limits of threads and memory (TasksMax, pids.max, ulimit -u, -v)";

    /// <summary>Starts as many threads as are needed, and ends them.</summary>
    /// <param name="workers">Of the server.</param>
    /// <returns>How many there are room for, where that is not enough; null where it is.</returns>
    public static int? FindShortage(int workers)
    {
        using ManualResetEventSlim done = new();
        List<Thread> started = [];
        int needed = Needed + (2 * workers);
        try
        {
            while (started.Count < needed)
            {
                Thread thread = new(done.Wait, StackSize) { IsBackground = true };
                thread.Start();
                started.Add(thread);
            }
        }
        catch (OutOfMemoryException)
        {
            return started.Count;
        }
        finally
        {
            done.Set();
            started.ForEach(static thread => thread.Join());
        }

        return null;
    }

    /// <summary>Bounds the runtime's pool, which would take hundreds.</summary>
    public static void BoundPool()
    {
        int most = Math.Max(PoolThreads, 2 * Environment.ProcessorCount);
        ThreadPool.SetMaxThreads(most, most);
    }
}
