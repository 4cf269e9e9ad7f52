namespace Mapwire.Memory.Arenas;

/// <summary>Options for creating and opening an arena. The defaults create one that survives kill -9 and grows.</summary>
public sealed class ArenaOptions
{
    /// <summary>Bytes of a new arena, header included. Default 1 MiB; rounded up to 64 KiB. An arena over a region or shared memory
    /// takes all of it instead.</summary>
    public long Size { get; init; } = 1 << 20;

    /// <summary>The size that it may grow to while it is open, in bytes: address space is reserved for it. Rounded down to 64 KiB. Default
    /// null: 64 GiB, or not at all where the system cannot grow a mapped file (<see cref="MemoryCapability.ReserveForFile"/>).</summary>
    public long? MaxSize { get; init; }

    /// <summary>The durability, a property of the arena that is given when it is created. Default
    /// <see cref="ArenaDurability.Kill"/>. An arena that exists is opened as what it is, whatever is said here: <c>CreateOrOpen</c> with
    /// <see cref="ArenaDurability.PowerLoss"/> opens one that was created with <see cref="ArenaDurability.Kill"/> as such a one.
    /// <see cref="Arena.Durability"/> tells.</summary>
    public ArenaDurability Durability { get; init; } = ArenaDurability.Kill;

    /// <summary>The layout id, which says what the bytes mean: of the program's choice, that all who open it must name. Default: all
    /// zero, which names nothing and opens only what was made without an id.</summary>
    public Guid LayoutId { get; init; }

    /// <summary>The version of the layout; all must name the same. Default 0.</summary>
    public int LayoutVersion { get; init; }

    /// <summary>Lets others open the file at the same time; all of them must say so. They may be of other users, who need the right to
    /// write the file, and may have other mount namespaces: the lock that keeps them apart is in the file. The file has to be on a file
    /// system of this machine: memory is not shared over a network. With <see cref="ReadOnly"/> it reads beside writers. Default false: a
    /// second opening is refused, and changes are cheaper.</summary>
    public bool Shared { get; init; }

    /// <summary>Refuses changes. Alone, it needs no right to write: the file is mapped privately, an unfinished change is undone in memory
    /// only, and writers are kept out. With <see cref="Shared"/> it takes part in the lock of the writers, so it needs the right to write;
    /// what it reads inside <see cref="Arena.EnterScope"/> is never half changed. Default false.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The address of the arena's base, for programs that store pointers; a multiple of
    /// <see cref="PlatformCapabilities.AllocationGranularity"/>. If it is taken, opening fails with an <see cref="IOException"/>.
    /// Default 0: the system picks one.</summary>
    public nint Address { get; init; }

    /// <summary>Accept any layout id and version: for tools that look at arenas without knowing what they mean. Default false.</summary>
    public bool AnyLayout { get; init; }

    internal DurabilitySettings Settings { get; init; } = DurabilitySettings.Default;
}

/// <summary>What an arena survives, beyond what every store into a mapped file does: the end of the process. What maps the file next
/// finds it, if the system lives on.</summary>
public enum ArenaDurability
{
    /// <summary>The death of the process at any instruction, as by kill -9. Each change is recorded before it is made, and whoever
    /// comes next undoes the one that was not finished. The system has to live on.</summary>
    Kill,

    /// <summary>The end of the system, as by power loss, up to the last <see cref="Arena.Commit"/>. For files, opened by one process at
    /// a time; what was not committed is gone with the process too.</summary>
    PowerLoss,
}
