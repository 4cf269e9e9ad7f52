using System.Runtime.CompilerServices;

namespace Mapwire.Memory.Sharing;

/// <summary>What copies of one scope have in common: the first of them that is disposed of ends it, the others then do nothing, whoever
/// holds the lock by then.</summary>
/// <remarks>A scope is a value and cannot know of its copies, such as the one of a <c>using</c>. So it refers to a hold and remembers the
/// hold's version, which rises when the scope ends. Ended holds are kept for the thread's next scopes: in the long run a scope takes no
/// memory of the collector.</remarks>
internal sealed class ScopeHold
{
    private const int MaxKept = 16; // scopes that a thread has open at once are few

    [ThreadStatic]
    private static Pool? _pool;

    private long _version;
    private ScopeHold? _next; // in the pool

    public long Version => Volatile.Read(ref _version);

    /// <summary>A hold for a new scope. One that gets no scope, because acquiring failed, is left to the collector.</summary>
    public static ScopeHold Rent()
    {
        if (_pool is not Pool { First: ScopeHold hold } pool)
        {
            return new ScopeHold();
        }

        pool.First = hold._next;
        pool.Count--;
        hold._next = null;
        return hold;
    }

    /// <summary>Ends the scope that began with a version.</summary>
    /// <returns>False if it has ended before: there is nothing to release.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnd(long version)
    {
        if (Interlocked.CompareExchange(ref _version, version + 1, version) != version)
        {
            return false;
        }

        Return();
        return true;
    }

    /// <summary>To the pool of this thread, which may be another one than that of the scope's beginning.</summary>
    private void Return()
    {
        Pool pool = _pool ??= new Pool();
        if (pool.Count < MaxKept)
        {
            _next = pool.First;
            pool.First = this;
            pool.Count++;
        }
    }

    private sealed class Pool
    {
        public ScopeHold? First { get; set; }

        public int Count { get; set; }
    }
}
