using System.Buffers;
using Mapwire.Media;
using Mapwire.Media.Mp4;
using Mapwire.Memory;

namespace Mapwire.Server.Catalog;

/// <summary>A recording as it lies in its file: mapped, its movie box read by guarded reads and parsed.</summary>
/// <remarks>The mapping is for gather sends. Nothing here reads it through a span: the file is not ours alone.</remarks>
public sealed class MovieFile : IDisposable
{
    private readonly MappedFile _file;

    private MovieFile(MappedFile file, MappedRegion region, FileIdentity identity, Movie movie)
    {
        _file = file;
        Region = region;
        Identity = identity;
        Movie = movie;
    }

    /// <summary>What the file says it holds.</summary>
    public Movie Movie { get; }

    /// <summary>Which file this is, at the moment it was read.</summary>
    public FileIdentity Identity { get; }

    /// <summary>The whole file, mapped for reading.</summary>
    public MappedRegion Region { get; }

    /// <summary>
    /// The path of the open file itself, free of links, so that a link put in place after a path was checked is seen. Linux tells it
    /// (proc_pid_fd(5)); null elsewhere.
    /// </summary>
    public string? RealPath =>
        OperatingSystem.IsLinux() ? new FileInfo($"/proc/self/fd/{_file.Handle.DangerousGetHandle()}").LinkTarget : null;

    /// <summary>Whether the file is still the one that was read: the same length and time of change.</summary>
    public bool IsUnchanged => _file.Identity == Identity;

    /// <summary>Opens and reads a recording.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">Bounds on what the file may declare; null for the defaults.</param>
    /// <exception cref="TitleException">The file cannot be opened or read, or it is no movie that could be played.</exception>
    public static MovieFile Open(string path, Mp4Limits? limits = null)
    {
        MappedFile? file = null;
        MappedRegion? region = null;
        try
        {
            file = MappedFile.Open(path);
            FileIdentity identity = file.Identity;
            if (identity.Length == 0)
            {
                throw new TitleException(TitleError.NotPlayable, "the file is empty");
            }

            region = file.Map();
            MovieFile opened = new(file, region, identity, ReadMovie(region, limits ?? Mp4Limits.Default));
            file = null;
            region = null;
            return opened;
        }
        catch (Mp4FormatException malformed)
        {
            throw new TitleException(TitleError.NotPlayable, malformed.Message, malformed);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new TitleException(TitleError.Unreadable, failure.Message, failure);
        }
        finally
        {
            region?.Dispose();
            file?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Region.Dispose();
        _file.Dispose();
    }

    private static Movie ReadMovie(MappedRegion region, Mp4Limits limits)
    {
        BoxHeader box = TopLevelBoxes.FindMovie(region);
        if (box.Length > limits.MovieBytes)
        {
            throw new TitleException(TitleError.NotPlayable, $"the moov box at offset {box.Offset} has {box.Length} bytes; the limit is {limits.MovieBytes}");
        }

        byte[] moov = ArrayPool<byte>.Shared.Rent((int)box.Length);
        try
        {
            Span<byte> bytes = moov.AsSpan(0, (int)box.Length);
            TopLevelBoxes.Read(region, box.Offset, bytes);
            return MovieParser.Parse(bytes, box.Offset, region.Length, limits);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(moov);
        }
    }
}
