using System.Buffers;
using System.Diagnostics;
using Mapwire.Media;
using Mapwire.Memory;

namespace Mapwire.Server.Catalog;

/// <summary>A recording as it lies in its file, mapped.</summary>
/// <remarks>The mapping is for gather sends. Nothing here reads it through a span: the file is not ours alone.</remarks>
internal sealed class MovieFile : IDisposable
{
    /// <summary>Read at once; between reads the time is looked at.</summary>
    private const int LongestRead = 1 << 20;

    /// <summary>Some dozen microseconds, once: one that does not grow in them was overwritten.</summary>
    private const int LooksAtGrowth = 30;

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

    /// <summary>Whether the file still holds what was read: the same length and time of change.</summary>
    /// <param name="mayGrow">Also when bytes came after the end that it had: a fragmented recording that is still being written.</param>
    public bool IsUnchanged(bool mayGrow)
    {
        FileIdentity now = _file.Identity;
        if (now == Identity || !mayGrow)
        {
            return now == Identity;
        }

        // Systems set the time of a write before the length, so what is about to grow looks overwritten for a moment.
        for (int look = 0; now.IsSameFile(Identity) && now.Length == Identity.Length && look < LooksAtGrowth; look++)
        {
            Thread.Yield();
            now = _file.Identity;
        }

        return now.IsSameFile(Identity) && now.Length > Identity.Length;
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
                throw new TitleException(TitleError.NotPlayable, "the file is empty, without a 'moov' (box 'moov' at offset 0)");
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

    /// <summary>Opens and maps a file of the served folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The path below the folder, for the refusal.</param>
    /// <param name="folder">Where the open file has to lie, whatever links did meanwhile; null when that does not matter.</param>
    /// <exception cref="TitleException">The file cannot be opened, is empty, or lies elsewhere.</exception>
    public static MovieFile Open(string path, string name, ServedFolder? folder)
    {
        MovieFile file = Open(path);
        try
        {
            folder?.RequireInside(file._file, name);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads what the file says it holds, by copies of the bytes that say it.</summary>
    /// <param name="limits">Bounds on what the file may declare and cost; null for the defaults.</param>
    /// <param name="work">Told what is waited for; null when nobody asks.</param>
    /// <exception cref="TitleException">It is no movie, or malformed, or the file could not be read, or not in time.</exception>
    public Movie ReadMovie(TitleLimits? limits = null, FileWork? work = null)
    {
        limits ??= TitleLimits.Default;
        using CancellationTokenSource deadline = new(limits.OpeningTime);
        MovieFileReader reader = new(Region.Length, limits.Structure, deadline.Token);
        TimeSpan spentReading = default;
        try
        {
            while (reader.TryGetNext(out long offset, out int length))
            {
                byte[] bytes = ArrayPool<byte>.Shared.Rent(length);
                try
                {
                    for (int read = 0; read < length; read += LongestRead)
                    {
                        deadline.Token.ThrowIfCancellationRequested();
                        long started = Stopwatch.GetTimestamp();
                        Read(offset + read, bytes.AsSpan(read, Math.Min(LongestRead, length - read)), reader.Place, work);
                        spentReading += Stopwatch.GetElapsedTime(started);
                    }

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
        catch (OperationCanceledException late)
        {
            // A disk that is slow today may be well tomorrow; a file that says too much says it again.
            throw new TitleException(
                spentReading > limits.OpeningTime / 2 ? TitleError.Unreadable : TitleError.NotPlayable,
                $"{limits.OpeningTookTooLong} ({reader.Place})",
                late);
        }
    }

    /// <summary>Copies bytes out of the mapping, which others may truncate meanwhile.</summary>
    /// <param name="offset">Of the first.</param>
    /// <param name="destination">As many as it holds.</param>
    /// <param name="place">What they belong to, for the refusal.</param>
    /// <param name="work">Told that this is waited for; null when nobody asks.</param>
    /// <exception cref="TitleException">The bytes are gone, or an input error.</exception>
    public void Read(long offset, Span<byte> destination, FileLocation place, FileWork? work = null)
    {
        work?.BeginWait(place);
        TopLevelBoxes.Read(Region, offset, destination, place);
        work?.EndWait();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Region.Dispose();
        _file.Dispose();
    }
}
