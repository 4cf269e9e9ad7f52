using System.Buffers;
using System.Diagnostics;
using Mapwire.Media;
using Mapwire.Memory;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Files;

/// <summary>A recording as it lies in its file, mapped.</summary>
/// <remarks>The mapping is for gather sends. Nothing here reads it through a span: the file is not ours alone.</remarks>
internal sealed class MovieFile : IDisposable
{
    /// <summary>Read at once; between reads the time is looked at.</summary>
    private const int LongestRead = 1 << 20;

    private static readonly TimeSpan WrittenRecently = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Address space kept behind a file that is being written, in bytes: an hour of 35 Mbit/s. One that grows further is opened anew.
    /// </summary>
    private const long GrowthReserve = 16L << 30;

    private readonly MappedFile _file;
    private MovieFileReader? _reader; // stands at the end of what was read, as long as the file is being written
    private Fingerprint.Builder _fingerprint = new();

    private MovieFile(MappedFile file, MappedRegion region, FileIdentity identity)
    {
        _file = file;
        Region = region;
        MaxLength = region.Length;
        Identity = identity;
    }

    /// <summary>Which file this is, at the moment it was opened.</summary>
    public FileIdentity Identity { get; }

    /// <summary>Which file this is now.</summary>
    /// <exception cref="IOException">It can no longer be looked at.</exception>
    public FileIdentity CurrentIdentity => _file.Identity;

    /// <summary>The most bytes that <see cref="Region"/> can have.</summary>
    public long MaxLength { get; private set; }

    /// <summary>Whether others were writing the file when it was read, and more can be read of it in place.</summary>
    public bool CanGrow => _reader is not null;

    /// <summary>The whole file, mapped for reading. Its address stays when the file grows.</summary>
    public MappedRegion Region { get; private set; }

    /// <summary>What was read of the file to know what it holds; empty before that was read.</summary>
    public Fingerprint Fingerprint { get; private set; } = new([]);

    /// <summary>Watches the file for what others do to it, from now on.</summary>
    /// <param name="threads">Where its bytes are compared; null for the caller's thread.</param>
    /// <param name="patience">How long the file system may take to answer.</param>
    public FileWatch Watch(FileThreads? threads, TimeLimit patience) => new(_file, Region, Identity, Fingerprint, threads, patience);

    /// <summary>Follows which parts of the file are in memory, from now on.</summary>
    /// <param name="threads">They bring what is not.</param>
    /// <param name="fail">Told why the file can no longer be read.</param>
    public Presence Follow(PresenceThreads threads, Action<string> fail) =>
        new(_file, Region, MaxLength, threads.ForDevice(Identity.Device), fail);

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
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TitleException(TitleError.Unreadable, exception.Message, exception);
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
    /// <param name="cache">What was read is kept there, and is taken from there; null for nowhere.</param>
    /// <exception cref="TitleException">It is no movie, or malformed, or the file could not be read, or not in time.</exception>
    public Movie ReadMovie(TitleLimits? limits = null, FileWork? work = null, IndexCache? cache = null)
    {
        limits ??= TitleLimits.Default;
        work?.BeginWait();
        WindowReader.BringBeginning(_file);
        work?.EndWait();
        FileStructure structure = new(cache?.Find(Identity) ?? default, records: cache is not null);
        Movie movie = ReadMovie(limits, work, structure);
        bool isBeingWritten = IsBeingWritten(movie);
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
            cache.Store(Identity, structure.Written.Span);
            work?.EndWait();
        }

        return movie;
    }

    /// <summary>Lengthens the mapping to a file's new end, in place.</summary>
    /// <returns>False when it cannot be: there is no room, or the system does not grow views.</returns>
    public bool TryExtend(long length)
    {
        if (length > MaxLength)
        {
            return false;
        }

        try
        {
            Region.Resize(length);
            return true;
        }
        catch (Exception exception) when (exception is IOException or ArgumentOutOfRangeException or ObjectDisposedException)
        {
            return false; // the file was cut meanwhile, or address space is short
        }
    }

    /// <summary>Reads what a file that has grown holds now, when <see cref="Region"/> was lengthened. One thread at a time.</summary>
    /// <param name="limits">Bounds on what the file may declare and cost.</param>
    /// <param name="work">Told what is waited for.</param>
    /// <exception cref="TitleException">It could not be read, or not in time.</exception>
    public Movie ReadGrown(TitleLimits limits, FileWork work) => ReadMovie(limits, work, new FileStructure(default, records: false));

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
            MappedRegion reserved = _file.Map(0, Region.Length, new MapOptions { Reserve = Region.Length + GrowthReserve });
            Region.Dispose();
            Region = reserved;
            MaxLength = Region.Length + GrowthReserve;
        }
        catch (Exception exception) when (exception is IOException or PlatformNotSupportedException or ArgumentException)
        {
            _reader = null; // who comes later opens it anew
        }
    }

    /// <summary>Whether the file will soon be longer, and what is kept of it useless.</summary>
    private bool IsBeingWritten(Movie movie) => movie.MayGrow && DateTime.UtcNow.Ticks - Identity.LastWriteTicks < WrittenRecently.Ticks;

    private Movie ReadMovie(TitleLimits limits, FileWork? work, FileStructure structure)
    {
        using CancellationTokenSource deadline = new(limits.OpeningTime);
        MovieFileReader reader = Continue(limits, deadline.Token);
        TimeSpan spentReading = default;
        try
        {
            while (reader.TryGetNext(out long offset, out int length))
            {
                byte[] bytes = ArrayPool<byte>.Shared.Rent(length);
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
                    ArrayPool<byte>.Shared.Return(bytes);
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
            throw new TitleException(TitleError.NotPlayable, malformed.Message, malformed);
        }
        catch (OperationCanceledException late)
        {
            // A disk that is slow today may be well tomorrow; a file that says too much says it again.
            throw new TitleException(
                spentReading > limits.OpeningTime / 2 ? TitleError.Unreadable : TitleError.NotPlayable,
                $"{limits.Opening.Refusal} ({reader.Place})",
                late);
        }
    }

    /// <summary>The reader that stands where the file ended before, or one that begins at its start.</summary>
    private MovieFileReader Continue(TitleLimits limits, CancellationToken cancellation)
    {
        MovieFileReader? going = _reader;
        _reader = null; // until it has come to the end
        if (going?.TryContinue(Region.Length, cancellation) == true)
        {
            return going;
        }

        _fingerprint = new Fingerprint.Builder();
        return new MovieFileReader(Region.Length, limits.Structure, cancellation);
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
