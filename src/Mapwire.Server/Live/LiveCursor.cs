using Mapwire.Server.Sending;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Live;

/// <summary>
/// A viewer's place in a live stream, to the byte, within one format: which message is next, how much of it is on the wire, and what the
/// viewer calls its time.
/// </summary>
internal abstract class LiveCursor
{
    private const uint AllLanes = uint.MaxValue; // StripEntry.MaxLanes are 32

    private protected readonly LiveStrip _strip;
    private protected readonly LivePages _pages;
    private protected LiveBlock? _block; // null while the rest of a message is waited for: it would keep all that follow
    private StripEntry _cut; // the message whose rest is to be sent
    private protected long _next; // the number of the next entry
    private protected long _skip; // bytes of the next message that are on the wire
    private protected TitleTime _zero; // what the viewer calls 0
    private LiveRun? _held; // where the message lies whose rest is to be sent
    private long _timedFrom; // the first entry that came since the viewer has waited for what comes
    private uint? _cutArrival; // when the message came whose rest is to be sent; null where it is not timed
    private uint? _sentArrival; // the same of the oldest message that was sent and not asked for yet
    private bool _sendsSound = true;
    private bool _sendsPictures = true;
    private uint _waitsForKey = AllLanes; // a bit a lane: pictures begin with one that decoding can start with

    /// <param name="stream">The stream.</param>
    /// <param name="format">What its tracks are there.</param>
    /// <param name="tracks">As this viewer is sent them.</param>
    /// <param name="place">Where to begin.</param>
    /// <param name="zero">What the viewer calls 0.</param>
    protected LiveCursor(LiveStream stream, LiveFormat format, LiveTracks tracks, LiveSyncPoint place, TitleTime zero)
    {
        Stream = stream;
        Format = format;
        Tracks = tracks;
        _strip = stream.Strip;
        _pages = stream.Pages;
        (_block, _next) = (place.Block, place.Number);
        _zero = zero;
        TimeFromNow();
    }

    /// <summary>The stream.</summary>
    public LiveStream Stream { get; }

    /// <summary>What its tracks are here.</summary>
    public LiveFormat Format { get; }

    /// <summary>The tracks as this viewer is sent them.</summary>
    public LiveTracks Tracks { get; }

    /// <summary>The number of the next entry.</summary>
    public long Next => _next;

    /// <summary>What the viewer calls 0.</summary>
    public TitleTime Zero => _zero;

    /// <summary>The viewer's time of the message that was sent last.</summary>
    public PlayerTime Time { get; private protected set; }

    /// <summary>A message is on the wire in part: nothing else may be sent before its rest.</summary>
    public bool IsInsideMessage => _skip > 0;

    /// <summary>Whether another format counts from the next message on.</summary>
    public bool IsAtFormatEnd => !IsInsideMessage && Format.Next is { } next && _next >= next.First;

    /// <summary>Whether the next message has left the window.</summary>
    public bool HasLostPlace => !IsInsideMessage && _next < _strip.Oldest;

    /// <summary>How far behind the newest message the next one is that is not sent, or not all of it, in milliseconds.</summary>
    public long Lag => IsInsideMessage ? Stream.LatestTime - _cut.Time : TryPeek(out StripEntry next) ? Stream.LatestTime - next.Time : 0;

    /// <summary>Whether something was published behind the last message that was sent.</summary>
    public bool HasMore => _next < _strip.Count;

    /// <summary>Whether the pages of the message whose rest is to be sent are wanted back, since others are short of them.</summary>
    public bool PinsPages => _held is { IsRetired: true } && _pages.Fullness > LiveStream.ComfortableFullness;

    /// <summary>Whether a message that may be sent by a time is there.</summary>
    public bool HasDue(TitleTime until) => HasMore && (!TryPeek(out StripEntry next) || next.Time <= until);

    /// <summary>Goes on elsewhere, between two messages.</summary>
    public void MoveTo(LiveSyncPoint place)
    {
        (_block, _next) = (place.Block, place.Number);
        TimeFromNow();
        _waitsForKey = AllLanes;
    }

    /// <summary>Goes on with the oldest message that is kept, where there is no picture to begin with.</summary>
    public void MoveToOldest()
    {
        _block = _strip.FirstBlock; // first: it is not behind the entry that is the oldest one then
        _next = _strip.Oldest;
        TimeFromNow();
        _waitsForKey = AllLanes;
    }

    /// <summary>What has come so far was not to be sent at once: how long it waited says nothing of the server.</summary>
    public void TimeFromNow() => _timedFrom = _strip.Count;

    /// <summary>How long the oldest message was there that was sent since this was asked last.</summary>
    /// <param name="now">The loop's clock.</param>
    /// <returns>Milliseconds; null where none was sent, or only such as came before the viewer did.</returns>
    public long? TakeLatency(long now)
    {
        if (_sentArrival is not { } arrival)
        {
            return null;
        }

        _sentArrival = null;
        return Math.Max(0, unchecked((int)((uint)now - arrival))); // another loop's clock may be read a little later
    }

    /// <summary>The same place and state, within the format that follows.</summary>
    private protected void ContinueFrom(LiveCursor before)
    {
        (_block, _next) = (before._block, before._next);
        (_timedFrom, _sentArrival) = (before._timedFrom, before._sentArrival);
        (_sendsSound, _sendsPictures) = (before._sendsSound, before._sendsPictures);
        _waitsForKey = before._waitsForKey;
        for (int lane = 0; lane < Format.Configurations.Length; lane++)
        {
            if (lane >= before.Format.Configurations.Length || Format.Configurations[lane] != before.Format.Configurations[lane])
            {
                _waitsForKey |= 1u << lane;
            }
        }

        Time = before.Time;
    }

    /// <summary>Starts or stops sending sound.</summary>
    public void SendSound(bool send) => _sendsSound = send;

    /// <summary>Starts or stops sending pictures; they start again with one that decoding can start with.</summary>
    public void SendPictures(bool send)
    {
        _waitsForKey |= send && !_sendsPictures ? AllLanes : 0;
        _sendsPictures = send;
    }

    /// <summary>Adds the rest of a message that has begun.</summary>
    /// <returns>False when the list could not take all of it.</returns>
    public abstract bool GatherRest(GatherList list);

    /// <summary>Adds messages, behind the one that has begun, which <see cref="GatherRest"/> adds.</summary>
    /// <param name="list">Takes what it has room for.</param>
    /// <param name="until">The time up to which messages are due.</param>
    /// <param name="maxBytes">Stop after about this many bytes in the list.</param>
    public abstract void Gather(GatherList list, TitleTime until, long maxBytes);

    /// <summary>Moves over the bytes that the socket took.</summary>
    public abstract void Advance(long bytes);

    /// <summary>The connection is gone, or the rest is not sent.</summary>
    public void Abandon()
    {
        _skip = 0;
        LetGo();
    }

    /// <summary>Goes on in the format that counts from here on.</summary>
    /// <param name="next">The format.</param>
    /// <param name="tracks">As this viewer is sent them.</param>
    public abstract LiveCursor Continue(LiveFormat next, LiveTracks tracks);

    /// <summary>Whether a message is sent; pictures wait for one that decoding can start with.</summary>
    private protected bool IsSent(StripEntry entry) => IsSent(entry, ref _waitsForKey);

    /// <inheritdoc cref="IsSent(StripEntry)"/>
    /// <param name="entry">The message.</param>
    /// <param name="waitsForKey">The lanes whose pictures are waited for; taken back where they begin.</param>
    private protected bool IsSent(StripEntry entry, ref uint waitsForKey)
    {
        if (entry.Lane >= Tracks.Codecs.Lanes.Length || Tracks.Codecs.Lanes[entry.Lane] is null)
        {
            return false;
        }

        if (!entry.IsVideo)
        {
            return _sendsSound;
        }

        uint bit = 1u << entry.Lane;
        if (!_sendsPictures || ((waitsForKey & bit) != 0 && !entry.IsSync))
        {
            return false;
        }

        waitsForKey &= ~bit;
        return true;
    }

    private protected uint WaitsForKey
    {
        get => _waitsForKey;
        set => _waitsForKey = value;
    }

    /// <summary>The entry behind the last one that may be sent by this cursor now.</summary>
    private protected long FindEnd()
    {
        long count = _strip.Count; // first: a format that follows is set before an entry of it is published
        return Format.Next is { } next ? Math.Min(count, next.First) : count;
    }

    /// <summary>The next message; false where there is none, it has left the window, or one before it has to be finished.</summary>
    private bool TryPeek(out StripEntry next)
    {
        LiveBlock block = _block ?? _strip.FirstBlock; // before the look whether the place is lost: then it is not behind the place
        if (IsInsideMessage || _next >= _strip.Count || _next < _strip.Oldest)
        {
            next = default;
            return false;
        }

        next = LiveStrip.EntryAt(_next, ref block);
        _block = block;
        return true;
    }

    /// <summary>The message whose rest is to be sent.</summary>
    private protected StripEntry Cut => _cut;

    /// <summary>What the viewer calls a message's times.</summary>
    private protected MessageTimes TimesOf(StripEntry entry) => new(
        PlayerTime.Max(PlayerTime.Zero, entry.Time.ToPlayer(_zero)), entry.Composition, 0);

    private protected nint AddressOf(StripEntry entry) => _pages.Address + (nint)entry.Offset;

    /// <summary>Keeps the pages of a message whose rest is to be sent, from the round on in which it was gathered.</summary>
    private protected void HoldCut(StripEntry entry)
    {
        if (_held is null)
        {
            _cut = entry;
            _held = _pages.RunAt(entry.Offset);
            _held.Hold();
            _cutArrival = ArrivalAt(_next, _block!);
            _block = null;
        }
    }

    /// <summary>Messages were sent whole: the oldest one that is timed tells the latency.</summary>
    /// <param name="from">The first of them.</param>
    /// <param name="to">The entry behind the last one.</param>
    /// <param name="block">The block of the first one, or one before.</param>
    private protected void NoteSent(long from, long to, LiveBlock block)
    {
        from = Math.Max(from, _timedFrom);
        if (from < to)
        {
            _sentArrival ??= ArrivalAt(from, block);
        }
    }

    /// <summary>The message was sent whole that had been cut.</summary>
    private protected void NoteRestSent() => _sentArrival ??= _cutArrival;

    private uint? ArrivalAt(long number, LiveBlock block)
    {
        if (number < _timedFrom)
        {
            return null;
        }

        LiveStrip.EntryAt(number, ref block);
        return block.Arrivals[(int)(number - block.First)];
    }

    private protected void LetGo()
    {
        _held?.LetGo();
        _held = null;
    }
}

/// <summary>A cursor whose messages are those of one framing.</summary>
/// <typeparam name="TFraming">What messages look like on the wire.</typeparam>
internal sealed class LiveCursor<TFraming> : LiveCursor
    where TFraming : struct, IFraming
{
    private readonly Func<TitleCodecs, TFraming> _createFraming;
    private readonly TFraming _framing;
    private long _gatheredTo = -1; // where the last gathering ended, when it took whole messages only
    private LiveBlock? _gatheredBlock;
    private long _gatheredBytes;
    private uint _gatheredWaits;
    private PlayerTime _gatheredTime;

    /// <param name="stream">The stream.</param>
    /// <param name="format">What its tracks are there.</param>
    /// <param name="tracks">As this viewer is sent them.</param>
    /// <param name="place">Where to begin.</param>
    /// <param name="zero">What the viewer calls 0.</param>
    /// <param name="createFraming">Makes the framing of a format.</param>
    public LiveCursor(
        LiveStream stream, LiveFormat format, LiveTracks tracks, LiveSyncPoint place, TitleTime zero,
        Func<TitleCodecs, TFraming> createFraming)
        : base(stream, format, tracks, place, zero)
    {
        _createFraming = createFraming;
        _framing = createFraming(tracks.Codecs);
    }

    /// <inheritdoc/>
    public override LiveCursor Continue(LiveFormat next, LiveTracks tracks)
    {
        LiveSyncPoint place = new(_block ?? _strip.FirstBlock, _next, default);
        LiveCursor<TFraming> cursor = new(Stream, next, tracks, place, _zero, _createFraming);
        cursor.ContinueFrom(this);
        return cursor;
    }

    /// <inheritdoc/>
    public override bool GatherRest(GatherList list)
    {
        if (!IsInsideMessage)
        {
            return true;
        }

        StripEntry entry = Cut; // its pages are held
        return _framing.TryAdd(list, entry, TimesOf(entry), AddressOf(entry), _skip);
    }

    /// <inheritdoc/>
    public override void Gather(GatherList list, TitleTime until, long maxBytes)
    {
        _gatheredTo = -1;
        long number = IsInsideMessage ? _next + 1 : _next;
        long end = FindEnd();
        long before = list.Length;
        uint waits = WaitsForKey;
        PlayerTime time = Time;
        LiveBlock block = _block ?? _strip.FirstBlock;
        if (number < _strip.Oldest)
        {
            return; // the place is lost
        }

        _block = block;
        for (; number < end && list.Length < maxBytes; number++)
        {
            StripEntry entry = LiveStrip.EntryAt(number, ref block);
            if (entry.Time > until)
            {
                break;
            }

            if (!IsSent(entry, ref waits))
            {
                continue;
            }

            MessageTimes times = TimesOf(entry);
            if (!_framing.TryAdd(list, entry, times, AddressOf(entry), skip: 0))
            {
                return;
            }

            time = times.Time;
        }

        _gatheredTo = number;
        _gatheredBlock = block;
        _gatheredBytes = list.Length - before;
        _gatheredWaits = waits;
        _gatheredTime = time;
    }

    /// <inheritdoc/>
    public override void Advance(long bytes)
    {
        if (_skip == 0 && _gatheredTo >= 0 && bytes == _gatheredBytes)
        {
            // The socket took everything, as it nearly always does.
            NoteSent(_next, _gatheredTo, _block!);
            _next = _gatheredTo;
            _block = _gatheredBlock;
            WaitsForKey = _gatheredWaits;
            Time = _gatheredTime;
            _gatheredTo = -1;
            return;
        }

        _gatheredTo = -1;
        bytes += _skip;
        long end = FindEnd();
        while (_next < end && bytes > 0)
        {
            StripEntry entry = _skip > 0 ? Cut : LiveStrip.EntryAt(_next, ref _block!);
            if (_skip > 0 || IsSent(entry))
            {
                MessageTimes times = TimesOf(entry);
                long length = _framing.LengthOf(entry, times);
                Time = times.Time;
                if (bytes < length)
                {
                    _skip = bytes;
                    HoldCut(entry);
                    return;
                }

                bytes -= length;
                if (_skip > 0)
                {
                    NoteRestSent();
                }
                else
                {
                    NoteSent(_next, _next + 1, _block!);
                }
            }

            _skip = 0;
            LetGo();
            _next++;
        }

        _skip = 0;
    }
}
