using System.Buffers;
using System.Diagnostics;
using Mapwire.Media;
using Mapwire.Memory;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Files;

/// <content>Mapping the file and reading what it says it holds.</content>
internal sealed partial class MediaFile
{
    /// <summary>Read at once; between reads the time is looked at.</summary>
    private const int LongestRead = 1 << 20;

    /// <summary>What is longer is not kept for the next reading: each thread that opens files would keep one of its own.</summary>
    private const int LongestPooled = 256 * 1024;

    private static readonly TimeSpan WrittenRecently = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Address space kept behind a file that is being written, in bytes: an hour of 35 Mbit/s. One that grows further is opened anew.
    /// </summary>
    private const long GrowthReserve = 16L << 30;

    private MovieFileReader? _reader; // stands at the end of what was read, as long as the file is being written
    private Fingerprint.Builder _fingerprint = new();

    /// <summary>What was read of the file to know what it holds.</summary>
    public Fingerprint Fingerprint { get; private set; } = new([]);

    /// <summary>Whether others were writing the file when it was read, and more can be read of it in place.</summary>
    private bool CanGrow => _reader is not null;

    /// <summary>Copies bytes out of the mapping, which others may truncate meanwhile.</summary>
    /// <param name="offset">Of the first.</param>
    /// <param name="destination">As many as it holds.</param>
    /// <param name="place">What they belong to, for the refusal.</param>
    /// <param name="work">Told that this is waited for; null when nobody asks.</param>
    /// <exception cref="TitleException">The bytes are gone, or an input error.</exception>
    public void Read(long offset, Span<byte> destination, FileLocation place, FileWork? work = null)
    {
        work?.BeginWait(place);
        TopLevelBoxes.Read(_region, offset, destination, place);
        work?.EndWait();
    }

    /// <summary>Opens and maps a recording.</summary>
    /// <param name="path">The file.</param>
    /// <param name="identity">Which file it is, at this moment.</param>
    /// <param name="region">The whole of it, mapped for reading.</param>
    /// <exception cref="TitleException">The file cannot be opened, or it is empty.</exception>
    private static MappedFile Map(string path, out FileIdentity identity, out MappedRegion region)
    {
        MappedFile? file = null;
        try
        {
            file = MappedFile.Open(path);
            if (file.IsDevice)
            {
                throw new TitleException(TitleError.NotPlayable, "it is a device and no file");
            }

            identity = file.Identity;
            if (identity.Length == 0)
            {
                throw new TitleException(TitleError.NotPlayable, "the file is empty, without a 'moov' (box 'moov' at offset 0)");
            }

            region = file.Map();
            MappedFile opened = file;
            file = null;
            return opened;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw TitleException.Unreadable(path, exception);
        }
        finally
        {
            file?.Dispose();
        }
    }

    /// <summary>Reads for the first time what the file holds, by copies of the bytes that say it.</summary>
    /// <param name="identity">Which file it is.</param>
    /// <param name="cache">What was read is kept there, and is taken from there; null for nowhere.</param>
    /// <param name="work">Told what is waited for; null when nobody asks.</param>
    /// <exception cref="TitleException">It is no movie, or malformed, or the file could not be read, or not in time.</exception>
    private Movie ReadMovie(FileIdentity identity, IndexCache? cache, FileWork? work)
    {
        work?.BeginWait();
        WindowReader.BringBeginning(_file);
        work?.EndWait();
        FileStructure structure = new(cache?.Find(identity) ?? default, records: cache is not null);
        Movie movie = ReadMovie(structure, work);
        bool isBeingWritten = movie.MayGrow && DateTime.UtcNow.Ticks - identity.LastWriteTicks < WrittenRecently.Ticks;
        if (isBeingWritten)
        {
            ReserveGrowth();
        }
        else
        {
            _reader = null;
        }

        if (cache is not null && !structure.IsComplete && !isBeingWritten)
        {
            work?.BeginWait();
            cache.Store(identity, structure.Written.Span);
            work?.EndWait();
        }

        return movie;
    }

    /// <summary>Reads what the file holds, from its beginning or from where the last reading ended. One thread at a time.</summary>
    /// <param name="structure">What an earlier run read of it, and takes note of what is read.</param>
    /// <param name="work">Told what is waited for; null when nobody asks.</param>
    /// <exception cref="TitleException">It is no movie, or malformed, or the file could not be read, or not in time.</exception>
    private Movie ReadMovie(FileStructure structure, FileWork? work)
    {
        using CancellationTokenSource deadline = new(_limits.OpeningTime);
        MovieFileReader reader = Continue(deadline.Token);
        TimeSpan spentReading = default;
        try
        {
            while (reader.TryGetNext(out long offset, out int length))
            {
                bool isPooled = length <= LongestPooled;
                byte[] bytes = isPooled ? ArrayPool<byte>.Shared.Rent(length) : GC.AllocateUninitializedArray<byte>(length);
                try
                {
                    bool isKnown = structure.TryRead(offset, bytes.AsSpan(0, length));
                    for (int read = 0; read < length && !isKnown; read += LongestRead)
                    {
                        deadline.Token.ThrowIfCancellationRequested();
                        long started = Stopwatch.GetTimestamp();
                        Read(offset + read, bytes.AsSpan(read, Math.Min(LongestRead, length - read)), reader.Place, work);
                        spentReading += Stopwatch.GetElapsedTime(started);
                    }

                    structure.Add(offset, bytes.AsSpan(0, length));
                    using (FileWork.Compute(deadline.Token))
                    {
                        reader.Add(bytes.AsSpan(0, length));
                    }

                    _fingerprint.Add(offset, bytes.AsSpan(0, length), reader.IsFlv);
                }
                finally
                {
                    if (isPooled)
                    {
                        ArrayPool<byte>.Shared.Return(bytes);
                    }
                }
            }

            Fingerprint = _fingerprint.ToFingerprint();
            using (FileWork.Compute(deadline.Token))
            {
                Movie movie = reader.ToMovie();
                _reader = reader;
                return movie;
            }
        }
        catch (MediaFormatException malformed)
        {
            throw new TitleException(TitleError.NotPlayable, _limits.MessageOf(malformed), malformed);
        }
        catch (OperationCanceledException late)
        {
            // A disk that is slow today may be well tomorrow; a file that says too much says it again.
            throw new TitleException(
                spentReading > _limits.OpeningTime / 2 ? TitleError.Unreadable : TitleError.NotPlayable,
                $"{_limits.Opening.Refusal} ({reader.Place})",
                late);
        }
    }

    /// <summary>The reader that stands where the file ended before, or one that begins at its start.</summary>
    private MovieFileReader Continue(CancellationToken cancellation)
    {
        MovieFileReader? going = _reader;
        _reader = null; // until it has come to the end
        if (going?.TryContinue(_region.Length, cancellation) == true)
        {
            return going;
        }

        _fingerprint = new Fingerprint.Builder();
        return new MovieFileReader(_region.Length, _limits.Structure, cancellation);
    }

    /// <summary>Maps the file anew with room behind it, before anyone has the address.</summary>
    private void ReserveGrowth()
    {
        if (OperatingSystem.IsWindows())
        {
            _reader = null; // a view that does not write cannot grow there
            return;
        }

        try
        {
            MappedRegion reserved = _file.Map(0, _region.Length, new MapOptions { Reserve = _region.Length + GrowthReserve });
            _region.Dispose();
            _region = reserved;
            _maxLength = _region.Length + GrowthReserve;
        }
        catch (Exception exception) when (exception is IOException or PlatformNotSupportedException or ArgumentException)
        {
            _reader = null; // who comes later opens it anew
        }
    }

    /// <summary>Lengthens the mapping to a file's new end, in place.</summary>
    /// <returns>False when it cannot be: there is no room, or the system does not grow views.</returns>
    private bool TryExtend(long length)
    {
        if (length > _maxLength)
        {
            return false;
        }

        try
        {
            _region.Resize(length);
            return true;
        }
        catch (Exception exception) when (exception is IOException or ArgumentOutOfRangeException or ObjectDisposedException)
        {
            return false; // the file was cut meanwhile, or address space is short
        }
    }
}
