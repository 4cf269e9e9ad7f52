using System.Runtime.InteropServices;

namespace Mapwire.Server.Loop;

/// <summary>
/// Waits for many sockets at once on behalf of one loop. Every member but <see cref="Wake"/> belongs to that thread.
/// </summary>
/// <remarks>
/// Sockets are watched for reading from <see cref="Add"/> on. Readiness is reported once a change (edge) where the system can
/// do that, so the owner reads and writes until the system says there is no more.
/// </remarks>
internal abstract class Poller : IDisposable
{
    /// <summary>Whether the end of a peer's half is told once; false where each wait tells of it anew.</summary>
    public virtual bool TellsOfEndOnce => true;

    /// <summary>The poller of this system.</summary>
    /// <exception cref="PlatformNotSupportedException">Neither Linux, Windows nor macOS.</exception>
    public static Poller Create()
    {
        if (OperatingSystem.IsLinux())
        {
            return new EpollPoller();
        }

        if (OperatingSystem.IsWindows())
        {
            return new WindowsPoller();
        }

        if (OperatingSystem.IsMacOS())
        {
            return new KqueuePoller();
        }

        throw new PlatformNotSupportedException("Serving needs epoll, WSAPoll or kqueue: Linux, Windows or macOS.");
    }

    /// <summary>Watches a socket. The caller removes it before closing it.</summary>
    public abstract void Add(SafeHandle socket, long key);

    /// <summary>Stops watching a socket; no event with its key comes from later waits.</summary>
    public abstract void Remove(SafeHandle socket, long key);

    /// <summary>
    /// Says whether the owner waits to write: after a send that the system did not take whole, or (Linux) before one that it would not.
    /// </summary>
    public abstract void WantWrite(SafeHandle socket, long key, bool want);

    /// <summary>Waits until something happens, <see cref="Wake"/> is called or the time is over.</summary>
    /// <param name="events">Where the events go.</param>
    /// <param name="timeoutMilliseconds">At most this long; 0 only looks, -1 waits without an end.</param>
    /// <returns>The number of events written; 0 after a wake or a timeout.</returns>
    public abstract int Wait(Span<PollEvent> events, int timeoutMilliseconds);

    /// <summary>Ends the current or the next wait. Any thread may call it.</summary>
    public abstract void Wake();

    /// <inheritdoc/>
    public abstract void Dispose();
}
