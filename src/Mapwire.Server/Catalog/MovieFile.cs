using System.Buffers;
using Mapwire.Media;
using Mapwire.Media.Mp4;
using Mapwire.Memory;

namespace Mapwire.Server.Catalog;

/// <summary>A recording as it lies in its file, mapped.</summary>
/// <remarks>The mapping is for gather sends. Nothing here reads it through a span: the file is not ours alone.</remarks>
internal sealed class MovieFile : IDisposable
{
    private readonly MappedFile _file;

    private MovieFile(MappedFile file, MappedRegion region, FileIdentity identity)
    {
        _file = file;
        Region = region;
        Identity = identity;
    }

    /// <summary>Which file this is, at the moment it was opened.</summary>
    public FileIdentity Identity { get; }

    /// <summary>The whole file, mapped for reading.</summary>
    public MappedRegion Region { get; }

    /// <summary>
    /// The path of the open file itself, free of links, so that a link put in place after a path was checked is seen. Linux tells it
    /// (proc_pid_fd(5)); null elsewhere.
    /// </summary>
    public string? RealPath =>
        OperatingSystem.IsLinux() ? new FileInfo($"/proc/self/fd/{_file.Handle.DangerousGetHandle()}").LinkTarget : null;

    /// <summary>Whether the file still holds what was read: the same length and time of change.</summary>
    /// <param name="mayGrow">Also when bytes came after the end that it had: a fragmented recording that is still being written.</param>
    public bool IsUnchanged(bool mayGrow)
    {
        FileIdentity now = _file.Identity;
        return now == Identity || (mayGrow && now.IsSameFile(Identity) && now.Length > Identity.Length);
    }

    /// <summary>Opens and maps a recording.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="TitleException">The file cannot be opened, or it is empty.</exception>
    public static MovieFile Open(string path)
    {
        MappedFile? file = null;
        try
        {
            file = MappedFile.Open(path);
            FileIdentity identity = file.Identity;
            if (identity.Length == 0)
            {
                throw new TitleException(TitleError.NotPlayable, "the file is empty");
            }

            MovieFile opened = new(file, file.Map(), identity);
            file = null;
            return opened;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new TitleException(TitleError.Unreadable, failure.Message, failure);
        }
        finally
        {
            file?.Dispose();
        }
    }

    /// <summary>Reads what the file says it holds, by copies of the bytes that say it.</summary>
    /// <param name="limits">Bounds on what the file may declare; null for the defaults.</param>
    /// <exception cref="TitleException">It is no movie, or malformed, or the file could not be read.</exception>
    public Movie ReadMovie(Mp4Limits? limits = null)
    {
        try
        {
            MovieFileReader reader = new(Region.Length, limits);
            while (reader.TryGetNext(out long offset, out int length))
            {
                byte[] bytes = ArrayPool<byte>.Shared.Rent(length);
                try
                {
                    Read(offset, bytes.AsSpan(0, length));
                    reader.Add(bytes.AsSpan(0, length));
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(bytes);
                }
            }

            return reader.ToMovie();
        }
        catch (MediaFormatException malformed)
        {
            throw new TitleException(TitleError.NotPlayable, malformed.Message, malformed);
        }
    }

    /// <summary>Copies bytes out of the mapping, which others may truncate meanwhile.</summary>
    /// <exception cref="TitleException">The bytes are gone, or an input error.</exception>
    public void Read(long offset, Span<byte> destination) => TopLevelBoxes.Read(Region, offset, destination);

    /// <inheritdoc/>
    public void Dispose()
    {
        Region.Dispose();
        _file.Dispose();
    }
}
