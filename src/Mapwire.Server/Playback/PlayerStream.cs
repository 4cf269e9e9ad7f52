using System.Diagnostics;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>One message stream of a player: what it plays, from where, how fast, and what comes after.</summary>
/// <param name="id">The message stream id.</param>
/// <param name="createCursor">Makes cursors whose messages are those of the player's protocol.</param>
internal sealed class PlayerStream(uint id, CreateCursor createCursor)
{
    private PlaybackClock _clock;
    private PauseAhead _ahead;
    private PlayerTime _reelZero; // where the reel's round at hand begins
    private PlayerTime _stopAt; // when the play command's duration is over
    private ReelTime _stopReelTime; // the same in the reel
    private PlayerTime _playedFrom; // of the first message
    private long _bytesBefore; // sent of the parts before the one at hand
    private StripCursor? _waiting; // the cursor that is called when what it waits for is known or has come
    private long _waitsUntil; // the worker's time at which it is looked at all the same

    /// <summary>What the player asked for while nothing could be paused.</summary>
    private enum PauseAhead : byte
    {
        None,

        /// <summary>What comes next begins paused.</summary>
        Pauses,

        /// <summary>It was to begin paused, and goes on at once.</summary>
        TakenBack,
    }

    /// <summary>The message stream id.</summary>
    public uint Id { get; } = id;

    /// <summary>What is played; null when nothing was played yet, or the stream was closed.</summary>
    public Reel? Reel { get; private set; }

    /// <summary>The part of the reel.</summary>
    public int Part { get; private set; }

    /// <summary>The place in the part's title; null as <see cref="Reel"/> is.</summary>
    public StripCursor? Cursor { get; private set; }

    /// <summary>The name of what is played, as the player sent it.</summary>
    public string Name { get; private set; } = "";

    /// <summary>What it does.</summary>
    public PlayState State { get; private set; }

    /// <summary>What to play when this is over.</summary>
    public PlayQueue Queue { get; } = new();

    /// <summary>Whether what comes next begins paused: the player asked for it while nothing could be paused.</summary>
    public bool PausesNext
    {
        get => _ahead == PauseAhead.Pauses;
        private set => _ahead = value ? PauseAhead.Pauses : PauseAhead.None;
    }

    /// <summary>Whether the player asked for a pause of what is being opened and took it back: it waits to be told of both.</summary>
    public bool PauseWasTakenBack => _ahead == PauseAhead.TakenBack;

    /// <summary>Since when the player has been paused, whatever it asked for meanwhile, on the worker's clock; null while it is not.
    /// </summary>
    public long? PausedSince { get; private set; }

    /// <summary>The reel's time that the play that is being opened is to go to; null when the player asked for none.</summary>
    public ReelTime? SeeksAtStart { get; set; }

    /// <summary>Whether the player wants to see no more than a picture for now.</summary>
    public bool IsPaused => State == PlayState.Paused || PausesNext;

    /// <summary>Whether sound is sent.</summary>
    public bool ReceivesAudio { get; private set; } = true;

    /// <summary>Whether pictures are sent.</summary>
    public bool ReceivesVideo { get; private set; } = true;

    /// <summary>The media that the player buffers by its own word, in milliseconds; null when it said nothing.</summary>
    public uint? BufferLength { get; set; }

    /// <summary>Whether there is something to watch, paused or not.</summary>
    public bool IsActive => State is PlayState.Playing or PlayState.Paused or PlayState.Waiting;

    /// <summary>Whether everything was sent and nothing was done about it yet.</summary>
    public bool HasEnded => State is PlayState.Playing or PlayState.Paused && Cursor!.IsOver;

    /// <summary>The reel's time of the next message, in the round at hand.</summary>
    public ReelTime ReelTime =>
        Cursor is null ? ReelTime.Zero : ReelTime.Max(ReelTime.Zero, Cursor.Time.ToPlayer(Cursor.Zero).ToReel(_reelZero));

    /// <summary>What was played since the start or the last seek, in seconds.</summary>
    public double PlayedSeconds => (Cursor!.PlayerEnd - _playedFrom) / 1000.0;

    /// <summary>What was sent since the start or the last seek, in bytes.</summary>
    public long BytesSent => _bytesBefore + Cursor!.BytesSent;

    /// <summary>Plays something in place of what was played.</summary>
    /// <param name="play">Its reel is the stream's from now on.</param>
    /// <param name="playerStart">What the player calls the start.</param>
    /// <param name="now">The worker's clock.</param>
    public void Start(PendingPlay play, PlayerTime playerStart, long now)
    {
        Cursor?.Retire();
        Cursor = Take(play, playerStart, before: null);
        SeeksAtStart = null;
        _clock.Set(playerStart.ToTitle(Cursor.Zero), now, runs: true);
        Begin(PlayState.Playing);
    }

    /// <summary>A play is being opened in place of what was played, which is over.</summary>
    public void BeginOpening()
    {
        Stop();
        State = PlayState.Opening;
    }

    /// <summary>The play that was being opened cannot be played.</summary>
    public void EndOpening()
    {
        if (State == PlayState.Opening)
        {
            State = PlayState.Idle;
            PausesNext = false;
            PausedSince = null;
            SeeksAtStart = null;
        }
    }

    /// <summary>All was sent, and the next play is still being opened.</summary>
    public void Wait()
    {
        PausesNext = IsPaused;
        State = PlayState.Waiting;
    }

    /// <summary>The player is told that this is the end.</summary>
    public void End()
    {
        PausesNext = IsPaused;
        State = PlayState.Ended;
    }

    /// <summary>Plays something behind what is over, without a gap.</summary>
    /// <param name="next">Its reel is the stream's from now on.</param>
    /// <param name="now">The worker's clock.</param>
    public void Follow(PendingPlay next, long now)
    {
        StripCursor before = Cursor!;
        Join(before, Take(next, before.PlayerEnd, before), now);
    }

    /// <summary>Goes on in a later moment of the same film, which has grown: with the entry behind the last one.</summary>
    /// <param name="grown">One part, of the same file and from the same time on; the stream's from now on.</param>
    /// <param name="isToTheEnd">Whether nothing comes after it.</param>
    /// <param name="now">The worker's clock.</param>
    public void Extend(Reel grown, bool isToTheEnd, long now)
    {
        StripCursor before = Cursor!;
        Reel!.Release();
        Reel = grown;
        Part = 0;
        ReelPart part = grown.Parts[0];
        bool isHeld = part.Title.TryAcquire();
        Debug.Assert(isHeld, "the reel holds its titles");
        PlayRange range = new(part.In, isToTheEnd ? -1 : part.Length, part.In.ToPlayer(before.Zero), before.LastTime);
        StripCursor next = createCursor(part.Title, Id, range, TitleTime.Zero);
        next.MoveTo(before.End, 0);
        Join(before, next, now);
    }

    /// <summary>Goes to the next part of the reel, or to its beginning when it loops.</summary>
    /// <returns>False when the reel is over.</returns>
    public bool TryContinue(long now)
    {
        StripCursor before = Cursor!;
        int next = Part + 1;
        if (before.PlayerEnd >= _stopAt || (next == Reel!.Parts.Length && !Reel.Loops))
        {
            return false;
        }

        if (next == Reel.Parts.Length)
        {
            next = 0;
            _reelZero += Reel.Period;
        }

        Join(before, CursorAt(next, Reel.Parts[next].JointIn, before.PlayerEnd, before.LastTime), now);
        return true;
    }

    /// <summary>
    /// Goes to another place of the reel, by whose times the player goes from there on: the picture there is sent even while paused.
    /// </summary>
    public void Seek(ReelTime reelTime, long now)
    {
        Cursor!.Retire();
        long rounds = Reel!.RoundsBefore(reelTime);
        _reelZero = PlayerTime.Zero + rounds;
        _stopAt = _stopReelTime.ToPlayer(PlayerTime.Zero);
        int part = Reel.PartAt(reelTime - rounds);
        ReelPart there = Reel.Parts[part];
        TitleTime position = TitleTime.Min(there.ToTitle(reelTime - rounds), there.Out - 1);
        Cursor = CursorAt(part, there.In, there.At.ToPlayer(_reelZero), behind: null, position);
        bool pauses = IsPaused;
        _clock.Set(TitleTime.Max(Cursor.Time, there.In), now, runs: !pauses); // a run-up takes no time
        Begin(pauses ? PlayState.Paused : PlayState.Playing);
        ShowWherePaused();
    }

    /// <summary>The cursor was moved before anything was sent: the player shows what is there at once.</summary>
    public void MoveClock(long now)
    {
        _clock.Set(Cursor!.PlayerTime.ToTitle(Cursor.Zero), now, runs: true);
        _playedFrom = Cursor.PlayerTime;
    }

    /// <summary>Sends the picture at the place where the player is paused.</summary>
    public void ShowWherePaused()
    {
        if (State == PlayState.Paused)
        {
            Cursor?.HoldAfterFrame();
        }
    }

    /// <summary>Stops sending; what the player holds it may show. Where nothing is sent yet or any more, what comes next waits.</summary>
    public void Pause(long now)
    {
        PausedSince ??= now;
        switch (State)
        {
            case PlayState.Playing:
                State = PlayState.Paused;
                _clock.Pause(now);
                Cursor!.Hold();
                break;
            case PlayState.Opening or PlayState.Waiting or PlayState.Ended:
                PausesNext = true;
                break;
        }
    }

    /// <summary>Goes on with the very next message.</summary>
    public void Resume(long now)
    {
        if (State == PlayState.Paused)
        {
            State = PlayState.Playing;
            _clock.Resume(now);
            Cursor!.Release();
        }

        _ahead = State == PlayState.Opening && _ahead != PauseAhead.None ? PauseAhead.TakenBack : PauseAhead.None;
        PausedSince = null;
    }

    /// <summary>Sends audio or not, from the next message on.</summary>
    public void ReceiveAudio(bool receive)
    {
        EndWait(); // what was waited for may be wanted no more
        ReceivesAudio = receive;
        Cursor?.SendAudio(receive);
    }

    /// <summary>Sends video or not; it begins again with a sync sample.</summary>
    public void ReceiveVideo(bool receive)
    {
        EndWait();
        ReceivesVideo = receive;
        Cursor?.SendVideo(receive);
    }

    /// <summary>Plays nothing any more, now and after.</summary>
    public void Stop()
    {
        Queue.Clear();
        EndWait();
        State = PlayState.Idle;
        PausesNext = false;
        PausedSince = null;
        SeeksAtStart = null;
        Cursor?.Retire();
        Cursor = null;
        Reel?.Release();
        Reel = null;
    }

    /// <summary>Stops without finishing the message that has begun: the connection is gone.</summary>
    public void Abandon()
    {
        Cursor?.Abandon();
        Cursor = null;
        Stop();
    }

    /// <summary>The title's time up to which messages are due.</summary>
    public TitleTime DueUntil(long now, long lead) => _clock.PositionAt(now) + lead;

    /// <summary>
    /// Nothing of the cursor is sent until what it waits for has come, which <see cref="EndWait"/> tells, or until it is too late.
    /// </summary>
    /// <param name="until">When it is too late, on the worker's clock.</param>
    public void BeginWait(long until)
    {
        _waiting = Cursor;
        _waitsUntil = until;
    }

    /// <summary>What was waited for may have come: the clock counts again until it is looked at.</summary>
    public void EndWait() => _waiting = null;

    /// <summary>When to look again: not for every frame, but a few times while the player's buffer drains.</summary>
    /// <param name="now">The worker's clock.</param>
    /// <param name="lead">The media that may be ahead of the clock, in milliseconds.</param>
    /// <returns>A time of the worker's clock.</returns>
    public long NextWake(long now, long lead)
    {
        if (Cursor is not { HasMore: true } cursor)
        {
            return long.MaxValue;
        }

        if (cursor == _waiting)
        {
            return _waitsUntil;
        }

        if (State == PlayState.Paused && cursor.Time > DueUntil(now, lead))
        {
            return long.MaxValue; // the clock stands; only the one frame of a seek is due meanwhile
        }

        long interval = Math.Clamp((long)(lead * MissingShare), ShortestWake, LongestWake);
        long wake = Math.Max(_clock.NextBeat(now, interval), _clock.WhenAt(cursor.Time - lead));
        return interval < 20 * Together ? wake : (wake + Together - 1) / Together * Together;
    }

    /// <summary>What of a player's buffer may be missing before it is filled up. The reasons: docs/adr/0037-beat.md.</summary>
    private const double MissingShare = 0.4;

    /// <summary>Milliseconds; below it a player costs more in wakes than in bytes.</summary>
    private const long ShortestWake = 20;

    /// <summary>Milliseconds; above it a wake costs less than what a leaving viewer wastes.</summary>
    private const long LongestWake = 1200;

    /// <summary>
    /// Milliseconds between two moments at which players are looked at, whose wakes are far enough apart: each moment wakes the processor
    /// once, and the one of who receives, which costs as much as some players do.
    /// </summary>
    private const long Together = 20;

    private StripCursor Take(PendingPlay play, PlayerTime playerStart, StripCursor? before)
    {
        Reel?.Release();
        Reel = play.Reel;
        Name = play.Name.Sent;
        ReelTime start = ReelTime.Min(play.Start - Reel.RoundsBefore(play.Start), ReelTime.Zero + Reel.Length - 1);
        int part = Reel.PartAt(start);
        ReelPart there = Reel.Parts[part];
        TitleTime from = there.ToTitle(start);
        from = before is null ? from : TitleTime.Max(from, there.JointIn);
        _reelZero = playerStart - (there.ToReel(from) - ReelTime.Zero);
        _stopAt = play.Duration < 0 ? PlayerTime.MaxValue : playerStart + play.Duration;
        _stopReelTime = play.Duration < 0 ? ReelTime.MaxValue : play.Start + play.Duration;
        return CursorAt(part, from, playerStart, before?.LastTime);
    }

    private StripCursor CursorAt(int part, TitleTime from, PlayerTime playerTime, PlayerTime? behind) =>
        CursorAt(part, from, playerTime, behind, position: from);

    /// <summary>A cursor in a part.</summary>
    /// <param name="part">Becomes the part at hand.</param>
    /// <param name="from">From where on the player is to see it.</param>
    /// <param name="playerTime">What the player calls that.</param>
    /// <param name="behind">The player's time of the last message before, where this joins it; null where it begins anew.</param>
    /// <param name="position">Where to stand.</param>
    private StripCursor CursorAt(int part, TitleTime from, PlayerTime playerTime, PlayerTime? behind, TitleTime position)
    {
        Part = part;
        Title title = Reel!.Parts[part].Title;
        bool isHeld = title.TryAcquire();
        Debug.Assert(isHeld, "the reel holds its titles");
        long length = Reel.Parts[part].Out - from;
        bool isToTheEnd = from + length >= title.Strip.EndTime && _stopAt - playerTime >= length;
        PlayRange range = new(from, isToTheEnd ? -1 : Math.Max(0, Math.Min(length, _stopAt - playerTime)), playerTime) { Behind = behind };
        return createCursor(title, Id, range, position <= title.Strip.StartTime ? TitleTime.Zero : position);
    }

    private void Join(StripCursor before, StripCursor next, long now)
    {
        // The clock goes on: what was sent ahead of it stays ahead. Where the next title came late, it stood at the end.
        PlayerTime playerNow = PlayerTime.Min(_clock.PositionAt(now).ToPlayer(before.Zero), before.PlayerEnd);
        _bytesBefore += before.BytesSent;
        before.Retire();
        Cursor = next;
        bool pauses = IsPaused;
        State = pauses ? PlayState.Paused : PlayState.Playing;
        PausesNext = false;
        _clock.Set(playerNow.ToTitle(next.Zero), now, runs: !pauses);
        ApplyReceives();
        if (pauses)
        {
            next.Hold();
        }
    }

    private void Begin(PlayState state)
    {
        State = state;
        PausesNext = false;
        PausedSince = state == PlayState.Paused ? PausedSince : null;
        _bytesBefore = 0;
        _playedFrom = Cursor!.PlayerTime;
        ApplyReceives();
    }

    private void ApplyReceives()
    {
        if (!ReceivesAudio)
        {
            Cursor?.SendAudio(false);
        }

        if (!ReceivesVideo)
        {
            Cursor?.SendVideo(false);
        }
    }
}
