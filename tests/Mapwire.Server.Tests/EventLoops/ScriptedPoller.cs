using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Tests.EventLoops;

/// <summary>A poller that reports and throws what a test tells it to, and waits for nothing else than to be woken.</summary>
internal sealed class ScriptedPoller : Poller
{
    private readonly ConcurrentQueue<Func<PollEvent[]>> _script = new();
    private readonly SemaphoreSlim _woken = new(0);

    public HashSet<long> Keys { get; } = [];

    public bool IsDisposed { get; private set; }

    /// <summary>Whether ends are told once.</summary>
    public bool TellsOnce { get; set; } = true;

    public override bool TellsOfEndOnce => TellsOnce;

    public Func<Exception>? FailAdd { get; set; }

    public int Waits;

    public int Wakes;

    /// <summary>How long the last wait was to be at most, in milliseconds.</summary>
    public int LastTimeout;

    /// <summary>The next wait gives these events.</summary>
    public void Report(params PollEvent[] events)
    {
        _script.Enqueue(() => events);
        _woken.Release();
    }

    /// <summary>The next wait throws.</summary>
    public void Fail(Exception exception)
    {
        _script.Enqueue(() => throw exception);
        _woken.Release();
    }

    public override void Add(SafeHandle socket, long key)
    {
        if (FailAdd is { } fail)
        {
            throw fail();
        }

        Keys.Add(key);
    }

    public override void Remove(SafeHandle socket, long key) => Keys.Remove(key);

    public override void WantWrite(SafeHandle socket, long key, bool want)
    {
    }

    public override int Wait(Span<PollEvent> events, int timeoutMilliseconds)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        Interlocked.Increment(ref Waits);
        Volatile.Write(ref LastTimeout, timeoutMilliseconds);
        _woken.Wait(timeoutMilliseconds < 0 ? 50 : Math.Min(timeoutMilliseconds, 50));
        if (!_script.TryDequeue(out Func<PollEvent[]>? next))
        {
            return 0;
        }

        PollEvent[] seen = next();
        seen.CopyTo(events);
        return seen.Length;
    }

    public override void Wake()
    {
        Interlocked.Increment(ref Wakes);
        _woken.Release();
    }

    public override void Dispose() => IsDisposed = true;
}
