namespace Mapwire.Memory.Sharing;

/// <summary>How a segment is made and opened. The defaults are for processes of one user and a segment that does not grow.</summary>
public sealed class SharedMemoryOptions
{
    /// <summary>Whose processes may open it, and where it is looked for. Default <see cref="SharedMemoryAccess.Owner"/>. On Windows
    /// rights are those of the folder: anything else needs <see cref="Folder"/>.</summary>
    public SharedMemoryAccess Access { get; init; }

    /// <summary>How far it may grow, in bytes. Default null: not at all.</summary>
    public long? MaxSize { get; init; }

    /// <summary>What the bytes mean: an id of the program's choice that all who open the segment must name. Default: all zero,
    /// which names nothing and opens only what was made without an id.</summary>
    public Guid LayoutId { get; init; }

    /// <summary>The version of the layout; all must name the same. Default 0.</summary>
    public int LayoutVersion { get; init; }

    /// <summary>Fills the new segment, which is all zero, before any other process can open it. If the maker dies or throws in
    /// it, no segment is left. Default null.</summary>
    public Action<SharedMemory>? Initialize { get; init; }

    /// <summary>Open for reading only: the process takes no part, so objects that need a holder refuse. Default false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Open also what dead processes have left, instead of removing it. Default false.</summary>
    public bool OpenAbandoned { get; init; }

    /// <summary>The folder for the files that stand behind segments; it must exist, and its rights are the caller's business.
    /// Default null: <c>/dev/shm/mapwire-UID</c> or <c>/dev/shm/mapwire</c> on Linux, the same below <c>/tmp</c> on macOS,
    /// <c>Mapwire\Shared</c> in the user's local application data on Windows.</summary>
    public string? Folder { get; init; }

    /// <summary>How long to wait for another process that makes, opens or grows the segment. Default 10 s: it takes microseconds,
    /// unless that process is stopped in the middle.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(10);

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
