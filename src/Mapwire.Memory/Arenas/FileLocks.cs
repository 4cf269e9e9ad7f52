using Mapwire.Memory.Formats;

namespace Mapwire.Memory.Arenas;

/// <summary>The range locks that an opening of an arena's file holds as long as it is open: they say who else may have it open. The
/// system releases them when the process ends.</summary>
internal sealed class FileLocks(MappedFile file) : IDisposable
{
    private RangeLock? _life;
    private RangeLock? _noParticipants;

    /// <summary>Takes the locks of a way of opening. The caller has locked <see cref="LockBytes.Opening"/>.</summary>
    /// <exception cref="IOException">The arena is open elsewhere in a way that does not go with this one.</exception>
    public void Acquire(ArenaOptions options)
    {
        bool exclusive = !options.Shared && !options.ReadOnly;
        if (!RangeLock.TryAcquire(file, LockBytes.Life, 1, exclusive ? RangeLockMode.Exclusive : RangeLockMode.Shared, out _life))
        {
            throw new IOException($"Arena '{file.Path}' is open elsewhere{(exclusive ? "" : " for one user alone")}.");
        }

        if (options.ReadOnly && !options.Shared
            && !RangeLock.TryAcquire(file, LockBytes.Participants, FileMutex.MaxParticipants, RangeLockMode.Shared, out _noParticipants))
        {
            throw new IOException(
                $"Arena '{file.Path}' is being shared for writing: open it with Shared as well as ReadOnly to read beside the writers.");
        }
    }

    /// <summary>
    /// Whether this opening is the only one, for the time until <paramref name="then"/> is called; no other process can open the file
    /// meanwhile.
    /// </summary>
    /// <exception cref="IOException">The arena is open elsewhere.</exception>
    public void Alone(ArenaOptions options, Action then)
    {
        if (options.Shared)
        {
            _life!.Dispose();
            if (!RangeLock.TryAcquire(file, LockBytes.Life, 1, RangeLockMode.Exclusive, out _life))
            {
                throw new IOException(
                    $"Arena '{file.Path}' has format version {ArenaHeader.FirstVersion} and is open elsewhere, "
                    + "so it cannot be carried over.");
            }
        }

        then();
        if (options.Shared)
        {
            _life!.Dispose();
            Acquire(options);
        }
    }

    public void Dispose()
    {
        _noParticipants?.Dispose();
        _life?.Dispose();
    }
}
