namespace Mapwire.Memory.Sharing;

/// <summary>Options for creating and opening a segment. The defaults are for processes of one user and a segment that does not
/// grow.</summary>
public sealed class SharedMemoryOptions
{
    private readonly TimeSpan _openTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The users whose processes may open it, and the folder in which it is looked for. Default
    /// <see cref="SharedMemoryAccess.Owner"/>. On Windows rights are those of the folder: anything else needs
    /// <see cref="Folder"/>.</summary>
    public SharedMemoryAccess Access { get; init; }

    /// <summary>The size that it may grow to, in bytes. Default null: it cannot grow.</summary>
    public long? MaxSize { get; init; }

    /// <summary>The layout id, which says what the bytes mean: of the program's choice, that all who open the segment must name. Default:
    /// all zero, which names nothing and opens only what was created without an id.</summary>
    public Guid LayoutId { get; init; }

    /// <summary>The version of the layout; all must name the same. Default 0.</summary>
    public int LayoutVersion { get; init; }

    /// <summary>Fills the new segment, which is all zero, before any other process can open it. If the creator dies or throws in
    /// it, no segment is left. Default null.</summary>
    public Action<SharedMemory>? Initialize { get; init; }

    /// <summary>Open for reading only: the process takes no part, so objects that need a holder refuse. Default false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Whether an abandoned segment, which only dead processes used, is opened instead of removed. Default false.</summary>
    public bool OpenAbandoned { get; init; }

    /// <summary>The folder for the files that stand behind segments; it must exist, and the caller chooses its permissions.
    /// Default null: <c>/dev/shm/mapwire-UID</c> or <c>/dev/shm/mapwire</c> on Linux, the same below <c>/tmp</c> on macOS,
    /// <c>Mapwire\Shared</c> in the user's local application data on Windows.</summary>
    public string? Folder { get; init; }

    /// <summary>The timeout of waiting for another process that creates, opens or grows the segment; zero does not wait,
    /// <see cref="Timeout.InfiniteTimeSpan"/> waits as long as it takes. Default 10 s: it takes microseconds, unless that process is
    /// suspended meanwhile.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative and not infinite.</exception>
    public TimeSpan OpenTimeout
    {
        get => _openTimeout;
        init => _openTimeout = value >= TimeSpan.Zero || value == Timeout.InfiniteTimeSpan
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(OpenTimeout), value, "OpenTimeout must be non-negative or Timeout.InfiniteTimeSpan.");
    }

    /// <summary>The same with a layout of its own, whose objects are created before the caller's <see cref="Initialize"/>.</summary>
    internal SharedMemoryOptions With(Guid layoutId, Action<SharedMemory> initialize)
    {
        Action<SharedMemory>? own = Initialize;
        return new SharedMemoryOptions
        {
            Access = Access,
            MaxSize = MaxSize,
            LayoutId = layoutId,
            LayoutVersion = LayoutVersion,
            Initialize = memory =>
            {
                initialize(memory);
                own?.Invoke(memory);
            },
            ReadOnly = ReadOnly,
            OpenAbandoned = OpenAbandoned,
            Folder = Folder,
            OpenTimeout = OpenTimeout,
        };
    }
}

/// <summary>The users whose processes may open a segment. It also says where the segment is: one for the owner is in a folder that only
/// this user can open, others are in the system's folder for shared memory. A file with more rights than these, of a stranger, or that is a
/// link is refused.</summary>
public enum SharedMemoryAccess
{
    /// <summary>Processes of the same user. The default.</summary>
    Owner = 0,

    /// <summary>Processes of the same user and of users in its primary group.</summary>
    Group = 1,

    /// <summary>All processes of the machine: any of them can also damage the segment or shorten its file.</summary>
    Everyone = 2,
}
