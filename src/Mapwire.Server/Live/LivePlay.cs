using Mapwire.Server.Files;
using Mapwire.Server.Loop;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Live;

/// <summary>Makes the cursors of a protocol: it alone knows their framing.</summary>
/// <param name="stream">The stream.</param>
/// <param name="format">What its tracks are where the cursor begins.</param>
/// <param name="tracks">As the viewer is sent them.</param>
/// <param name="streamId">The message stream that plays it.</param>
/// <param name="place">Where to begin.</param>
/// <param name="zero">What the viewer calls 0.</param>
internal delegate LiveCursor CreateLiveCursor(
    LiveStream stream, LiveFormat format, LiveTracks tracks, uint streamId, LiveSyncPoint place, TitleTime zero);

/// <summary>Someone watches a live stream, or waits for it: from the play command to the end, on one loop's thread.</summary>
internal sealed class LivePlay
{
    /// <summary>
    /// How far behind the newest message a viewer may fall that does not want to, in milliseconds, before it goes on with the newest
    /// picture: longer than any player buffers of a live stream.
    /// </summary>
    private const long LongestLag = 10_000;

    /// <summary>How much later one viewer may have its turn than another, in milliseconds: where ten thousand watch, about this.</summary>
    private const long LongestPass = 100;

    /// <summary>How soon a viewer is looked at again that was not sent all there was, in milliseconds.</summary>
    private const long RetryInterval = 20;

    /// <summary>How much a viewer that watches from some time ago is sent ahead, in milliseconds: what players buffer.</summary>
    private const long Lead = 3_000;

    /// <summary>How long a viewer waits at least for the first message of a stream that is published, in milliseconds.</summary>
    private const long LeastWait = 5_000;

    /// <summary>How long a stream has gone on when its tracks are all there, in milliseconds: encoders begin with their headers.</summary>
    private const long LastTrackComes = 1_000;

    private readonly LiveStreams _streams;
    private readonly LiveSeat _seat;
    private readonly ILiveAnnouncer _announcer;
    private readonly CreateLiveCursor _createCursor;
    private readonly TrackChoice _choice;
    private readonly long _waitsUntil; // for a publisher, on the loop's clock
    private long _behind; // how long ago it wants to see, in milliseconds
    private bool _sendsSound = true;
    private bool _sendsPictures = true;
    private bool _isPaused;
    private PlayerTime? _sought; // where it wants to go on, once no message is cut
    private bool _wantsNewest; // the same, with the newest picture

    /// <param name="streams">Where the stream is, or will be.</param>
    /// <param name="name">Its name.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="seat">Where the viewer is.</param>
    /// <param name="announcer">Says what happens.</param>
    /// <param name="createCursor">Makes cursors whose messages are those of the viewer's protocol.</param>
    public LivePlay(
        LiveStreams streams, string name, LiveRequest request, LiveSeat seat, ILiveAnnouncer announcer, CreateLiveCursor createCursor)
    {
        _streams = streams;
        _seat = seat;
        _announcer = announcer;
        _createCursor = createCursor;
        _choice = new TrackChoice(request.Abilities, request.Video, request.Audio);
        _behind = Math.Clamp(request.Behind, 0, streams.Options.Window);
        StreamId = request.StreamId;
        SentName = request.SentName;
        Stream = streams.Join(name, seat);
        _waitsUntil = seat.Loop.Now
            + (Stream.State == LiveState.Published ? Math.Max(LeastWait, streams.Options.PlayWait) : streams.Options.PlayWait);
    }

    /// <summary>The message stream that plays it.</summary>
    public uint StreamId { get; }

    /// <summary>The name as the viewer sent it, for answers to this viewer alone.</summary>
    public string SentName { get; }

    /// <summary>The stream.</summary>
    public LiveStream Stream { get; }

    /// <summary>The place in it; null while it waits.</summary>
    public LiveCursor? Cursor { get; private set; }

    /// <summary>Whether nothing more comes of it: the viewer was told.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Since when the viewer has been paused, on the loop's clock; null while it is not.</summary>
    public long? PausedSince { get; private set; }

    /// <summary>When to look again though nothing comes, on the loop's clock.</summary>
    public long NextWake => IsOver ? TimerWheel.Never
        : Cursor is null ? _waitsUntil
        : IsSending && Cursor.HasDue(DueUntil) ? _seat.Loop.Now + RetryInterval // a limit of the rate stopped it
        : TimerWheel.Never;

    /// <summary>What it takes in memory besides what all viewers share, in bytes, about.</summary>
    public int ByteSize => 512 + (sizeof(char) * SentName.Length);

    /// <summary>Whether messages may be gathered.</summary>
    public bool IsSending => Cursor is not null && !IsOver && !_isPaused;

    /// <summary>Whether it is sent what comes as soon as it has come.</summary>
    public bool IsAtNewest => _behind == 0 && IsSending;

    /// <summary>The time up to which messages are due.</summary>
    public TitleTime DueUntil => _behind == 0 || Stream.State == LiveState.Over ? TitleTime.MaxValue : Stream.LatestTime - _behind + Lead;

    /// <summary>Looks at what has happened to the stream, and says it, before anything is gathered.</summary>
    public void Look(long now)
    {
        if (IsOver || Cursor is { IsInsideMessage: true })
        {
            return;
        }

        if (Cursor is null)
        {
            Begin(now);
        }

        if (Cursor is not null)
        {
            MoveWhereWanted();
        }

        if (Cursor is { IsAtFormatEnd: true } before)
        {
            Change(before);
        }

        if (!IsOver && Stream.State == LiveState.Over && (Cursor is null or { HasMore: false } or { HasLostPlace: true }))
        {
            End();
        }
    }

    /// <summary>Goes back, or forward, within what is kept, as soon as no message is cut.</summary>
    /// <param name="time">What the viewer calls the time.</param>
    /// <returns>False where it cannot.</returns>
    public bool TrySeek(PlayerTime time)
    {
        if (Cursor is null || Stream.Strip.NewestSyncPoint() is null)
        {
            return false;
        }

        _sought = time;
        return true;
    }

    /// <summary>Stops sending, or goes on with the newest picture.</summary>
    public void Pause(bool isPaused, long now)
    {
        PausedSince = isPaused ? PausedSince ?? now : null;
        if (_isPaused && !isPaused)
        {
            _wantsNewest = true;
            Cursor?.TimeFromNow();
        }

        _isPaused = isPaused;
    }

    /// <summary>Sends sound or not.</summary>
    public void ReceiveSound(bool receive)
    {
        _sendsSound = receive;
        Cursor?.SendSound(receive);
    }

    /// <summary>Sends pictures or not.</summary>
    public void ReceivePictures(bool receive)
    {
        _sendsPictures = receive;
        Cursor?.SendPictures(receive);
    }

    /// <summary>Watches no longer.</summary>
    public void Leave()
    {
        IsOver = true;
        _streams.Leave(Stream, _seat);
    }

    private void Begin(long now)
    {
        if (Stream.Format is { } format && FindPlace() is { } place)
        {
            LiveFormat there = Stream.FormatAt(place.Number) ?? format;
            if (there.WhyNothingFor(_choice) is { } reason)
            {
                if (now >= _waitsUntil || !MayStillCome(there, format))
                {
                    Refuse(new TitleException(TitleError.NotPlayable, reason));
                }

                return;
            }

            StayBehind(place);
            Cursor = _createCursor(Stream, there, there.For(_choice), StreamId, place, place.Time);
            Cursor.SendSound(_sendsSound);
            Cursor.SendPictures(_sendsPictures);
            _announcer.Started(this);
        }
        else if (Stream.State == LiveState.Over || (now >= _waitsUntil && Stream.State != LiveState.Published))
        {
            Refuse(new TitleException(TitleError.NotFound, $"nobody publishes {TerminalText.Clean(Stream.Name)}"));
        }
        else if (now >= _waitsUntil)
        {
            Refuse(new TitleException(TitleError.Unavailable, "the stream is published, and nothing has come of it yet: try again"));
        }
    }

    /// <summary>Whether a track that is asked for is not there where the viewer would begin, and may be a little later.</summary>
    private bool MayStillCome(LiveFormat there, LiveFormat now) =>
        there.Lacks(_choice) && (!now.Lacks(_choice) || Stream.LatestTime.Milliseconds - LiveClock.Start < LastTrackComes);

    /// <summary>
    /// Where it begins: so long ago as it wants to see, or with the newest picture that gives it as much in hand as messages may gather
    /// for, since it would stand still at once where they do.
    /// </summary>
    private LiveSyncPoint? FindPlace() =>
        Stream.Strip.SyncPointAt(Stream.LatestTime - Math.Max(_behind, InHand));

    /// <summary>How much that is, in milliseconds: messages gather, and then each of many viewers has its turn.</summary>
    private long InHand => _streams.Options.Latency > 0 ? _streams.Options.Latency + LongestPass : 0;

    /// <summary>
    /// Goes where the viewer asked to, or has to: whoever is too slow, or lost its place, goes on with the newest picture.
    /// </summary>
    private void MoveWhereWanted()
    {
        if (_sought is { } sought && Stream.Strip.SyncPointAt(sought.ToTitle(Cursor!.Zero)) is { } place)
        {
            MoveTo(place);
            _behind = Stream.LatestTime - place.Time;
            StayBehind(place);
        }

        _sought = null;
        LiveCursor cursor = Cursor!;
        bool isTooSlow = IsSending && ((_behind == 0 && cursor.Lag > LongestLag) || cursor.HasLostPlace);
        if (!isTooSlow && !_wantsNewest && !cursor.HasLostPlace)
        {
            return;
        }

        _wantsNewest = false;
        if (Stream.State == LiveState.Over)
        {
            return; // what is left of it, if anything, is sent
        }

        if (Stream.Strip.NewestSyncPoint() is { } newest)
        {
            if (newest.Number <= cursor.Next)
            {
                return;
            }

            MoveTo(newest);
        }
        else if (cursor.HasLostPlace)
        {
            cursor.MoveToOldest();
            ChangeWhereOther();
        }

        _behind = 0;
        if (isTooSlow)
        {
            _announcer.Skipped(this);
        }
    }

    /// <summary>Is behind the newest message by no more than where it begins: there may be less of the stream than it asked for.</summary>
    private void StayBehind(LiveSyncPoint place)
    {
        _behind = Math.Clamp(Stream.LatestTime - place.Time, 0, _behind);
        _behind = _behind < Lead ? 0 : _behind;
    }

    /// <summary>Goes on at a place, whose tracks may be others.</summary>
    private void MoveTo(LiveSyncPoint place)
    {
        Cursor!.MoveTo(place);
        ChangeWhereOther();
    }

    private void ChangeWhereOther()
    {
        if (Stream.FormatAt(Cursor!.Next) != Cursor.Format)
        {
            Change(Cursor);
        }
    }

    /// <summary>Goes on with the tracks that there are where the cursor stands.</summary>
    private void Change(LiveCursor before)
    {
        if (Stream.FormatAt(before.Next) is not { } format)
        {
            return;
        }

        if (format.WhyNothingFor(_choice) is { } reason)
        {
            Refuse(new TitleException(TitleError.NotPlayable, reason));
        }
        else
        {
            Cursor = before.Continue(format, format.For(_choice));
            _announcer.Changed(this, before);
        }
    }

    private void End()
    {
        Leave();
        _announcer.Ended(this);
    }

    private void Refuse(TitleException fault)
    {
        Leave();
        _announcer.Refused(this, fault);
    }
}

/// <summary>What a viewer of a live stream asked for.</summary>
/// <param name="StreamId">The message stream that plays it.</param>
/// <param name="SentName">The name as it was sent.</param>
/// <param name="Abilities">What the viewer can be sent.</param>
/// <param name="Behind">How long ago it wants to see, in milliseconds.</param>
/// <param name="Video">The video track, from 1; 0 for the first that it takes, negative for none.</param>
/// <param name="Audio">The audio track, likewise.</param>
internal readonly record struct LiveRequest(
    uint StreamId, string SentName, PlayerAbilities Abilities, long Behind = 0, int Video = 0, int Audio = 0);
