using Mapwire.Memory;
using Mapwire.Server.Sources;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Catalog;

/// <summary>
/// A playable file in the catalog: its mapping and its index. Immutable; shared by all players, who hold it open by counting.
/// </summary>
internal sealed class Title
{
    private readonly MovieFile _file;
    private readonly TitleIndex _index;
    private readonly FileWatch _watch;
    private int _holders = 1; // whoever opened it

    private Title(string name, MovieFile file, TitleIndex index, FileThreads? threads, PresenceThreads? presence)
    {
        Name = name;
        _watch = file.Watch(threads);
        Presence = presence is null ? null : file.Follow(presence, _watch.Fail);
        _file = file;
        _index = index;
    }

    /// <summary>The path below the served folder.</summary>
    public string Name { get; }

    /// <summary>Which file it was when it was opened.</summary>
    public FileIdentity Identity => _file.Identity;

    /// <summary>The samples in send order.</summary>
    public Strip Strip => _index.Strip;

    /// <summary>The codec headers.</summary>
    public TitleCodecs Codecs => _index.Codecs;

    /// <summary>The body of the onMetaData message, AMF0.</summary>
    public ReadOnlyMemory<byte> Metadata => _index.Metadata;

    /// <summary>How long it plays.</summary>
    public TimeSpan Duration => _index.Duration;

    /// <summary>The tracks that are left out of play, a line each, for the log.</summary>
    public IReadOnlyList<string> LeftOut => _index.LeftOut;

    /// <summary>What it costs to keep, in bytes; the mapping costs address space alone.</summary>
    public long ByteSize => _index.ByteSize;

    /// <summary>Whether the file still holds what the strip describes, and what to do when that is not known yet.</summary>
    public FileWatch Watch => _watch;

    /// <summary>Which parts of the file can be sent without waiting; null when all of it can.</summary>
    public Presence? Presence { get; }

    /// <summary>Opens a file as a title, held once.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The path below the served folder, for logs.</param>
    /// <param name="folder">Where the open file has to lie, whatever links did meanwhile; null when that does not matter.</param>
    /// <param name="cache">Where indices are kept between runs; null for nowhere.</param>
    /// <param name="choice">What of the file is played.</param>
    /// <param name="limits">What the file may cost; null for the defaults.</param>
    /// <param name="work">Told what is waited for; null when nobody asks.</param>
    /// <param name="threads">Where the file is looked at while it plays; null for the thread that plays it.</param>
    /// <param name="presence">They bring what is not in memory; null when sending may wait for it.</param>
    /// <exception cref="TitleException">It cannot be played.</exception>
    public static Title Open(
        string path,
        string name,
        ServedFolder? folder = null,
        IndexCache? cache = null,
        TrackChoice choice = default,
        TitleLimits? limits = null,
        FileWork? work = null,
        FileThreads? threads = null,
        PresenceThreads? presence = null)
    {
        MovieFile file = MovieFile.Open(path, name, folder);
        try
        {
            TitleIndex index = TitleIndex.Build(file, file.ReadMovie(limits, work, cache), choice, work);
            return new Title(name, file, index, threads, presence);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Where an entry's payload is mapped. Only for the kernel to read, in a gather send: others may truncate the file.</summary>
    public nint AddressOf(in StripEntry entry) =>
        (entry.IsChange ? _index.Codecs.ChangesAddress : _file.Region.DangerousAddress) + (nint)entry.Offset;

    /// <summary>Holds the title open; false when the last holder has gone already.</summary>
    public bool TryAcquire()
    {
        int holders = Volatile.Read(ref _holders);
        while (holders > 0)
        {
            int seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders)
            {
                return true;
            }

            holders = seen;
        }

        return false;
    }

    /// <summary>Ends a hold; the last one unmaps the file.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            _file.Dispose();
        }
    }
}
