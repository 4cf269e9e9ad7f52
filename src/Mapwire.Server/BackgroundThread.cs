namespace Mapwire.Server;

/// <summary>Starts threads. A system at its limit of threads, or of memory for stacks, refuses one: no reason to end anything.</summary>
internal static class BackgroundThread
{
    /// <summary>Starts a thread that does not keep the process from ending.</summary>
    /// <param name="name">Of the thread.</param>
    /// <param name="run">What it does. It has a last catch of its own: what leaves a thread ends the process.</param>
    /// <param name="start">Starts it, in tests; null for <see cref="Thread.Start()"/>.</param>
    /// <returns>False when the system has no room for another one.</returns>
    public static bool TryStart(string name, Action run, Action<Thread>? start = null)
    {
        try
        {
            Thread thread = new(new ThreadStart(run)) { IsBackground = true, Name = name };
            (start ?? (static thread => thread.Start()))(thread);
            return true;
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }
}
