using Mapwire.Server.Catalog;

namespace Mapwire.Server.Playback;

/// <summary>One message stream of a player: what it plays, from where, how fast, and what comes after.</summary>
internal sealed class PlayerStream(uint id)
{
    private PlaybackClock _clock;
    private bool _receivesAudio = true;
    private bool _receivesVideo = true;

    /// <summary>The message stream id.</summary>
    public uint Id { get; } = id;

    /// <summary>The place in the title; null when nothing was played yet, or the stream was closed.</summary>
    public StripCursor? Cursor { get; private set; }

    /// <summary>The name of what is played, as the player sent it.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Titles to play when this one is over (play with reset 0).</summary>
    public Queue<PendingPlay> Queue { get; } = new();

    /// <summary>Counts the play and close commands, so that a title that was opened for an earlier one is known.</summary>
    public int Generation { get; set; }

    /// <summary>The title being opened last: those asked for later take their turn after it.</summary>
    public Task Opening { get; set; } = Task.CompletedTask;

    /// <summary>The media that the player buffers by its own word, in milliseconds; null when it said nothing.</summary>
    public uint? BufferLength { get; set; }

    /// <summary>Whether the player paused.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Whether the end was told to the player.</summary>
    public bool IsEndTold { get; set; }

    /// <summary>Whether there is something to watch, paused or not.</summary>
    public bool IsActive => Cursor is not null && !IsEndTold;

    /// <summary>Plays a title in place of what was played.</summary>
    public void Start(StripCursor cursor, string name, long position, long now)
    {
        Retire();
        Cursor = cursor;
        Name = name;
        IsEndTold = false;
        IsPaused = false;
        _clock.Set(position, now, runs: true);
        ApplyReceives();
    }

    /// <summary>Goes to another place of the title: the picture there is sent even while paused.</summary>
    public void Seek(StripCursor cursor, long now)
    {
        Retire();
        Cursor = cursor;
        IsEndTold = false;
        _clock.Set(cursor.Time, now, runs: !IsPaused);
        ApplyReceives();
        if (IsPaused)
        {
            cursor.HoldAfterFrame();
        }
    }

    /// <summary>Stops sending; what the player holds it may show.</summary>
    public void Pause(long now)
    {
        if (!IsPaused)
        {
            IsPaused = true;
            _clock.Pause(now);
            Cursor?.Hold();
        }
    }

    /// <summary>Goes on with the very next message.</summary>
    public void Resume(long now)
    {
        if (IsPaused)
        {
            IsPaused = false;
            _clock.Resume(now);
            Cursor?.Release();
        }
    }

    /// <summary>Sends audio or not, from the next message on.</summary>
    public void ReceiveAudio(bool receive)
    {
        _receivesAudio = receive;
        Cursor?.SendAudio(receive);
    }

    /// <summary>Sends video or not; it begins again with a sync sample.</summary>
    public void ReceiveVideo(bool receive)
    {
        _receivesVideo = receive;
        Cursor?.SendVideo(receive);
    }

    /// <summary>Plays nothing any more, now and after.</summary>
    public void Stop()
    {
        Generation++;
        Retire();
        while (Queue.TryDequeue(out PendingPlay waiting))
        {
            waiting.Title.Release();
        }
    }

    /// <summary>Stops without finishing the message that has begun: the connection is gone.</summary>
    public void Abandon()
    {
        Cursor?.Abandon();
        Cursor = null;
        Stop();
    }

    /// <summary>The title's time up to which messages are due, in milliseconds.</summary>
    public long DueUntil(long now, long lead) => _clock.PositionAt(now) + lead;

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

        if (IsPaused)
        {
            return now; // the one frame of a seek
        }

        long interval = Math.Clamp(lead / WakesPerBuffer, ShortestWake, LongestWake);
        return Math.Max(now + interval, _clock.WhenAt(cursor.Time - lead));
    }

    /// <summary>How often a player's buffer is filled up while it would drain: a third of it may be missing, never more.</summary>
    private const int WakesPerBuffer = 3;

    /// <summary>Milliseconds; below it a player costs more in wakes than in bytes.</summary>
    private const long ShortestWake = 20;

    /// <summary>Milliseconds; above it a wake costs less than what a leaving viewer wastes.</summary>
    private const long LongestWake = 1000;

    private void Retire()
    {
        Cursor?.Retire();
        Cursor = null;
    }

    private void ApplyReceives()
    {
        if (!_receivesAudio)
        {
            Cursor?.SendAudio(false);
        }

        if (!_receivesVideo)
        {
            Cursor?.SendVideo(false);
        }
    }
}
