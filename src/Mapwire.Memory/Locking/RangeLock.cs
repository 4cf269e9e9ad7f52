using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Mapwire.Memory.Native;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory;

/// <summary>A held lock on a range of a file's bytes, shared or exclusive, against all other processes and all other holders in
/// this one. The system releases it when the process ends, even if it is killed.</summary>
/// <remarks>
/// <para>The range may reach past the file's end. Any thread may release the lock. Two locks of one program conflict like those
/// of two programs: acquiring overlapping ranges twice deadlocks.</para>
/// <para>On Linux and macOS the locks bind only those who ask for them (locks of an open file description). On Windows calls
/// that read or write inside a locked range fail too, also those on <see cref="MappedFile.Handle"/>; mapped access does not.</para>
/// <para>A wait that can be cut short, and every wait on Windows, asks again and again, at first at once and at last every 10
/// milliseconds. The lock is not fair: waiters do not acquire it in FIFO order.</para>
/// <para>A lock that is dropped without <see cref="Dispose"/> stays held until the process ends: the garbage collector never releases
/// one, at a moment that no program could foresee.</para>
/// </remarks>
public sealed class RangeLock : IDisposable
{
    /// <summary>The length of a range that reaches past every end the file will ever have.</summary>
    public const long Unbounded = long.MaxValue;

    /// <summary>Questions asked at once, before the first pause: most locks are held for microseconds.</summary>
    private const int Spins = 10;

    private const int MaxPause = 10; // ms

    private static readonly ConcurrentDictionary<RangeLock, byte> Held = new(); // keeps the collector from those that are dropped
    private readonly LockOwners _owners;
    private SafeFileHandle? _owner;

    private RangeLock(LockOwners owners, SafeFileHandle owner, long offset, long length, RangeLockMode mode)
    {
        _owners = owners;
        _owner = owner;
        Offset = offset;
        Length = length;
        Mode = mode;
        Held.TryAdd(this, 0);
    }

    /// <summary>The first byte of the range.</summary>
    public long Offset { get; }

    /// <summary>The length of the range in bytes.</summary>
    public long Length { get; }

    /// <summary>The mode: whether other locks may overlap the range.</summary>
    public RangeLockMode Mode { get; }

    /// <summary>Takes a lock and waits for it as long as it takes.</summary>
    /// <param name="file">The file. Disposing of it does not release the lock.</param>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">How many bytes, or <see cref="Unbounded"/>.</param>
    /// <param name="mode">Shared or exclusive.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The lock, released by disposing of it.</returns>
    /// <exception cref="InvalidOperationException">An exclusive lock on a file that is open for reading only.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="IOException">The system has no locks left or the file system has none at all.</exception>
    public static RangeLock Acquire(
        MappedFile file, long offset, long length, RangeLockMode mode = RangeLockMode.Exclusive,
        CancellationToken cancellationToken = default)
    {
        if (MemorySystem.Current.CanWaitForLock && !cancellationToken.CanBeCanceled)
        {
            return Try(file, offset, length, mode, wait: true)!;
        }

        TryAcquire(file, offset, length, mode, Timeout.InfiniteTimeSpan, out RangeLock? held, cancellationToken);
        return held!;
    }

    /// <summary>Takes a lock if no other holder has it now.</summary>
    /// <param name="file">The file. Disposing of it does not release the lock.</param>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">How many bytes, or <see cref="Unbounded"/>.</param>
    /// <param name="mode">Shared or exclusive.</param>
    /// <param name="held">The lock, released by disposing of it; null if another holder has it.</param>
    /// <returns>Whether it was taken.</returns>
    /// <exception cref="InvalidOperationException">An exclusive lock on a file that is open for reading only.</exception>
    /// <exception cref="IOException">The system has no locks left or the file system has none at all.</exception>
    public static bool TryAcquire(
        MappedFile file, long offset, long length, RangeLockMode mode, [NotNullWhen(true)] out RangeLock? held)
    {
        held = Try(file, offset, length, mode, wait: false);
        return held is not null;
    }

    /// <summary>Takes a lock and waits for it as long as is given.</summary>
    /// <param name="file">The file. Disposing of it does not release the lock.</param>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">How many bytes, or <see cref="Unbounded"/>.</param>
    /// <param name="mode">Shared or exclusive.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="held">The lock, released by disposing of it; null if it was held by others all the time.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether it was taken.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="InvalidOperationException">An exclusive lock on a file that is open for reading only.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="IOException">The system has no locks left or the file system has none at all.</exception>
    public static bool TryAcquire(
        MappedFile file, long offset, long length, RangeLockMode mode, TimeSpan timeout, [NotNullWhen(true)] out RangeLock? held,
        CancellationToken cancellationToken = default)
    {
        RequireTimeout(timeout);
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; ; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            held = Try(file, offset, length, mode, wait: false);
            if (held is not null)
            {
                return true;
            }

            if (!IsTimeLeft(start, timeout))
            {
                return false;
            }

            if (round < Spins)
            {
                Thread.Yield();
            }
            else
            {
                cancellationToken.WaitHandle.WaitOne(Pause(round));
            }
        }
    }

    /// <summary>Takes a lock and waits for it without keeping a thread.</summary>
    /// <param name="file">The file. Disposing of it does not release the lock.</param>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">How many bytes, or <see cref="Unbounded"/>.</param>
    /// <param name="mode">Shared or exclusive.</param>
    /// <param name="timeout">How long to wait at most; null, the default, for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The lock, released by disposing of it; null if it was held by others all the time.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="InvalidOperationException">An exclusive lock on a file that is open for reading only.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="IOException">The system has no locks left or the file system has none at all.</exception>
    public static async Task<RangeLock?> AcquireAsync(
        MappedFile file, long offset, long length, RangeLockMode mode = RangeLockMode.Exclusive, TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        RequireTimeout(timeout ?? Timeout.InfiniteTimeSpan);
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; ; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            RangeLock? held = Try(file, offset, length, mode, wait: false);
            if (held is not null || !IsTimeLeft(start, timeout ?? Timeout.InfiniteTimeSpan))
            {
                return held;
            }

            if (round < Spins)
            {
                await Task.Yield();
            }
            else
            {
                await Task.Delay(Pause(round), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _owner, null) is not SafeFileHandle owner)
        {
            return;
        }

        Held.TryRemove(this, out _);
        MemorySystem.Current.UnlockRange(owner, Offset, Length);
        _owners.Return(owner);
    }

    private static RangeLock? Try(MappedFile file, long offset, long length, RangeLockMode mode, bool wait)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        if (mode is not (RangeLockMode.Shared or RangeLockMode.Exclusive))
        {
            throw Unknown.Value(nameof(mode), mode);
        }

        if (mode == RangeLockMode.Exclusive)
        {
            file.RequireWrite(); // what Linux wants; asked for everywhere, so that programs are portable
        }

        long bytes = Math.Min(length, long.MaxValue - offset);
        SafeFileHandle owner = file.LockOwners.Take();
        bool taken = false;
        try
        {
            taken = MemorySystem.Current.TryLockRange(owner, offset, bytes, mode == RangeLockMode.Exclusive, wait);
            return taken ? new RangeLock(file.LockOwners, owner, offset, bytes, mode) : null;
        }
        finally
        {
            if (!taken)
            {
                file.LockOwners.Return(owner);
            }
        }
    }

    /// <summary>1, 2, 4, 8, 10, 10 ... ms.</summary>
    private static int Pause(int round) => Math.Min(MaxPause, 1 << Math.Min(round - Spins, 4));

    private static void RequireTimeout(TimeSpan timeout)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(
                nameof(timeout), timeout, "The timeout must be non-negative or Timeout.InfiniteTimeSpan.");
        }
    }

    private static bool IsTimeLeft(long start, TimeSpan timeout) =>
        timeout == Timeout.InfiniteTimeSpan || Stopwatch.GetElapsedTime(start) < timeout;
}

/// <summary>Who may hold a byte range at the same time.</summary>
public enum RangeLockMode
{
    /// <summary>Any number of shared holders, and no exclusive one.</summary>
    Shared = 0,

    /// <summary>One holder alone. The file has to be open for writing.</summary>
    Exclusive = 1,
}
