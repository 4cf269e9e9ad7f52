using System.Runtime.CompilerServices;
using Mapwire.Server.Sending;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Strips;

/// <summary>
/// A player's place in a strip, to the byte: which message is next, how much of it is on the wire, which samples are sent at all
/// and what the player calls their times.
/// </summary>
/// <typeparam name="TFraming">What messages look like on the wire.</typeparam>
/// <remarks>
/// Gathering moves nothing and only notes where it ended; <see cref="Advance"/> moves the cursor by what the socket took. Both decide by
/// the same fields, so they agree on what was in between.
/// </remarks>
internal sealed class StripCursor<TFraming>
    where TFraming : struct, IFraming
{
    /// <summary>
    /// How far ahead of what is due the file is asked for, in milliseconds: what will be due when the player is looked at again, in 1.2 s
    /// at most and a frame. It has that time to come, and a player's buffer on top; what is asked for earlier is gone again where
    /// memory is short, and the worker waits for it then.
    /// </summary>
    private const long AskedAhead = 1450;

    /// <summary>The most that is asked for and not sent yet, in bytes.</summary>
    private const long MaxAskedBytes = 8 * 1024 * 1024;

    private bool _isRetired;
    private int _waitsFor = -1; // the entry that is not in memory
    private int _askedTo; // the first entry that was not asked for yet
    private long _askedBytes; // asked for and not sent yet, about
    private long _waitsSince = -1;
    private readonly TFraming _framing;
    private readonly Strip _strip;
    private readonly Presence? _presence;
    private readonly nint _file; // where the file is mapped, which it stays as long as the title is held
    private readonly nint _changes; // where messages lie that are in no file
    private StripEntry[] _block = []; // entries around the cursor, one behind the other
    private int _blockStart;
    private int _blockCount;
    private readonly TitleTime _zero; // what the player calls 0
    private readonly PlayerTime _floor; // before it nothing may be; what comes earlier is a decoder's run-up
    private readonly TitleTime _soundFrom; // a run-up needs no sound
    private int _next;
    private readonly int _end;
    private int _limit; // nothing from here on for now: the end, or where a pause stopped
    private int _audioFrom;
    private int _videoFrom;
    private int _gatheredTo = -1; // where the last gathering ended, when it took whole messages only
    private long _gatheredBytes;
    private long _skip; // bytes of the message at _next that are on the wire

    /// <summary>A cursor at a time of a title.</summary>
    /// <param name="title">The title, acquired for this cursor; <see cref="Retire"/> releases it.</param>
    /// <param name="framing">What its messages look like on the wire.</param>
    /// <param name="range">From where to where, and what the player calls the first time.</param>
    /// <param name="position">Where to stand: the sync point at or before it.</param>
    public StripCursor(Title title, TFraming framing, PlayRange range, TitleTime position)
    {
        Title = title;
        _framing = framing;
        _strip = title.Strip;
        _presence = title.Presence;
        _file = title.File.Address;
        _changes = title.Codecs.ChangesAddress;
        _zero = range.Zero;
        _floor = range.Floor ?? range.PlayerStart;
        _soundFrom = range.Start <= _strip.StartTime && _strip.RunUpEnd == TitleTime.Zero ? TitleTime.Zero : range.Start;
        _next = position <= TitleTime.Zero ? 0 : _strip.SyncPointAt(position);
        TitleTime end = range.Duration < 0 ? _strip.EndTime : TitleTime.Min(_strip.EndTime, range.Start + range.Duration);
        PlayerEnd = end.ToPlayer(_zero);
        _end = range.Duration < 0 ? _strip.Count : Math.Max(_next + 1, _strip.IndexAt(range.Start + range.Duration));
        _limit = _end;
    }

    /// <summary>The title that the cursor reads.</summary>
    public Title Title { get; }

    /// <summary>Whether the title is sound alone, or pictures alone.</summary>
    public bool HasOneTrack => Title.Codecs.HasOneLane;

    /// <summary>Everything was sent, or nothing more can be.</summary>
    public bool IsOver => (_next >= _end || IsLost) && !IsInsideMessage;

    /// <summary>The file changed, and what is left of the strip no longer describes it.</summary>
    public bool IsLost => LostReason is not null;

    /// <summary>A message is on the wire in part: nothing else may be sent before its rest.</summary>
    public bool IsInsideMessage => _skip > 0;

    /// <summary>Whether anything is left before the limit.</summary>
    public bool HasMore => _next < _limit;

    /// <summary>The strip's next entry.</summary>
    public int Place => _next;

    /// <summary>Bytes sent, headers included.</summary>
    public long BytesSent { get; private set; }

    /// <summary>The title's time of the next message, or of the last one at the end.</summary>
    public TitleTime Time => _strip[Math.Min(_next, _strip.Count - 1)].Time;

    /// <summary>The player's time at which all of it is over: where the next title of a playlist starts.</summary>
    public PlayerTime PlayerEnd { get; }

    /// <summary>The player's time of the last message: nothing behind this cursor may be told earlier.</summary>
    public PlayerTime LastTime => PlayerTime.Max(_floor, _strip[_end - 1].Time.ToPlayer(_zero));

    /// <summary>The title's time that the player calls 0; negative where a title comes behind others.</summary>
    public TitleTime Zero => _zero;

    /// <summary>The player's time of the next message.</summary>
    public PlayerTime PlayerTime => PlayerTime.Max(_floor, Time.ToPlayer(_zero));

    /// <summary>The cursor is done with: a message that has begun is still finished, then the title is released.</summary>
    public void Retire()
    {
        if (!_isRetired)
        {
            Hold();
            _isRetired = true;
            ReleaseWhenDone();
        }
    }

    /// <summary>The connection is gone: what has begun will not be finished.</summary>
    public void Abandon()
    {
        bool released = _isRetired && !IsInsideMessage;
        _skip = 0;
        _isRetired = true;
        if (!released)
        {
            Title.Release();
        }
    }

    /// <summary>Nothing more is sent, but for the rest of a message that has begun.</summary>
    public void Hold() => _limit = IsInsideMessage ? _next + 1 : _next;

    /// <summary>Takes <see cref="Hold"/> back.</summary>
    public void Release() => _limit = IsLost ? _limit : _end;

    /// <summary>Why nothing more is sent, in words for the player; null while there is no reason.</summary>
    public string? LostReason { get; private set; }

    /// <summary>The file changed, or cannot be read: ends here.</summary>
    public void Lose(string reason)
    {
        LostReason ??= reason;
        Hold();
    }

    /// <summary>Lets one video frame out, if there is video: the picture that a player shows while it is paused.</summary>
    public void HoldAfterFrame()
    {
        int frame = _next; // a seek lands on a sync sample of the video, or on what has to be told before it
        while (frame < _end - 1 && _strip[frame].IsChange)
        {
            frame++;
        }

        _limit = Math.Min(frame + 1, _end);
    }

    /// <summary>Starts or stops sending audio.</summary>
    public void SendAudio(bool send) => _audioFrom = send ? _next : int.MaxValue;

    /// <summary>Starts or stops sending video; it starts again with the next sync sample.</summary>
    public void SendVideo(bool send) => _videoFrom = send ? _strip.SyncPointFrom(_next) : int.MaxValue;

    /// <summary>Asks for the parts of the file that will be due soon.</summary>
    /// <param name="until">The time up to which messages are due.</param>
    /// <param name="shown">
    /// The time that the player shows now: what has not come when that reaches it, is missed. So the first second of all who begin is
    /// brought before the second one of any.
    /// </param>
    /// <param name="now">The worker's clock.</param>
    public void AskAhead(TitleTime until, TitleTime shown, long now)
    {
        if (_presence is not { } presence)
        {
            return;
        }

        long from = 0; // the windows asked for last
        long to = 0;
        int index = Math.Max(_askedTo, _next);
        long asked = _askedBytes;
        for (; index < _end && asked < MaxAskedBytes; index++)
        {
            StripEntry entry = EntryAt(index);
            if (entry.Time > until + AskedAhead)
            {
                break;
            }

            if (!IsSent(index, entry))
            {
                continue;
            }

            asked += entry.Size;
            bool isAskedFor = entry.Offset >= from && entry.Offset + entry.Size <= to;
            if (!isAskedFor && entry.Size > 0 && !entry.IsChange)
            {
                presence.Want(entry.Offset, entry.Size, now, now + Math.Max(0, entry.Time - shown));
                (from, to) = Presence.WindowsOf(entry.Offset, entry.Size);
            }
        }

        _askedBytes = asked;
        _askedTo = index;
    }

    /// <summary>Asks for the part of the file without which the cursor cannot go on.</summary>
    /// <param name="now">The worker's clock.</param>
    /// <param name="arrived">Called on any thread when it has come, or cannot.</param>
    /// <returns>For how long the cursor has waited, in milliseconds.</returns>
    public long WaitForNext(long now, Action arrived)
    {
        ref readonly StripEntry entry = ref _strip[_waitsFor];
        _waitsSince = _waitsSince < 0 ? now : _waitsSince;
        _presence!.WaitFor(entry.Offset, entry.Size, now, _waitsSince, arrived);
        return now - _waitsSince;
    }

    /// <summary>Whether the last gathering ended at a part of the file that is not in memory.</summary>
    public bool Waits => _waitsFor >= 0;

    /// <summary>Adds the rest of a message that has begun.</summary>
    /// <returns>False when the list could not take all of it, or it is not in memory.</returns>
    public bool GatherRest(GatherList list, long now)
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

    /// <summary>Adds the messages that are due, behind the one that has begun, which <see cref="GatherRest"/> adds.</summary>
    /// <param name="list">Takes what it has room for.</param>
    /// <param name="until">The time up to which messages are due.</param>
    /// <param name="maxBytes">Stop after about this many bytes in the list.</param>
    /// <param name="now">The worker's clock.</param>
    public void Gather(GatherList list, TitleTime until, long maxBytes, long now)
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

    /// <summary>Moves over the bytes that the socket took, and over samples that are not sent.</summary>
    /// <param name="bytes">Bytes of messages, counted from the cursor.</param>
    /// <param name="until">The <c>until</c> of the gathering: skipped samples up to there are done with.</param>
    public void Advance(long bytes, TitleTime until)
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

    private void ReleaseWhenDone()
    {
        if (_isRetired && !IsInsideMessage)
        {
            Title.Release();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsHere(StripEntry entry, ref PresenceView file) =>
        entry.IsChange || entry.Size == 0 || file.IsHere(entry.Offset, entry.Size);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsSent(int index, StripEntry entry) =>
        (index >= _audioFrom && index >= _videoFrom && entry.Time >= _soundFrom) || IsSentAmongOthers(index, entry);

    private bool IsSentAmongOthers(int index, StripEntry entry)
    {
        if (entry.IsChange || (index == _next && IsInsideMessage))
        {
            return true; // what comes later needs a change, whatever is wanted now
        }

        return entry.IsVideo
            ? index >= _videoFrom
            : index >= _audioFrom && entry.Time >= _soundFrom;
    }

    /// <summary>An entry, of the block that was looked at last as long as it goes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref readonly StripEntry EntryAt(int index)
    {
        if ((uint)(index - _blockStart) >= (uint)_blockCount)
        {
            _block = _strip.BlockOf(index, out _blockStart, out _blockCount);
        }

        return ref _block[index - _blockStart];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private MessageTimes TimesOf(int index, StripEntry entry)
    {
        PlayerTime time = entry.Time.ToPlayer(_zero);
        int composition = entry.Composition;
        if (time < _floor)
        {
            composition = (int)Math.Max(0, composition - (_floor - time));
            time = _floor;
        }

        return new MessageTimes(time, composition, _strip.NanosecondsOf(index));
    }

    private nint AddressOf(StripEntry entry) => (entry.IsChange ? _changes : _file) + (nint)entry.Offset;
}

/// <summary>What of a title is played, and when by the player's time.</summary>
/// <param name="Start">Where in the title to start.</param>
/// <param name="Duration">How much to play, in milliseconds; negative: to the end.</param>
/// <param name="PlayerStart">What the player calls <paramref name="Start"/>.</param>
/// <param name="Floor">The earliest time that the player may be told; null for <paramref name="PlayerStart"/>.</param>
internal readonly record struct PlayRange(TitleTime Start, long Duration, PlayerTime PlayerStart, PlayerTime? Floor = null)
{
    /// <summary>The title's time that the player calls 0.</summary>
    public TitleTime Zero => Start - PlayerStart.Milliseconds;
}
