using System.Buffers.Binary;
using Mapwire.Media.Mp4;

namespace Mapwire.Media.Flv;

/// <summary>
/// Reads an FLV file (FLV 10.1, annex E) tag by tag, without reading its samples: like <see cref="Mp4FileReader"/> it says which bytes it
/// wants next. A file without a keyframe index, or with a wrong one, is the same as any other. A tag counts when the number behind it
/// repeats its length, or at least another tag follows; else the reader searches for the next one that does.
/// </summary>
public sealed class FlvFileReader
{
    private const int HeaderLength = 9;

    /// <summary>As much of a tag as is wanted at first: its header, a codec header and the start of the payload.</summary>
    private const int StartLength = 48;

    private long _fileLength;
    private readonly MediaLimits _limits;
    private readonly FlvMovieBuilder _movie;
    private FlvResync _resync;
    private readonly byte[] _start = new byte[StartLength];
    private State _state = State.Header;
    private long _wantedOffset;
    private int _wantedLength;
    private FlvTagHeader _tag; // read, and counts when what follows confirms it
    private long _tagOffset = -1; // of that; less than 0: none
    private int _startLength;
    private long _next; // where the next tag begins
    private long _trailerError; // by which trailers differ from the lengths of their tags, as those of some writers do
    private bool _isConfirmed; // the tag that was read, without looking at what follows
    private long _damage; // where what is not understood begins
    private string _damageReason = "";
    private bool _isLast; // the tag that was read is one if there is no other inside
    private bool _isPastEnd; // damage that may be no more than the end of a file that was cut off
    private bool _isEndDamaged; // what was made of the end of the file may be wrong when more comes

    /// <summary>Begins at the start of a file.</summary>
    /// <param name="fileLength">In bytes.</param>
    /// <param name="limits">How many samples a track may have; null for <see cref="MediaLimits.Default"/>.</param>
    public FlvFileReader(long fileLength, MediaLimits? limits = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fileLength);
        _fileLength = fileLength;
        _limits = limits ?? MediaLimits.Default;
        _movie = new FlvMovieBuilder(fileLength, _limits);
        _resync = new FlvResync(fileLength, _limits.ResyncBytes);
        _wantedLength = (int)Math.Min(HeaderLength, fileLength);
    }

    private enum State
    {
        Header,
        TagStart,
        WholeTag,
        InnerTag,
        Search,
        Done,
    }

    /// <summary>Whether a file's first bytes are those of an FLV file.</summary>
    /// <param name="bytes">The first three, or more.</param>
    public static bool IsFlv(ReadOnlySpan<byte> bytes) => bytes.StartsWith("FLV"u8);

    /// <summary>The bytes that are wanted next.</summary>
    /// <param name="offset">Of the first.</param>
    /// <param name="length">How many, all inside the file.</param>
    /// <returns>False when no more are wanted: time for <see cref="ToMovie"/>.</returns>
    public bool TryGetNext(out long offset, out int length)
    {
        (offset, length) = (_wantedOffset, _wantedLength);
        return length > 0;
    }

    /// <summary>Takes the bytes that were wanted.</summary>
    /// <param name="bytes">Exactly as many as <see cref="TryGetNext"/> said.</param>
    /// <exception cref="ArgumentException">They are more or fewer.</exception>
    /// <exception cref="FlvFormatException">The file is malformed.</exception>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_wantedLength == 0 || bytes.Length != _wantedLength)
        {
            throw new ArgumentException($"Expected exactly {_wantedLength} bytes.", nameof(bytes));
        }

        switch (_state)
        {
            case State.Header:
                ReadHeader(bytes);
                break;
            case State.WholeTag:
                _movie.TryAdd(_tag, bytes[FlvTagHeader.Length..], _tagOffset);
                _tagOffset = -1;
                WantTag();
                break;
            case State.InnerTag:
                ReadInnerTag(bytes);
                break;
            case State.Search:
                GoOn(_resync.Add(bytes));
                break;
            default:
                ReadTagStart(bytes);
                break;
        }
    }

    /// <summary>The movie, when everything wanted was added.</summary>
    /// <exception cref="InvalidOperationException">More bytes are wanted.</exception>
    /// <exception cref="FlvFormatException">The file is too short for its header, or nothing in it can be played and something is
    /// malformed.</exception>
    public Movie ToMovie()
    {
        if (_wantedLength > 0)
        {
            throw new InvalidOperationException($"{nameof(ToMovie)} was called before {nameof(TryGetNext)} returned false.");
        }

        if (_state == State.Header)
        {
            Fail("the file is too short for the header of an FLV file");
        }

        _isEndDamaged |= _movie.IsOpenEnded;
        return _movie.ToMovie();
    }

    /// <summary>Goes on behind the last tag when the file has grown since all that was wanted was added.</summary>
    /// <param name="fileLength">The new length in bytes.</param>
    /// <returns>False when what was read may mean something else now: it takes another reader.</returns>
    internal bool TryContinue(long fileLength)
    {
        if (_state != State.Done || _isEndDamaged || fileLength < _fileLength)
        {
            return false;
        }

        _fileLength = fileLength;
        _movie.Continue(fileLength);
        _resync = new FlvResync(fileLength, _limits.ResyncBytes);
        WantTag();
        return true;
    }

    /// <summary>What is wanted, or was read last.</summary>
    internal FileLocation Place => _state switch
    {
        State.Header => new FileLocation("file header", 0),
        State.WholeTag => FlvMovieBuilder.LocationOf(_tag, _tagOffset),
        _ => new FileLocation("tag", _state == State.Search ? _damage : _next),
    };

    private void ReadHeader(ReadOnlySpan<byte> bytes)
    {
        // 'FLV' | version(8)=1 | reserved(5) audio(1) reserved(1) video(1) | header length(32) | length before the first tag(32)=0
        if (bytes.Length < HeaderLength || !IsFlv(bytes))
        {
            Fail("this is not the header of an FLV file");
        }

        if (bytes[3] != 1)
        {
            Fail($"FLV version {bytes[3]} is not known");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]);
        if (length < HeaderLength)
        {
            Fail($"a header length of {length} is smaller than the header of {HeaderLength}");
        }

        _next = (long)length + FlvTagHeader.TrailerLength;
        WantTag();
    }

    /// <param name="bytes">The number behind a tag, and the start of the next one.</param>
    private void ReadTagStart(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> trailer = bytes[..Math.Min(FlvTagHeader.TrailerLength, bytes.Length)];
        ReadOnlySpan<byte> start = bytes[trailer.Length..];
        FlvTagHeader next = start.Length >= FlvTagHeader.Length ? FlvTagHeader.Parse(start) : default;
        if (_tagOffset >= 0)
        {
            if (!_isConfirmed && !IsConfirmed(trailer, start, next))
            {
                return;
            }

            if (!AddTag())
            {
                return;
            }
        }

        if (start.Length < FlvTagHeader.Length)
        {
            _movie.IsTruncated |= !start.IsEmpty || trailer.Length is > 0 and < FlvTagHeader.TrailerLength;
            Finish();
        }
        else if (start[0] is 0 || (start[0] & 0xC0) != 0)
        {
            Search(_next, "this is not the header of a tag");
        }
        else if (_next + next.TagLength > _fileLength)
        {
            Search(_next, $"a tag of {next.TagLength} bytes reaches past the end of the file at {_fileLength}", isPastEnd: true);
        }
        else
        {
            (_tag, _tagOffset, _startLength) = (next, _next, Math.Min(start.Length, next.TagLength));
            _isConfirmed = false;
            start[.._startLength].CopyTo(_start);
            _next += next.TagLength + FlvTagHeader.TrailerLength;
            WantTag();
        }
    }

    /// <summary>Whether what follows the tag says that it is one: a header in the middle of nowhere looks like any other bytes.</summary>
    /// <returns>False when something else is wanted now.</returns>
    private bool IsConfirmed(ReadOnlySpan<byte> trailer, ReadOnlySpan<byte> start, in FlvTagHeader next)
    {
        if (trailer.Length < FlvTagHeader.TrailerLength)
        {
            SearchLast();
            return false;
        }

        long length = BinaryPrimitives.ReadUInt32BigEndian(trailer);
        long error = length - _tag.TagLength;
        if (error == 0 || (error == _trailerError && _tag.IsRegular && (next.IsRegular || start.IsEmpty)))
        {
            return true;
        }

        // Another tag follows, so the number may be wrong and not the length: unless it is that of a tag which ends here, too.
        long inner = _next - FlvTagHeader.TrailerLength - length;
        if (_tag.IsRegular && next.IsRegular)
        {
            if (inner <= _tagOffset || length < FlvTagHeader.Length)
            {
                _trailerError = error;
                return true;
            }

            _state = State.InnerTag;
            (_wantedOffset, _wantedLength) = (inner, FlvTagHeader.Length);
            return false;
        }

        Search(_tagOffset, "its length is not the one that is repeated behind it");
        return false;
    }

    private void ReadInnerTag(ReadOnlySpan<byte> bytes)
    {
        FlvTagHeader inner = FlvTagHeader.Parse(bytes);
        long length = _next - FlvTagHeader.TrailerLength - _wantedOffset;
        if (inner.IsRegular && inner.TagLength == length)
        {
            Search(_tagOffset, "its length is not the one that is repeated behind it");
            return;
        }

        _trailerError = length - _tag.TagLength;
        _isConfirmed = true;
        WantTag();
    }

    /// <returns>False when the whole tag is wanted first.</returns>
    private bool AddTag()
    {
        if (_movie.TryAdd(_tag, _start.AsSpan(FlvTagHeader.Length.._startLength), _tagOffset))
        {
            _tagOffset = -1;
            return true;
        }

        if (_tag.DataLength > _limits.ConfigurationBytes)
        {
            throw FlvFormatException.TooMuch(
                FlvMovieBuilder.LocationOf(_tag, _tagOffset), $"the configuration has {_tag.DataLength} bytes",
                nameof(MediaLimits.ConfigurationBytes),
                _limits.ConfigurationBytes);
        }

        _state = State.WholeTag;
        (_wantedOffset, _wantedLength) = (_tagOffset, _tag.TagLength);
        return false;
    }

    /// <summary>Nothing follows that could confirm the tag: the file was cut off there, unless there is a tag inside this one.</summary>
    private void SearchLast()
    {
        Search(_tagOffset, "its length is not that of a tag: another one is inside", isPastEnd: true, isLast: true);
    }

    private void Search(long damage, string reason, bool isPastEnd = false, bool isLast = false)
    {
        (_damage, _damageReason, _isPastEnd, _tagOffset) = (damage, reason, isPastEnd, -1);
        _state = State.Search;
        _isLast = isLast;
        GoOn(_resync.Begin(damage + 1));
    }

    private void GoOn(FlvResync.Outcome outcome)
    {
        switch (outcome)
        {
            case FlvResync.Outcome.Searching:
                (_wantedOffset, _wantedLength) = _resync.Wanted;
                break;
            case FlvResync.Outcome.Found:
                _movie.AddDamage(FlvError.BadHeader, new FileLocation("tag", _damage), _resync.Found - _damage, _damageReason);
                _next = _resync.Found;
                WantTag();
                break;
            default:
                _movie.IsTruncated |= _isPastEnd; // else something else follows, such as the zeros of a file that was made at its full size
                if (_isLast)
                {
                    AddLast();
                    break;
                }

                if (!_isPastEnd)
                {
                    _isEndDamaged = true;
                    _movie.AddDamage(FlvError.BadHeader, new FileLocation("tag", _damage), _fileLength - _damage, _damageReason);
                }

                Finish();
                break;
        }
    }

    private void WantTag()
    {
        _state = State.TagStart;
        _wantedOffset = _next - FlvTagHeader.TrailerLength;
        _wantedLength = (int)Math.Clamp(_fileLength - _wantedOffset, 0, FlvTagHeader.TrailerLength + StartLength);
        if (_wantedLength == 0)
        {
            if (_tagOffset >= 0)
            {
                SearchLast();
                return;
            }

            Finish();
        }
    }

    private void AddLast()
    {
        _tagOffset = _damage;
        if (!_tag.IsRegular || AddTag())
        {
            _tagOffset = -1;
            Finish();
        }
    }

    private void Finish() => (_state, _wantedLength) = (State.Done, 0);

    private static void Fail(string reason) => throw new FlvFormatException(FlvError.BadHeader, new FileLocation("file header", 0), reason);
}
