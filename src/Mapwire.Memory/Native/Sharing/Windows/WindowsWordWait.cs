using System.Collections.Concurrent;
using System.Runtime.Versioning;

namespace Mapwire.Memory.Native.Sharing.Windows;

/// <summary>WaitOnAddress works inside one process only, so each word that somebody sleeps on has a named semaphore.</summary>
/// <remarks>A permit stays when it was released before the sleeper came, so no wake is lost. It may go to a sleeper who came
/// later, and the other one then sleeps to the end of his slice.</remarks>
[SupportedOSPlatform("windows")]
internal sealed class WindowsWordWait(ulong segment) : WordWait
{
    /// <summary>Permits that nobody fetches (sleepers that died) end here; a sleeper that finds some looks at the word in vain.</summary>
    private const int MostPermits = 64;

    private readonly ConcurrentDictionary<long, Semaphore> _semaphores = new();

    public override void Sleep(nint address, long offset, uint expected, int milliseconds)
    {
        if (Volatile.Read(ref SharedWord.UInt32(address)) == expected)
        {
            Of(offset).WaitOne(milliseconds);
        }
    }

    public override void Wake(nint address, long offset, int count)
    {
        try
        {
            Of(offset).Release(Math.Min(count, MostPermits / 2));
        }
        catch (SemaphoreFullException)
        {
            // There are permits for everybody already.
        }
    }

    public override void Dispose()
    {
        foreach (Semaphore semaphore in _semaphores.Values)
        {
            semaphore.Dispose();
        }

        base.Dispose();
    }

    private Semaphore Of(long offset) => _semaphores.GetOrAdd(
        offset, static (place, id) => new Semaphore(0, MostPermits, $@"Local\Mapwire-{id:x16}-{place:x}"), segment);
}
