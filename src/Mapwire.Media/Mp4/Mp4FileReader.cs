using System.Collections.Immutable;

namespace Mapwire.Media.Mp4;

/// <summary>
/// Reads a file's structure without reading the file: it says which bytes it wants next, and its user, who can read the file safely,
/// brings them.
/// </summary>
/// <example>
/// <code>
/// Mp4FileReader reader = new(fileLength);
/// while (reader.TryGetNext(out long offset, out int length))
///     reader.Add(Read(offset, length));
/// Movie movie = reader.ToMovie();
/// </code>
/// </example>
public sealed class Mp4FileReader
{
    /// <summary>Boxes to a fragment, on average, that are passed over: its data, and what packagers put around them.</summary>
    private const int MaxBoxesPerFragment = 8;

    /// <summary>What files of MP4 and its relatives begin with, or have at their outermost level.</summary>
    private static readonly HashSet<uint> Outermost =
    [
        BoxType.Ftyp, BoxType.Styp, BoxType.Moov, BoxType.Moof, BoxType.Mdat, BoxType.Sidx, BoxType.Free, BoxType.Skip, BoxType.Wide,
        BoxType.Uuid,
        BoxType.Meta, BoxType.Udta, BoxType.Pnot,
    ];

    private readonly long _fileLength;
    private readonly MediaLimits _limits;
    private readonly CancellationToken _cancellation;
    private readonly ImmutableArray<BoxHeader>.Builder _boxes = ImmutableArray.CreateBuilder<BoxHeader>();
    private long _wantedOffset;
    private int _wantedLength;
    private int _passed;
    private bool _seesMedia;
    private bool _seesFragments;
    private BoxHeader _wantedBox;
    private MovieBuilder? _movie;

    /// <summary>Begins at the start of a file.</summary>
    /// <param name="fileLength">In bytes.</param>
    /// <param name="limits">What is refused as too large; null for <see cref="MediaLimits.Default"/>.</param>
    /// <param name="cancellation">Looked at between tracks: what a small file says can take minutes to follow.</param>
    public Mp4FileReader(long fileLength, MediaLimits? limits = null, CancellationToken cancellation = default)
    {
        _cancellation = cancellation;
        ArgumentOutOfRangeException.ThrowIfNegative(fileLength);
        _fileLength = fileLength;
        _limits = limits ?? MediaLimits.Default;
        WantHeader(0);
    }

    /// <summary>The outermost boxes that were come across so far, the first <see cref="MediaLimits.ListedBoxes"/> of them.</summary>
    public ImmutableArray<BoxHeader> Boxes => _boxes.ToImmutable();

    /// <summary>What is wanted, or was read last.</summary>
    internal FileLocation Place =>
        _wantedBox.Length > 0 ? FileLocation.Box(_wantedBox.Type, _wantedBox.Offset)
        : _wantedLength > 0 || _movie is null ? new FileLocation("box header", _wantedOffset)
        : _movie.Place;

    /// <summary>The bytes that are wanted next.</summary>
    /// <param name="offset">Of the first.</param>
    /// <param name="length">How many: up to <see cref="MediaLimits.MovieBytes"/>, and all inside the file.</param>
    /// <returns>False when no more are wanted: time for <see cref="ToMovie"/>.</returns>
    public bool TryGetNext(out long offset, out int length)
    {
        (offset, length) = (_wantedOffset, _wantedLength);
        return length > 0;
    }

    /// <summary>Takes the bytes that were wanted.</summary>
    /// <param name="bytes">Exactly as many as <see cref="TryGetNext"/> said.</param>
    /// <exception cref="ArgumentException">They are more or fewer.</exception>
    /// <exception cref="Mp4FormatException">The file is malformed.</exception>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_wantedLength == 0 || bytes.Length != _wantedLength)
        {
            throw new ArgumentException($"Expected exactly {_wantedLength} bytes.", nameof(bytes));
        }

        if (_wantedBox.Length > 0)
        {
            if (_movie is null)
            {
                _movie = new MovieBuilder(bytes, _wantedOffset, _fileLength, _limits, _cancellation);
            }
            else
            {
                AddFragment(_movie, bytes);
            }

            BoxHeader done = _wantedBox;
            _wantedBox = default;
            // Only fragments follow a moov that matter.
            _wantedLength = 0;
            if (_movie.IsFragmented && !_movie.IsTruncated)
            {
                WantHeader(done.End);
            }

            return;
        }

        if (!TryParseHeader(bytes, out BoxHeader header))
        {
            _wantedLength = 0;
            return;
        }

        if (_boxes.Count < _limits.ListedBoxes)
        {
            _boxes.Add(header);
        }

        _seesMedia |= Outermost.Contains(header.Type.Value);
        if (_movie is not null)
        {
            _movie.IsComplete = header.Type.Value == BoxType.Mfra && header.End == _fileLength;
        }

        _seesFragments |= header.Type.Value is BoxType.Moof or BoxType.Sidx or BoxType.Styp;

        if (header.Type.Value == (_movie is null ? BoxType.Moov : BoxType.Moof))
        {
            if (header.Length > Math.Min(_limits.MovieBytes, Array.MaxLength))
            {
                throw Mp4FormatException.TooMuch(
                    header.Type.ToString(),
                    header.Offset,
                    $"the box has {header.Length} bytes",
                    nameof(MediaLimits.MovieBytes),
                    Math.Min(_limits.MovieBytes, Array.MaxLength));
            }

            (_wantedBox, _wantedOffset, _wantedLength) = (header, header.Offset, (int)header.Length);
            return;
        }

        long most = _movie is null ? _limits.Boxes : (long)MaxBoxesPerFragment * _limits.Fragments;
        if (++_passed > most)
        {
            throw _movie is null
                ? Mp4FormatException.TooMuch(header.Type.ToString(), header.Offset, $"the 'moov' is behind {_passed} boxes",
                nameof(MediaLimits.Boxes), most)
                : Mp4FormatException.TooMuch(
                    header.Type.ToString(),
                    header.Offset,
                    $"there are {_passed} boxes between the fragments, {MaxBoxesPerFragment} for each",
                    nameof(MediaLimits.Fragments),
                    _limits.Fragments);
        }

        WantHeader(header.End);
    }

    /// <summary>The movie, when everything wanted was added.</summary>
    /// <exception cref="InvalidOperationException">More bytes are wanted.</exception>
    /// <exception cref="Mp4FormatException">The file has no <c>moov</c>.</exception>
    public Movie ToMovie()
    {
        if (_wantedLength > 0)
        {
            throw new InvalidOperationException($"{nameof(ToMovie)} was called before {nameof(TryGetNext)} returned false.");
        }

        return _movie is not null ? _movie.ToMovie()
            : _fileLength == 0 ? throw new Mp4FormatException(Mp4Error.NotMedia, "file", 0, "the file is empty")
            : !_seesMedia ? throw NotMedia()
            : throw new Mp4FormatException(
                Mp4Error.MissingBox,
                "moov",
                _wantedOffset,
                _seesFragments ? "the file has fragments without their init part: there is no 'moov'" : "the file has no 'moov'");
    }

    /// <summary>A broken fragment ends the film there; what is before it plays.</summary>
    private void AddFragment(MovieBuilder movie, ReadOnlySpan<byte> moof)
    {
        try
        {
            movie.AddFragment(moof, _wantedOffset);
        }
        catch (Mp4FormatException exception) when (exception.Error != Mp4Error.LimitExceeded && movie.HasSamples)
        {
            movie.AddDamage(exception.Place, _fileLength - exception.Offset, exception.Reason);
        }
    }

    /// <summary>
    /// In a fragmented file, what cannot be a box where one should begin, or reaches past the end, is where the file was cut off.
    /// </summary>
    private bool TryParseHeader(ReadOnlySpan<byte> bytes, out BoxHeader header)
    {
        if (_movie is null)
        {
            return TryParseBeforeMovie(bytes, out header);
        }

        try
        {
            if (BoxHeader.TryParse(bytes, _wantedOffset, _fileLength, out header))
            {
                return true;
            }

            _movie.IsTruncated |= bytes.ContainsAnyExcept((byte)0);
        }
        catch (Mp4FormatException)
        {
            header = default;
            _movie.IsTruncated = true;
        }

        return false;
    }

    private bool TryParseBeforeMovie(ReadOnlySpan<byte> bytes, out BoxHeader header)
    {
        try
        {
            return BoxHeader.TryParse(bytes, _wantedOffset, _fileLength, out header);
        }
        catch (Mp4FormatException exception)
        {
            uint type = FourCc.Read(bytes[4..]).Value;
            if (!_seesMedia && !Outermost.Contains(type))
            {
                throw NotMedia();
            }

            if (exception.Error == Mp4Error.PastEnd && type is BoxType.Mdat or BoxType.Moov)
            {
                string place = type == BoxType.Moov ? "in its 'moov'" : "in its 'mdat', and a 'moov' was not before it";
                throw new Mp4FormatException(Mp4Error.PastEnd, exception.Box, exception.Offset,
                    $"the file is cut off {place}: {exception.Reason}");
            }

            throw;
        }
    }

    private static Mp4FormatException NotMedia() =>
        new(Mp4Error.NotMedia, "file", 0, "the file is neither MP4 nor FLV: it begins with no box or tag of theirs");

    private void WantHeader(long offset)
    {
        _wantedOffset = offset;
        _wantedLength = (int)Math.Clamp(_fileLength - offset, 0, BoxHeader.MaxLength);
    }
}
