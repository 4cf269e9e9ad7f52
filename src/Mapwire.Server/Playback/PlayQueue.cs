namespace Mapwire.Server.Playback;

/// <summary>The plays that a player lined up behind the one at hand (play with reset 0), opened or still being opened.</summary>
internal sealed class PlayQueue
{
    /// <summary>Plays that may wait: each holds an open file.</summary>
    public const int MaxLength = 8;

    private Queue<PendingPlay>? _opened; // made for the first: most players line nothing up
    private int _opening;

    /// <summary>Counts the calls of <see cref="Clear"/>, so that what was opened for a play of before is known.</summary>
    public int Generation { get; private set; }

    /// <summary>Whether a play is still being opened.</summary>
    public bool IsOpening => _opening > 0;

    /// <summary>The opening that was begun last and has not come back: those begun later take their turn after it.</summary>
    public Task LastOpening { get; private set; } = Task.CompletedTask;

    /// <summary>What the opened plays take in memory, in bytes.</summary>
    public int ByteSize
    {
        get
        {
            int bytes = 0;
            if (_opened is not null)
            {
                foreach (PendingPlay play in _opened)
                {
                    bytes += play.ByteSize;
                }
            }

            return bytes;
        }
    }

    /// <summary>An opening was begun.</summary>
    public void Follow(Task opening) => LastOpening = opening;

    /// <summary>An opening has come back: as the last one, it is held no longer.</summary>
    public void Forget(Task opening) => LastOpening = LastOpening == opening ? Task.CompletedTask : LastOpening;

    /// <summary>A play was asked for and is being opened.</summary>
    public void BeginOpening() => _opening++;

    /// <summary>The opening of a play is over, whatever came of it.</summary>
    public void EndOpening() => _opening--;

    /// <summary>Adds a play at the end.</summary>
    /// <returns>False when as many wait as may; the play is the caller's then.</returns>
    public bool TryAdd(PendingPlay play)
    {
        _opened ??= new Queue<PendingPlay>();
        if (_opened.Count == MaxLength)
        {
            return false;
        }

        _opened.Enqueue(play);
        return true;
    }

    /// <summary>Takes the next play.</summary>
    public bool TryTake(out PendingPlay play)
    {
        play = default;
        return _opened is not null && _opened.TryDequeue(out play);
    }

    /// <summary>Forgets all plays, and those still being opened.</summary>
    public void Clear()
    {
        Generation++;
        _opening = 0;
        while (TryTake(out PendingPlay play))
        {
            play.Reel.Release();
        }
    }
}
