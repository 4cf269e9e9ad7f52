using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Strips;

/// <summary>
/// What a media file is sent by to viewers of the same tracks: its index. Immutable; shared by all of them, who hold the file open by
/// counting.
/// </summary>
internal sealed class Title
{
    private readonly MediaFile _file;
    private readonly TitleIndex _index;

    /// <param name="file">The file; held by whoever uses the title.</param>
    /// <param name="index">Made of it.</param>
    public Title(MediaFile file, TitleIndex index)
    {
        _file = file;
        _index = index;
        Watch = file.Watch;
        Presence = file.Presence;
    }

    /// <summary>The path below the served folder.</summary>
    public string Name => _file.Name;

    /// <summary>Which file it was when it was opened.</summary>
    public FileIdentity Identity => _file.Identity;

    /// <summary>The file, which other titles may share.</summary>
    public MediaFile File => _file;

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

    /// <summary>What the index costs to keep, in bytes.</summary>
    public long ByteSize => _index.ByteSize;

    /// <summary>Whether the file still holds what the strip describes, and what to do when that is not known yet.</summary>
    public FileWatch Watch { get; }

    /// <summary>Which parts of the file can be sent without waiting; null when all of it can.</summary>
    public Presence? Presence { get; }

    /// <summary>Opens a file as one title, held once.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The path below the served folder, for logs.</param>
    /// <param name="choice">What of the file is played.</param>
    /// <param name="threads">Where the file is looked at while it plays; null for the thread that plays it.</param>
    /// <param name="presence">They bring what is not in memory; null when sending may wait for it.</param>
    /// <exception cref="TitleException">It cannot be played.</exception>
    public static Title Open(string path, string name, TrackChoice choice = default, FileThreads? threads = null,
        PresenceThreads? presence = null)
    {
        MediaFile file = MediaFile.Open(path, name, folder: null, cache: null, limits: null, work: null, threads, presence);
        try
        {
            return IndexerOf(file, choice, work: null).Make(file, file.Content, choice, out _);
        }
        catch
        {
            file.Release();
            throw;
        }
    }

    /// <summary>What makes the titles of a choice of a file's tracks.</summary>
    /// <exception cref="TitleException">Nothing of it can be played by this choice.</exception>
    public static TitleIndexer IndexerOf(MediaFile file, TrackChoice choice, FileWork? work) =>
        new(file.Source, ChosenTracks.Of(file.Content.Movie, choice), choice.Abilities, work);

    /// <inheritdoc cref="MediaFile.TryAcquire"/>
    public bool TryAcquire() => _file.TryAcquire();

    /// <inheritdoc cref="MediaFile.Release"/>
    public void Release() => _file.Release();
}
