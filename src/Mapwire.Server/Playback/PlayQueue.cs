namespace Mapwire.Server.Playback;

/// <summary>The plays that a player lined up behind the one at hand (play with reset 0), opened or still being opened.</summary>
internal sealed class PlayQueue
{
    /// <summary>Plays that may wait: each holds an open file.</summary>
    public const int MaxLength = 8;

    private readonly Queue<PendingPlay> _opened = new(0);
    private int _opening;

    /// <summary>Counts the calls of <see cref="Clear"/>, so that what was opened for a play of before is known.</summary>
    public int Generation { get; private set; }

    /// <summary>Whether a play is still being opened.</summary>
    public bool IsOpening => _opening > 0;

    /// <summary>The opening that was begun last: those begun later take their turn after it.</summary>
    public Task LastOpening { get; set; } = Task.CompletedTask;

    /// <summary>A play was asked for and is being opened.</summary>
    public void BeginOpening() => _opening++;

    /// <summary>The opening of a play is over, whatever came of it.</summary>
    public void EndOpening() => _opening--;

    /// <summary>Adds a play at the end.</summary>
    /// <returns>False when as many wait as may; the play is the caller's then.</returns>
    public bool TryAdd(PendingPlay play)
    {
        if (_opened.Count == MaxLength)
        {
            return false;
        }

        _opened.Enqueue(play);
        return true;
    }

    /// <summary>Takes the next play.</summary>
    public bool TryTake(out PendingPlay play) => _opened.TryDequeue(out play);

    /// <summary>Forgets all plays, and those still being opened.</summary>
    public void Clear()
    {
        Generation++;
        _opening = 0;
        while (_opened.TryDequeue(out PendingPlay play))
        {
            play.Reel.Release();
        }
    }
}
