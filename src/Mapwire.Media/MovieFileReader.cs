using Mapwire.Media.Flv;
using Mapwire.Media.Mp4;

namespace Mapwire.Media;

/// <summary>
/// Reads a recording of any container that there is a reader for, MP4 with all its relatives and FLV, without reading the file: it says
/// which bytes it wants next, and its user, who can read the file safely, brings them. Configurations whose parameter sets are only in the
/// samples are completed from the first sample that decoding can start with, where it has them.
/// </summary>
/// <example>
/// <code>
/// MovieFileReader reader = new(fileLength);
/// while (reader.TryGetNext(out long offset, out int length))
///     reader.Add(Read(offset, length));
/// Movie movie = reader.ToMovie();
/// </code>
/// </example>
public sealed class MovieFileReader
{
    private readonly Mp4FileReader _mp4;
    private readonly FlvFileReader _flv;
    private CancellationToken _cancellation;
    private ParameterSetSearch? _search;
    private bool? _isFlv;

    /// <summary>Begins at the start of a file.</summary>
    /// <param name="fileLength">In bytes.</param>
    /// <param name="limits">What is refused as too large; null for <see cref="MediaLimits.Default"/>.</param>
    /// <param name="cancellation">Looked at between tracks: what a small file says can take minutes to follow.</param>
    public MovieFileReader(long fileLength, MediaLimits? limits = null, CancellationToken cancellation = default)
    {
        _cancellation = cancellation;
        _mp4 = new Mp4FileReader(fileLength, limits, cancellation);
        _flv = new FlvFileReader(fileLength, limits);
    }

    /// <summary>Whether the file is FLV; false until its first bytes were added.</summary>
    public bool IsFlv => _isFlv == true;

    /// <summary>What is wanted next, or was read last: for messages about reading it.</summary>
    public FileLocation Place => _search?.Place ?? (IsFlv ? _flv.Place : _mp4.Place);

    /// <summary>The bytes that are wanted next.</summary>
    /// <param name="offset">Of the first.</param>
    /// <param name="length">How many, all inside the file.</param>
    /// <returns>False when no more are wanted: time for <see cref="ToMovie"/>.</returns>
    public bool TryGetNext(out long offset, out int length) =>
        _search is not null ? _search.TryGetNext(out offset, out length) : TryGetStructure(out offset, out length);

    /// <summary>Goes on where it was when the file has grown since <see cref="ToMovie"/>: what was read is not wanted again.</summary>
    /// <param name="fileLength">The new length in bytes.</param>
    /// <param name="cancellation">In place of the one that was given before.</param>
    /// <returns>
    /// False when it takes another reader: the file is not FLV, or what was read of its end may mean something else now.
    /// </returns>
    public bool TryContinue(long fileLength, CancellationToken cancellation = default)
    {
        if (!IsFlv || !_flv.TryContinue(fileLength))
        {
            return false;
        }

        _cancellation = cancellation;
        _search = null;
        FindParameterSets();
        return true;
    }

    /// <summary>Takes the bytes that were wanted.</summary>
    /// <param name="bytes">Exactly as many as <see cref="TryGetNext"/> said.</param>
    /// <exception cref="ArgumentException">They are more or fewer.</exception>
    /// <exception cref="MediaFormatException">The file is malformed.</exception>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_search is not null)
        {
            _search.Add(bytes);
            return;
        }

        _isFlv ??= FlvFileReader.IsFlv(bytes);
        if (!IsFlv)
        {
            _mp4.Add(bytes);
        }
        else
        {
            // Its first wish is the start of the file, too, and no longer.
            _flv.TryGetNext(out long offset, out int length);
            _flv.Add(offset == 0 ? bytes[..Math.Min(length, bytes.Length)] : bytes);
        }

        FindParameterSets();
    }

    /// <summary>The movie, when everything wanted was added.</summary>
    /// <exception cref="InvalidOperationException">More bytes are wanted.</exception>
    /// <exception cref="MediaFormatException">The file is malformed.</exception>
    public Movie ToMovie()
    {
        if (TryGetNext(out _, out _))
        {
            throw new InvalidOperationException($"{nameof(ToMovie)} was called before {nameof(TryGetNext)} returned false.");
        }

        return _search?.Movie ?? _mp4.ToMovie(); // of an empty file
    }

    private void FindParameterSets()
    {
        if (!TryGetStructure(out _, out _))
        {
            _search = new ParameterSetSearch(IsFlv ? _flv.ToMovie() : _mp4.ToMovie(), _cancellation);
        }
    }

    private bool TryGetStructure(out long offset, out int length) =>
        IsFlv ? _flv.TryGetNext(out offset, out length) : _mp4.TryGetNext(out offset, out length);
}
