using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Loop;
using Mapwire.Server.Sending;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Http;

/// <summary>
/// A place in a body of pieces, to the byte: bytes that were made are copied behind the head, ranges of media files are sent from where
/// they lie, long ones from the file itself. It sends only what is in memory and asks ahead for the rest, and nothing of a file that
/// changed.
/// </summary>
internal sealed class BodyCursor : IBody
{
    /// <summary>
    /// The shortest run that is sent from the file itself, in bytes: below it a gathered copy costs less than a call of its own.
    /// </summary>
    private const long ShortestFileRun = 64 * 1024;

    /// <summary>What is asked for ahead of what is sent, in bytes: a window of a device that a fast connection waits for.</summary>
    private const long MaxAskedBytes = 2 * 1024 * 1024;

    /// <summary>What is looked at in one look ahead, in bytes: a turn of a fast connection.</summary>
    private const int LookLength = 8 * 1024 * 1024;

    /// <summary>
    /// How long a look at what of the file is in memory counts, in milliseconds: what is looked at is sent in the next turns.
    /// </summary>
    private const long LookCounts = 500;

    private readonly Resource _resource;
    private readonly IEnumerator<BodyPart> _parts;
    private readonly Action _arrived;
    private MediaFile? _file; // of the part that is sent
    private PieceList _pieces = PieceList.Empty;
    private int _next; // the piece that is sent
    private long _skip; // bytes of it that were sent
    private int _asked; // the piece that was not asked for to its end yet
    private long _askedTo; // in it
    private long _askedBytes; // asked for and not sent yet, about
    private (long From, long To) _cached; // of the file: was in memory when it was looked at
    private long _lookedAt;
    private long _waitsSince = -1; // for the file
    private bool _isReleased;

    /// <param name="resource">Its files are held for the cursor, which releases it.</param>
    /// <param name="parts">What is sent of it; each part is made when it is sent.</param>
    /// <param name="arrived">Called on any thread when what was waited for has come: to be gathered again.</param>
    public BodyCursor(Resource resource, IEnumerable<BodyPart> parts, Action arrived)
    {
        _resource = resource;
        _parts = parts.GetEnumerator();
        _arrived = arrived;
        TakeNextPart();
    }

    /// <inheritdoc/>
    public bool IsOver { get; private set; }

    /// <inheritdoc/>
    public string? LostReason { get; private set; }

    /// <inheritdoc/>
    public string? FindLost() => _file is { } file
        ? file.Watch.Look() == FileState.Lost ? file.Watch.Lost : null
        : _resource.Hold?.LostReason;

    /// <inheritdoc/>
    public void Gather(GatherList list, long most, long now)
    {
        if (IsOver || LostReason is not null || !IsUnchanged(now))
        {
            return;
        }

        if (_cached != default && now - _lookedAt >= LookCounts)
        {
            (_cached, _asked, _askedTo, _askedBytes) = (default, _next, _skip, 0); // looked at and asked for anew
        }

        AskAhead(now);
        long before = list.Length;
        (int index, long skip) = (_next, _skip);
        for (; index < _pieces.Count && list.Length < most; index++, skip = 0)
        {
            Piece piece = _pieces[index];
            long rest = piece.Length - skip;
            long taken = piece.IsFileRange
                ? AddRange(list, piece, skip, Math.Min(rest, most - list.Length), now, out bool isLast)
                : AddBytes(list, piece.Bytes.Span[(int)skip..], out isLast);
            if (taken < rest || isLast)
            {
                break;
            }
        }

        if (list.Length > before)
        {
            _waitsSince = -1;
        }
    }

    /// <inheritdoc/>
    public void Advance(long sent)
    {
        _askedBytes = Math.Max(0, _askedBytes - sent);
        while (sent > 0)
        {
            long taken = Math.Min(sent, _pieces[_next].Length - _skip);
            sent -= taken;
            _skip += taken;
            if (_skip == _pieces[_next].Length)
            {
                _skip = 0;
                if (++_next == _pieces.Count)
                {
                    TakeNextPart();
                }
            }
        }
    }

    /// <inheritdoc/>
    public long NextTurn(long now) => _waitsSince < 0 ? TimerWheel.Never : _waitsSince + Patience;

    /// <inheritdoc/>
    public void Release()
    {
        if (!_isReleased)
        {
            _isReleased = true;
            _parts.Dispose();
            _resource.Release();
        }
    }

    private long Patience => (long)_file!.Watch.Patience.Time.TotalMilliseconds;

    private void TakeNextPart()
    {
        do
        {
            IsOver = !_parts.MoveNext();
            (_file, _pieces) = IsOver ? (_file, PieceList.Empty) : (_parts.Current.File, _parts.Current.Pieces);
        }
        while (!IsOver && _pieces.Count == 0);
        (_next, _skip, _asked, _askedTo, _cached) = (0, 0, 0, 0, default);
    }

    /// <summary>Looks at the file before any byte of it is sent.</summary>
    private bool IsUnchanged(long now)
    {
        if (_file is null)
        {
            return true;
        }

        switch (_file.Watch.Look())
        {
            case FileState.Unchanged:
                return true;
            case FileState.Lost:
                LostReason = _file.Watch.Lost;
                return false;
            default:
                if (BeginWait(now))
                {
                    _file.Watch.CallWhenKnown(_arrived);
                }

                return false;
        }
    }

    /// <summary>Waits for the file, or has waited for too long.</summary>
    private bool BeginWait(long now)
    {
        _waitsSince = _waitsSince < 0 ? now : _waitsSince;
        LostReason = now - _waitsSince < Patience
            ? null
            : $"the file can no longer be read: {_file!.Watch.Patience.RefusalOfSilence}";
        return LostReason is null;
    }

    private static long AddBytes(GatherList list, ReadOnlySpan<byte> bytes, out bool isLast)
    {
        isLast = !list.TryReserve(1, out Span<byte> room);
        int count = Math.Min(bytes.Length, room.Length);
        bytes[..count].CopyTo(room);
        return !isLast && list.TryAddReserved(count) ? count : 0;
    }

    private long AddRange(GatherList list, in Piece piece, long skip, long length, long now, out bool isLast)
    {
        isLast = false;
        long offset = piece.Offset + skip;
        long here = LengthInMemory(piece, skip, length, now, isAhead: false);
        here = here > 0 ? here : LengthHere(offset, length, now);
        if (here == 0)
        {
            if (list.Length == 0 && BeginWait(now))
            {
                int window = (int)Math.Min(length, Presence.WindowLength);
                _file!.Presence!.WaitFor(offset, window, now, _waitsSince, _arrived);
            }

            return 0;
        }

        isLast = IsSentFromFile(piece);
        nint address = (_file?.Address ?? _resource.Hold!.Address) + (nint)offset;
        bool isAdded = isLast
            ? list.TryAddFile(address, here, _file!.Handle, offset)
            : list.TryAddMapped(address, here);
        return isAdded ? here : 0;
    }

    /// <summary>
    /// Whether a run is sent from the file itself, to its last byte: what was mapped for the rest of it would be the longest part of what
    /// many viewers take in memory. What grows is being written: pages that the socket holds by reference would change on their way.
    /// </summary>
    private bool IsSentFromFile(in Piece piece) => piece.Length >= ShortestFileRun && _file is { Content.MayGrow: false };

    /// <summary>
    /// How much of a long run is in memory, from where it is sent as it is: nothing of it has to be mapped, which would cost as much as
    /// sending it. 0 where that is not known.
    /// </summary>
    private long LengthInMemory(in Piece piece, long skip, long length, long now, bool isAhead)
    {
        long offset = piece.Offset + skip;
        if (offset >= _cached.From && offset < _cached.To)
        {
            return Math.Min(length, _cached.To - offset);
        }

        if (!IsSentFromFile(piece) || _file!.Presence?.CachedLength(offset, length) is not { } found)
        {
            return 0;
        }

        if (found > 0 && offset == _cached.To)
        {
            _cached.To += found;
        }
        else if (found > 0 && (!isAhead || _cached == default)) // else what is known of what comes first is needed still
        {
            _cached = (offset, offset + found);
            _lookedAt = now;
        }

        return found;
    }

    /// <summary>How much of a range can be sent without waiting.</summary>
    private long LengthHere(long offset, long length, long now)
    {
        if (_file?.Presence is not { } presence)
        {
            return length;
        }

        long position = offset;
        while (position < offset + length)
        {
            long end = Math.Min(Presence.WindowsOf(position, 1).To, offset + length);
            if (!presence.IsHere(position, (int)(end - position), now))
            {
                break;
            }

            position = end;
        }

        return position - offset;
    }

    private void AskAhead(long now)
    {
        if (_file?.Presence is not { } presence)
        {
            return;
        }

        if (_asked < _next || (_asked == _next && _askedTo < _skip))
        {
            (_asked, _askedTo) = (_next, _skip);
        }

        long asked = _askedBytes;
        (long from, long to) = (0, 0); // the windows asked for last
        while (_asked < _pieces.Count && asked < MaxAskedBytes)
        {
            Piece piece = _pieces[_asked];
            long rest = piece.Length - _askedTo;
            long offset = piece.Offset + _askedTo;
            long inMemory = piece.IsFileRange ? LengthInMemory(piece, _askedTo, Math.Min(rest, LookLength), now, isAhead: true) : 0;
            long length = inMemory > 0 ? inMemory : Math.Min(rest, Presence.WindowLength);
            if (piece.IsFileRange && inMemory == 0 && (offset < from || offset + length > to))
            {
                presence.Want(offset, (int)length, now, now);
                (from, to) = Presence.WindowsOf(offset, (int)length);
            }

            asked += length;
            _askedTo += length;
            if (_askedTo == piece.Length)
            {
                (_asked, _askedTo) = (_asked + 1, 0);
            }
        }

        _askedBytes = asked;
    }
}
