using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Strips;

/// <summary>
/// What a media file is sent by to viewers of the same tracks, as it was at one moment: the strip, the codec headers and the metadata.
/// Immutable; shared by all of them, who hold the file open by counting.
/// </summary>
internal sealed class Title
{
    private long _derivedBytes;

    /// <param name="file">The file; held by whoever uses the title.</param>
    /// <param name="strip">The samples in send order.</param>
    /// <param name="codecs">The codec headers.</param>
    /// <param name="metadata">The body of the onMetaData message, AMF0.</param>
    public Title(MediaFile file, Strip strip, TitleCodecs codecs, ReadOnlyMemory<byte> metadata)
    {
        File = file;
        Strip = strip;
        Codecs = codecs;
        Metadata = metadata;
    }

    /// <summary>The file, which other titles may share.</summary>
    public MediaFile File { get; }

    /// <summary>The samples in send order.</summary>
    public Strip Strip { get; }

    /// <summary>The codec headers.</summary>
    public TitleCodecs Codecs { get; }

    /// <summary>The body of the onMetaData message, AMF0.</summary>
    public ReadOnlyMemory<byte> Metadata { get; }

    /// <summary>The path below the served folder.</summary>
    public string Name => File.Name;

    /// <summary>Which file it was when it was read last.</summary>
    public FileIdentity Identity => File.Identity;

    /// <summary>How long it plays; a run-up that an edit list hides takes no time.</summary>
    public TimeSpan Duration => TimeSpan.FromMilliseconds(Strip.Length);

    /// <summary>What it costs to keep besides what all titles of the file share, in bytes.</summary>
    public long ByteSize =>
        ((Strip.Count - Strip.SettledCount) * 16L) + Metadata.Length + Codecs.Changes.Length + 1024 + Volatile.Read(ref _derivedBytes);

    /// <summary>Something was made of the title that is kept as long as it is.</summary>
    /// <param name="bytes">What it takes in memory.</param>
    public void AddDerived(long bytes) => Interlocked.Add(ref _derivedBytes, bytes);

    /// <summary>Whether the file still holds what the strip describes, and what to do when that is not known yet.</summary>
    public FileWatch Watch => File.Watch;

    /// <summary>Which parts of the file can be sent without waiting; null when all of it can.</summary>
    public Presence? Presence => File.Presence;

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
        MediaFile file = MediaFile.Open(path, name, threads: threads, presence: presence);
        try
        {
            return Of(file, choice);
        }
        catch
        {
            file.Release();
            throw;
        }
    }

    /// <summary>Makes the title of a choice of a file's tracks, for this caller alone.</summary>
    /// <exception cref="TitleException">Nothing of it can be played by this choice.</exception>
    public static Title Of(MediaFile file, TrackChoice choice, FileWork? work = null)
    {
        FileContent content = file.Content;
        ChosenTracks chosen = ChosenTracks.Of(content.Movie, choice);
        return new TitleIndexer(file, chosen, choice.Abilities, work).Make(file, content, chosen, out _);
    }

    /// <inheritdoc cref="MediaFile.TryAcquire"/>
    public bool TryAcquire() => File.TryAcquire();

    /// <inheritdoc cref="MediaFile.Release"/>
    public void Release() => File.Release();
}
