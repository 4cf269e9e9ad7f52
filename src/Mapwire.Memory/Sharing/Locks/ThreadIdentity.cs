using System.Collections.Concurrent;

namespace Mapwire.Memory.Sharing;

/// <summary>
/// Names a thread by a random number that no other thread of any process has, unlike thread ids, which are given out again.
/// </summary>
internal sealed class ThreadIdentity
{
    private static readonly ConcurrentDictionary<ulong, WeakReference<Thread>> Threads = new();

    [ThreadStatic]
    private static ThreadIdentity? _current;

    private readonly List<SharedMutex> _held = [];

    private ThreadIdentity()
    {
        do
        {
            Id = (ulong)Random.Shared.NextInt64(1, long.MaxValue);
        }
        while (!Threads.TryAdd(Id, new WeakReference<Thread>(Thread.CurrentThread)));
    }

    /// <summary>The thread is gone and so is what it stored here: what it still holds is a dead owner's.</summary>
    ~ThreadIdentity()
    {
        foreach (SharedMutex mutex in _held)
        {
            mutex.ReleaseForEndedThread(Id);
        }

        Threads.TryRemove(Id, out _);
    }

    public static ThreadIdentity Current => _current ??= new ThreadIdentity();

    public ulong Id { get; }

    /// <summary>Whether the id is that of a thread of this process that has ended.</summary>
    public static bool HasEnded(ulong id) =>
        Threads.TryGetValue(id, out WeakReference<Thread>? thread) && !(thread.TryGetTarget(out Thread? target) && target.IsAlive);

    public void Add(SharedMutex mutex) => _held.Add(mutex);

    public void Remove(SharedMutex mutex) => _held.RemoveAll(held => held.IsSame(mutex));
}
