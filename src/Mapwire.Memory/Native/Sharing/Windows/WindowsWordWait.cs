using System.Collections.Concurrent;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Sharing.Windows;

/// <summary>WaitOnAddress works inside one process only, so each word that a waiter sleeps on has a named semaphore.</summary>
/// <remarks>
/// <para>A permit stays when it was released before the sleeper came, so no wake is lost. It may go to a sleeper that came later, and
/// the other one then sleeps to the end of its slice.</para>
/// <para>The semaphore has the rights of the segment's file and is in the namespace of all sessions, so that it reaches other users, the
/// same user elevated, and services. Where the system refuses that, waiters look every few milliseconds; a wake never fails.</para>
/// </remarks>
/// <param name="segment">The segment's id.</param>
/// <param name="file">The segment's file.</param>
[SupportedOSPlatform("windows")]
internal sealed class WindowsWordWait(ulong segment, SafeFileHandle file) : WordWait
{
    /// <summary>Permits that no sleeper fetches (those that died) end here; a sleeper that finds some looks at the word in vain.</summary>
    private const int MaxPermits = 64;

    private const int PollInterval = 5; // ms

    private readonly ManualResetEvent _polling = new(initialState: false); // never set: it gives the time
    private readonly ConcurrentDictionary<long, NamedSemaphore> _semaphores = new();

    public override void Sleep(nint address, long offset, uint expected, int milliseconds)
    {
        if (Volatile.Read(ref SharedWord.UInt32(address)) != expected)
        {
            return;
        }

        if (GetSemaphore(offset) is { IsOpen: true } semaphore)
        {
            semaphore.WaitOne(milliseconds);
        }
        else
        {
            _polling.WaitOne(Math.Min(milliseconds, PollInterval));
        }
    }

    public override void Wake(nint address, long offset, int count)
    {
        try
        {
            GetSemaphore(offset).Release(Math.Min(count, MaxPermits / 2));
        }
        catch (ObjectDisposedException)
        {
            // The segment is disposed on another thread: the sleepers' slices end by themselves.
        }
    }

    public override void Dispose()
    {
        foreach (NamedSemaphore semaphore in _semaphores.Values)
        {
            semaphore.Dispose();
        }

        _polling.Dispose();
        base.Dispose();
    }

    private NamedSemaphore GetSemaphore(long offset) =>
        _semaphores.GetOrAdd(offset, static (place, self) => self.Open($"Mapwire-{self.Segment:x16}-{place:x}"), this);

    private ulong Segment => segment;

    private NamedSemaphore Open(string name)
    {
        SafeWaitHandle handle = WindowsSharingCalls.CreateSemaphore($@"Global\{name}", MaxPermits, file);
        if (handle.IsInvalid)
        {
            handle.Dispose();
            handle = WindowsSharingCalls.CreateSemaphore($@"Local\{name}", MaxPermits, file);
        }

        return new NamedSemaphore(handle);
    }

    private sealed class NamedSemaphore : WaitHandle
    {
        public NamedSemaphore(SafeWaitHandle handle)
        {
            IsOpen = !handle.IsInvalid;
            SafeWaitHandle = handle;
        }

        public bool IsOpen { get; }

        /// <summary>Adds permits; full is enough for every sleeper.</summary>
        public void Release(int count)
        {
            if (IsOpen)
            {
                _ = WindowsSharingCalls.ReleaseSemaphore(SafeWaitHandle, count, 0);
            }
        }
    }
}
