using System.Runtime.CompilerServices;
using Mapwire.Server.Sending;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Strips;

/// <summary>A cursor whose messages are those of one framing: what is done for each message is compiled for it.</summary>
/// <typeparam name="TFraming">What messages look like on the wire.</typeparam>
internal sealed class StripCursor<TFraming> : StripCursor
    where TFraming : struct, IFraming
{
    private readonly TFraming _framing;
    private int _gatheredTo = -1; // where the last gathering ended, when it took whole messages only
    private long _gatheredBytes;

    /// <summary>A cursor at a time of a title.</summary>
    /// <param name="title">The title, acquired for this cursor; <see cref="StripCursor.Retire"/> releases it.</param>
    /// <param name="framing">What its messages look like on the wire.</param>
    /// <param name="range">From where to where, and what the player calls the first time.</param>
    /// <param name="position">Where to stand: the sync point at or before it.</param>
    public StripCursor(Title title, TFraming framing, PlayRange range, TitleTime position)
        : base(title, range, position) => _framing = framing;

    /// <inheritdoc/>
    public override long LengthBetween(int from, int to)
    {
        long length = 0;
        for (int index = from; index < to; index++)
        {
            StripEntry entry = EntryAt(index);
            length += IsSent(index, entry) ? _framing.LengthOf(entry, TimesOf(index, entry)) : 0;
        }

        return length;
    }

    /// <inheritdoc/>
    public override bool GatherRest(GatherList list, long now)
    {
        if (!IsInsideMessage)
        {
            _waitsFor = -1;
            return true;
        }

        StripEntry entry = EntryAt(_next);
        PresenceView file = new(_presence, now);
        _waitsFor = IsHere(entry, ref file) ? -1 : _next;
        return !Waits && _framing.TryAdd(list, entry, TimesOf(_next, entry), AddressOf(entry), _skip);
    }

    /// <inheritdoc/>
    public override void Gather(GatherList list, TitleTime until, long maxBytes, long now)
    {
        int index = IsInsideMessage ? _next + 1 : _next;
        long before = list.Length;
        PresenceView file = new(_presence, now);
        _gatheredTo = -1;
        _waitsFor = -1;
        for (; index < _limit && list.Length < maxBytes; index++)
        {
            StripEntry entry = EntryAt(index);
            if (entry.Time > until)
            {
                break;
            }

            if (!IsSent(index, entry))
            {
                continue;
            }

            if (!IsHere(entry, ref file))
            {
                _waitsFor = index;
                break;
            }

            if (!_framing.TryAdd(list, entry, TimesOf(index, entry), AddressOf(entry), skip: 0))
            {
                return;
            }
        }

        _gatheredTo = index;
        _gatheredBytes = list.Length - before;
    }

    /// <inheritdoc/>
    public override void Advance(long bytes, TitleTime until)
    {
        BytesSent += bytes;
        _askedBytes = Math.Max(0, _askedBytes - bytes);
        _waitsSince = bytes > 0 ? -1 : _waitsSince;
        if (_skip == 0 && bytes > 0 && bytes == _gatheredBytes && _gatheredTo >= 0)
        {
            // The socket took everything, as it nearly always does: no need to go through the messages again. (The rest of a
            // message, which has skipped bytes, is not what was gathered last.)
            _next = _gatheredTo;
            _gatheredTo = -1;
            ReleaseWhenDone();
            return;
        }

        bytes += _skip;
        for (; _next < _limit; _next++)
        {
            StripEntry entry = EntryAt(_next);
            if (bytes == 0 && entry.Time > until)
            {
                break;
            }

            if (!IsSent(_next, entry))
            {
                continue;
            }

            long length = _framing.LengthOf(entry, TimesOf(_next, entry));
            if (bytes < length)
            {
                break;
            }

            bytes -= length;
            _skip = 0;
        }

        _skip = bytes;
        ReleaseWhenDone();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsHere(StripEntry entry, ref PresenceView file) =>
        entry.IsChange || entry.Size == 0 || file.IsHere(entry.Offset, entry.Size);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private MessageTimes TimesOf(int index, StripEntry entry)
    {
        PlayerTime time = entry.Time.ToPlayer(_zero);
        int composition = entry.Composition;
        if (time < _exactFrom)
        {
            PlayerTime told = PlayerTimeOf(index, time);
            composition = told == time ? composition : (int)Math.Max(0, composition - (told - time));
            time = told;
        }

        return new MessageTimes(time, composition, _strip.NanosecondsOf(index));
    }

    private nint AddressOf(StripEntry entry) => (entry.IsChange ? _changes : _file) + (nint)entry.Offset;
}
