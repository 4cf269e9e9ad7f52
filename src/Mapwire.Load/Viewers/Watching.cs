using Mapwire.Load.Measuring;

namespace Mapwire.Load.Viewers;

/// <summary>One play of a viewer: says what to fetch, and judges what comes.</summary>
internal abstract class Watching
{
    /// <summary>Whether its media has begun to come.</summary>
    public bool IsPlaying { get; protected set; }

    /// <summary>Whether something to show has come with the bytes of media that came; where nobody looks into them, with the first.
    /// </summary>
    public virtual bool HasFirstFrame => true;

    /// <summary>Whether what is asked for once goes on for as long as there is something to show.</summary>
    public virtual bool IsStream => false;

    /// <summary>Whether bodies of media are only counted.</summary>
    public abstract bool IgnoresMedia { get; }

    /// <summary>What is to be fetched next.</summary>
    /// <returns>False when the play is over.</returns>
    /// <exception cref="Reading.ContentException">What was read leads nowhere.</exception>
    public abstract bool TryGetNext(long now, out Fetch fetch);

    /// <summary>The answer is a redirection: what was asked for last is to be asked for there.</summary>
    /// <param name="target">Where to: path and query.</param>
    public abstract void OnRedirect(string target);

    /// <summary>Bytes of the answer's body.</summary>
    /// <exception cref="Reading.ContentException">They break a rule.</exception>
    public abstract void OnBody(ReadOnlySpan<byte> bytes, long now);

    /// <summary>The answer is whole.</summary>
    /// <exception cref="Reading.ContentException">It lacks something.</exception>
    public abstract void OnEnd(long now);

    /// <summary>Whether nothing is left to show.</summary>
    public virtual bool IsStalledAt(long now) => false;

    /// <summary>How long what is in hand lasts once all has come, in microseconds; 0 where nobody waits for that.</summary>
    public virtual long RestAt(long now) => 0;

    /// <summary>Ends the play, and counts what was seen.</summary>
    public virtual void Settle(LoadTally tally, long now)
    {
    }
}
