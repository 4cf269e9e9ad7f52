using System.Runtime.InteropServices;
using Mapwire.Media;
using Mapwire.Memory;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Files;

/// <summary>
/// A file, opened, mapped and read once, whatever its viewers wish for: all titles that are made of it share the mapping, the descriptor
/// and the tables. Held open by counting; the last holder's going closes it, on a thread that may wait.
/// </summary>
/// <remarks>The mapping is for gather sends. Nothing here reads it through a span: the file is not ours alone.</remarks>
internal sealed partial class MediaFile
{
    /// <summary>What the tables of a movie take for each sample, in bytes, about.</summary>
    private const int BytesPerSample = 8;

    private readonly MappedFile _file;
    private readonly FileThreads? _threads;
    private readonly TitleLimits _limits;
    private readonly Lock _growing = new();
    private MappedRegion _region; // the whole file; its address stays when the file grows
    private long _maxLength; // the most bytes that the region can have
    private FileContent _content;
    private int _holders = 1; // whoever opened it

    /// <summary>Reads the file, which it owns from here on: both are closed when that fails.</summary>
    private MediaFile(
        string name, MappedFile file, MappedRegion region, FileIdentity identity, IndexCache? cache, TitleLimits limits,
        FileWork? work, FileThreads? threads, PresenceThreads? presence, bool? isLocal)
    {
        Name = name;
        _file = file;
        _region = region;
        _maxLength = region.Length;
        _limits = limits;
        _threads = threads;
        try
        {
            Movie movie = ReadMovie(identity, cache, work);
            _content = new FileContent(identity, movie, CanGrow);
            Watch = new FileWatch(file, _region, identity, Fingerprint, threads, limits.Storage, isLocal);
            Presence = presence is null
                ? null
                : new Presence(file, _region, _maxLength, presence.ForDevice(identity.Device), Watch.Fail, Watch.IsLocal);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <summary>The path below the served folder.</summary>
    public string Name { get; }

    /// <summary>What the file holds, as it was read last.</summary>
    public FileContent Content => Volatile.Read(ref _content);

    /// <summary>Which file it was when it was read last.</summary>
    public FileIdentity Identity => Content.Identity;

    /// <summary>Whether the file still holds what was read of it.</summary>
    public FileWatch Watch { get; }

    /// <summary>Which parts of the file can be sent without waiting; null when all of it can.</summary>
    public Presence? Presence { get; }

    /// <summary>Whether somebody holds it besides its opener.</summary>
    public bool IsShared => Volatile.Read(ref _holders) > 1;

    /// <summary>What its tables take, in bytes; the mapping costs address space alone.</summary>
    public long ByteSize => 1024 + ((Content.MayGrow ? 3 : 1) * BytesPerSample * Content.Samples);

    /// <summary>Where the file is mapped. Only for the kernel to read, in a gather send: others may truncate the file.</summary>
    public nint Address => _region.DangerousAddress;

    /// <summary>
    /// The open file, for the kernel to send from; null where only its pages in memory may be sent. To read a file, network file systems
    /// ask their server whether what is in memory is still good (NFS, each time that some seconds are over), and a worker would wait for
    /// that; what is mapped is sent without asking. Nothing here reads it.
    /// </summary>
    public SafeHandle? Handle => Watch.IsLocal ? _file.Handle : null;

    /// <summary>What was made of the file for its viewers, by keys of its makers. Under the lock of the catalog that opened it.</summary>
    public Dictionary<object, Task<IDerived>> Derived { get; } = [];

    /// <summary>Opens and reads a file, held once.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The path below the served folder, for logs.</param>
    /// <param name="folder">Where the open file has to lie, whatever links did meanwhile; null when that does not matter.</param>
    /// <param name="cache">Where structures are kept between runs; null for nowhere.</param>
    /// <param name="limits">What the file may cost; null for the defaults.</param>
    /// <param name="work">Told what is waited for; null when nobody asks.</param>
    /// <param name="threads">Where the file is looked at and closed; null for the threads that use it.</param>
    /// <param name="presence">They bring what is not in memory; null when sending may wait for it.</param>
    /// <param name="isLocal">Whether its file system asks no server and no daemon; null to ask the system.</param>
    /// <exception cref="TitleException">It cannot be read, or is no movie.</exception>
    public static MediaFile Open(
        string path, string name, ServedFolder? folder = null, IndexCache? cache = null, TitleLimits? limits = null,
        FileWork? work = null, FileThreads? threads = null, PresenceThreads? presence = null, bool? isLocal = null)
    {
        MappedFile file = Map(path, out FileIdentity identity, out MappedRegion region);
        try
        {
            folder?.RequireInside(file, name);
        }
        catch
        {
            region.Dispose();
            file.Dispose();
            throw;
        }

        return new MediaFile(name, file, region, identity, cache, limits ?? TitleLimits.Default, work, threads, presence, isLocal);
    }

    /// <summary>Reads what the file has grown by. Viewers go on as they were; who comes later sees it.</summary>
    /// <returns>False when the file has to be opened anew: it holds something else now, or its mapping cannot grow.</returns>
    /// <exception cref="TitleException">It could not be read, or not in time.</exception>
    public bool TryGrow(FileWork work)
    {
        lock (_growing)
        {
            FileContent before = Content;
            FileIdentity identity;
            try
            {
                work.BeginWait();
                identity = _file.Identity;
                work.EndWait();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return false;
            }

            if (identity.Length <= before.Identity.Length)
            {
                return identity.Length == before.Identity.Length;
            }

            if (Watch.Lost is not null || !CanGrow || !TryExtend(identity.Length))
            {
                return false;
            }

            work.BeginWait();
            bool isSame = Fingerprint.Matches(_region);
            work.EndWait();
            if (!isSame)
            {
                return false;
            }

            FileContent grown = new(identity, ReadMovie(new FileStructure(default, records: false), work), MayGrow: true);
            if (!grown.Continues(before))
            {
                return false;
            }

            Watch.Extend(identity, Fingerprint);
            Presence?.Extend(identity.Length);
            Volatile.Write(ref _content, grown);
            return true;
        }
    }

    /// <summary>Holds the file open; false when the last holder has gone already.</summary>
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

    /// <summary>Ends a hold; the last one unmaps the file. That can take long, or for ever on a dead file system.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
        {
            return;
        }

        if (_threads is null)
        {
            Close();
        }
        else
        {
            _threads.RunWithoutRefusal(Close);
        }
    }

    private void Close()
    {
        _region.Dispose();
        _file.Dispose();
    }
}

/// <summary>What is made of a media file for its viewers and kept as long as it is open.</summary>
internal interface IDerived
{
    /// <summary>What it takes in memory, in bytes.</summary>
    long ByteSize { get; }
}
