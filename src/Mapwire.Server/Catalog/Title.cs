using Mapwire.Media;
using Mapwire.Memory;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Catalog;

/// <summary>
/// A playable file in the catalog: its mapping, its strip and the messages that introduce it. Immutable; shared by all players,
/// who hold it open by counting.
/// </summary>
internal sealed class Title
{
    private readonly MovieFile _file;
    private int _holders = 1; // the catalog's own

    private Title(string name, MovieFile file, Strip strip, TitleCodecs codecs, byte[] metadata)
    {
        Name = name;
        _file = file;
        Strip = strip;
        Codecs = codecs;
        Metadata = metadata;
        Duration = file.Movie.Duration;
    }

    /// <summary>The path below the served folder.</summary>
    public string Name { get; }

    /// <summary>Which file it was when it was opened.</summary>
    public FileIdentity Identity => _file.Identity;

    /// <summary>The samples in send order.</summary>
    public Strip Strip { get; }

    /// <summary>The codec headers.</summary>
    public TitleCodecs Codecs { get; }

    /// <summary>The body of the onMetaData message, AMF0.</summary>
    public ReadOnlyMemory<byte> Metadata { get; }

    /// <summary>How long it plays.</summary>
    public TimeSpan Duration { get; }

    /// <summary>What it costs to keep, in bytes; the mapping costs address space alone.</summary>
    public long ByteSize => Strip.ByteSize + Metadata.Length + 1024;

    /// <summary>Whether the file still holds what the strip describes.</summary>
    public bool IsUnchanged => _file.IsUnchanged;

    /// <summary>Opens a file as a title, held once.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The path below the served folder, for logs.</param>
    /// <param name="folder">Where the open file has to lie, whatever links did meanwhile; null when that does not matter.</param>
    /// <exception cref="TitleException">It cannot be played.</exception>
    public static Title Open(string path, string name, ServedFolder? folder = null)
    {
        MovieFile file = MovieFile.Open(path);
        try
        {
            if (folder is not null && file.RealPath is { } real && !folder.IsInside(real))
            {
                throw new TitleException(TitleError.NotFound, $"no title {name}");
            }

            Movie movie = file.Movie;
            Track? video = movie.Default(TrackKind.Video);
            Track? audio = movie.Default(TrackKind.Audio);
            if (video is null && audio is null)
            {
                throw new TitleException(TitleError.NotPlayable, NothingPlayable(movie));
            }

            Strip strip = StripBuilder.Build(video, audio);
            TitleCodecs codecs = new(video, audio);
            return new Title(name, file, strip, codecs, TitleMetadata.Write(movie, file.Identity.Length, video, audio, strip));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The tracks that are left out of play, a line each, for the log.</summary>
    public IEnumerable<string> LeftOut()
    {
        foreach (Track track in _file.Movie.Tracks)
        {
            if (track.NotPlayable is { } reason)
            {
                yield return $"track {track.Id} ({track.SampleEntry}): {reason}";
            }
            else if (track != _file.Movie.Default(track.Kind))
            {
                yield return $"track {track.Id} ({track.SampleEntry}): another {track.Kind} track is played";
            }
        }
    }

    /// <summary>Where a byte of the file is mapped. Only for the kernel to read, in a gather send: others may truncate the file.</summary>
    public nint AddressOf(long offset) => _file.Region.DangerousAddress + (nint)offset;

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

    private static string NothingPlayable(Movie movie) =>
        movie.Tracks.IsEmpty
            ? "the movie has no track"
            : "no playable track: " + string.Join("; ", movie.Tracks.Select(static t => $"track {t.Id} ({t.SampleEntry}): {t.NotPlayable}"));
}
