namespace Mapwire.Memory.Sharing;

/// <summary>Async waits. No system tells a thread pool of a word in shared memory, so a wait that has to sleep gets a thread of its
/// own for the time; the pool's threads stay free.</summary>
internal static class WaitThread
{
    public static Task<T> Run<T>(Func<T> wait, CancellationToken cancellation) =>
        Task.Factory.StartNew(wait, cancellation, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
