using System.Runtime.CompilerServices;
using Mapwire.Server.Sending;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Strips;

/// <summary>
/// A player's place in a strip, to the byte: which message is next, how much of it is on the wire, which samples are sent at all
/// and what the player calls their times.
/// </summary>
/// <remarks>
/// Gathering moves nothing and only notes where it ended; <see cref="Advance"/> moves the cursor by what the socket took. Both decide by
/// the same fields, so they agree on what was in between.
/// </remarks>
internal abstract class StripCursor
{
    /// <summary>
    /// How far ahead of what is due the file is asked for, in milliseconds: what will be due when the player is looked at again, in 1.2 s
    /// at most and a frame. It has that time to come, and a player's buffer on top; what is asked for earlier is gone again where
    /// memory is short, and the worker waits for it then.
    /// </summary>
    private const long AskedAhead = 1450;

    /// <summary>The most that is asked for and not sent yet, in bytes.</summary>
    private const long MaxAskedBytes = 8 * 1024 * 1024;

    /// <summary>
    /// How much later than its own time the first message of a presentation may be told behind a joint, in milliseconds: as many pictures
    /// as H.264 and HEVC reorder (16) may have to be told before it.
    /// </summary>
    private const long MaxDelay = 16;

    /// <summary>The most messages that are told times of their own behind a joint; more are a run-up of some seconds, which is hidden.
    /// </summary>
    private const int MaxJoined = 256;

    private bool _isRetired;
    private protected int _waitsFor = -1; // the entry that is not in memory
    private int _askedTo; // the first entry that was not asked for yet
    private protected long _askedBytes; // asked for and not sent yet, about
    private protected long _waitsSince = -1;
    private protected readonly Strip _strip;
    private protected readonly Presence? _presence;
    private protected readonly nint _file; // where the file is mapped, which it stays as long as the title is held
    private protected readonly nint _changes; // where messages lie that are in no file
    private StripEntry[] _block = []; // entries around the cursor, one behind the other
    private int _blockStart;
    private int _blockCount;
    private protected readonly TitleTime _zero; // what the player calls 0
    private protected readonly PlayerTime _exactFrom; // what is due from here on is told its own time
    private readonly PlayerTime _floor; // before it nothing may be; what comes earlier is a decoder's run-up
    private readonly int _joint; // the entry that the first of _joined is of
    private readonly PlayerTime[] _joined = []; // what messages behind a joint are told
    private readonly TitleTime _soundFrom; // a run-up needs no sound
    private protected int _next;
    private readonly int _end;
    private protected int _limit; // nothing from here on for now: the end, or where a pause stopped
    private int _audioFrom;
    private int _videoFrom;
    private protected long _skip; // bytes of the message at _next that are on the wire

    /// <summary>A cursor at a time of a title.</summary>
    /// <param name="title">The title, acquired for this cursor; <see cref="Retire"/> releases it.</param>
    /// <param name="range">From where to where, and what the player calls the first time.</param>
    /// <param name="position">Where to stand: the sync point at or before it.</param>
    protected StripCursor(Title title, PlayRange range, TitleTime position)
    {
        Title = title;
        _strip = title.Strip;
        _presence = title.Presence;
        _file = title.File.Address;
        _changes = title.Codecs.ChangesAddress;
        _zero = range.Zero;
        _floor = range.Behind + 1 ?? range.Floor ?? range.PlayerStart;
        _soundFrom = range.Start <= _strip.StartTime && _strip.RunUpEnd == TitleTime.Zero ? TitleTime.Zero : range.Start;
        _next = position <= TitleTime.Zero ? 0 : _strip.SyncPointAt(position);
        TitleTime end = range.Duration < 0 ? _strip.EndTime : TitleTime.Min(_strip.EndTime, range.Start + range.Duration);
        PlayerEnd = end.ToPlayer(_zero);
        HasOneTrack = title.Codecs.HasOneLane;
        _end = range.Duration < 0 ? _strip.Count : Math.Max(_next + 1, _strip.IndexAt(range.Start + range.Duration));
        _limit = _end;
        _exactFrom = _floor;
        if (range.Behind is { } behind)
        {
            _joint = _next;
            _exactFrom = PlayerTime.Max(range.PlayerStart, behind) + MaxDelay;
            _joined = JoinBehind();
        }
    }

    /// <summary>The title that the cursor reads.</summary>
    public Title Title { get; }

    /// <summary>Whether the title is sound alone, or pictures alone.</summary>
    public bool HasOneTrack { get; }

    /// <summary>Everything was sent, or nothing more can be.</summary>
    public bool IsOver => (_next >= _end || IsLost) && !IsInsideMessage;

    /// <summary>The file changed, and what is left of the strip no longer describes it.</summary>
    public bool IsLost => LostReason is not null;

    /// <summary>A message is on the wire in part: nothing else may be sent before its rest.</summary>
    public bool IsInsideMessage => _skip > 0;

    /// <summary>Whether anything is left before the limit.</summary>
    public bool HasMore => _next < _limit;

    /// <summary>The entry behind the last one of the range.</summary>
    public int End => _end;

    /// <summary>The strip's next entry.</summary>
    public int Place => _next;

    /// <summary>Bytes sent, headers included.</summary>
    public long BytesSent { get; private protected set; }

    /// <summary>The title's time of the next message, or of the last one at the end.</summary>
    public TitleTime Time => _strip[Math.Min(_next, _strip.Count - 1)].Time;

    /// <summary>The player's time at which all of it is over: where the next title of a playlist starts.</summary>
    public PlayerTime PlayerEnd { get; }

    /// <summary>The player's time of the last message: nothing behind this cursor may be told earlier.</summary>
    public PlayerTime LastTime => PlayerTimeOf(_end - 1);

    /// <summary>The title's time that the player calls 0; negative where a title comes behind others.</summary>
    public TitleTime Zero => _zero;

    /// <summary>The player's time of the next message.</summary>
    public PlayerTime PlayerTime => PlayerTimeOf(Math.Min(_next, _strip.Count - 1));

    /// <summary>The player's time of an entry's message.</summary>
    public PlayerTime PlayerTimeOf(int index) => PlayerTimeOf(index, _strip[index].Time.ToPlayer(_zero));

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

    /// <summary>Stands at a byte of a message instead, before anything was sent: what comes before counts as sent.</summary>
    /// <param name="index">The entry.</param>
    /// <param name="skip">Bytes of its message that the player has.</param>
    public void MoveTo(int index, long skip) => (_next, _skip) = (index, skip);

    /// <summary>The bytes of the messages of some entries that are sent.</summary>
    /// <param name="from">The first entry.</param>
    /// <param name="to">The entry behind the last one.</param>
    public abstract long LengthBetween(int from, int to);

    /// <summary>Adds the rest of a message that has begun.</summary>
    /// <returns>False when the list could not take all of it, or it is not in memory.</returns>
    public abstract bool GatherRest(GatherList list, long now);

    /// <summary>Adds the messages that are due, behind the one that has begun, which <see cref="GatherRest"/> adds.</summary>
    /// <param name="list">Takes what it has room for.</param>
    /// <param name="until">The time up to which messages are due.</param>
    /// <param name="maxBytes">Stop after about this many bytes in the list.</param>
    /// <param name="now">The worker's clock.</param>
    public abstract void Gather(GatherList list, TitleTime until, long maxBytes, long now);

    /// <summary>Moves over the bytes that the socket took, and over samples that are not sent.</summary>
    /// <param name="bytes">Bytes of messages, counted from the cursor.</param>
    /// <param name="until">The <c>until</c> of the gathering: skipped samples up to there are done with.</param>
    public abstract void Advance(long bytes, TitleTime until);

    private protected void ReleaseWhenDone()
    {
        if (_isRetired && !IsInsideMessage)
        {
            Title.Release();
        }
    }

    /// <summary>The player's time of an entry's message.</summary>
    /// <param name="index">The entry.</param>
    /// <param name="own">When it is due by the title.</param>
    private protected PlayerTime PlayerTimeOf(int index, PlayerTime own) =>
        (uint)(index - _joint) < (uint)_joined.Length ? _joined[index - _joint] : PlayerTime.Max(own, _floor);

    /// <summary>
    /// The times of the first messages behind a joint. What decoders need before a presentation is due before the end of what came before
    /// it, and can only be told behind the last message of that. One millisecond after another keeps the decode times of a track ascending,
    /// which players and muxers ask for; when a picture is shown stays as it is.
    /// </summary>
    private PlayerTime[] JoinBehind()
    {
        Span<PlayerTime> leastOfLanes = stackalloc PlayerTime[StripEntry.MaxLanes];
        leastOfLanes.Fill(_floor);
        PlayerTime least = _floor; // of all lanes: no message may be told a time before that of the last one
        List<PlayerTime> times = [];
        for (int index = _joint; index < _end; index++)
        {
            StripEntry entry = EntryAt(index);
            PlayerTime own = entry.Time.ToPlayer(_zero);
            if (own >= _exactFrom)
            {
                break;
            }

            if (times.Count == MaxJoined)
            {
                return [];
            }

            PlayerTime earliest = entry.IsChange ? least : PlayerTime.Max(least, leastOfLanes[entry.Lane]);
            PlayerTime time = PlayerTime.Max(own, PlayerTime.Min(earliest, _exactFrom));
            times.Add(time);
            if (IsSent(index, entry))
            {
                least = time;
                leastOfLanes[entry.Lane] = entry.IsChange ? leastOfLanes[entry.Lane] : time + 1;
            }
        }

        return [.. times];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected bool IsSent(int index, StripEntry entry) =>
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
    private protected ref readonly StripEntry EntryAt(int index)
    {
        if ((uint)(index - _blockStart) >= (uint)_blockCount)
        {
            _block = _strip.BlockOf(index, out _blockStart, out _blockCount);
        }

        return ref _block[index - _blockStart];
    }
}

/// <summary>What of a title is played, and when by the player's time.</summary>
/// <param name="Start">Where in the title to start.</param>
/// <param name="Duration">How much to play, in milliseconds; negative: to the end.</param>
/// <param name="PlayerStart">What the player calls <paramref name="Start"/>.</param>
/// <param name="Floor">The earliest time that the player may be told; null for <paramref name="PlayerStart"/>.</param>
internal readonly record struct PlayRange(TitleTime Start, long Duration, PlayerTime PlayerStart, PlayerTime? Floor = null)
{
    /// <summary>
    /// The player's time of the last message before, where this joins something that was played; null where it joins nothing. No message
    /// of a track is told that time again.
    /// </summary>
    public PlayerTime? Behind { get; init; }

    /// <summary>The title's time that the player calls 0.</summary>
    public TitleTime Zero => Start - PlayerStart.Milliseconds;
}

/// <summary>Makes the cursors of a protocol: it alone knows their framing.</summary>
/// <param name="title">The title, acquired for the cursor.</param>
/// <param name="streamId">The message stream that plays it.</param>
/// <param name="range">From where to where, and what the player calls the first time.</param>
/// <param name="position">Where to stand: the sync point at or before it.</param>
internal delegate StripCursor CreateCursor(Title title, uint streamId, PlayRange range, TitleTime position);
