using Mapwire.Server.Loop;

namespace Mapwire.Load.Players;

/// <summary>One of the audience: it connects, watches and closes as the mode says. Lives on its loop's thread.</summary>
/// <param name="loop">Where it lives.</param>
internal abstract class Seat(SeatLoop loop) : Watched(loop), IDisposable
{
    /// <summary>What <see cref="Due"/> is while no call is asked for.</summary>
    protected const long NoCall = -1;

    /// <summary>When the schedule is to call, in microseconds of the clock; other calls are out of date.</summary>
    public long Due { get; protected set; } = NoCall;

    /// <summary>Asks the schedule for a call.</summary>
    public void CallAt(long due)
    {
        Due = due;
        loop.Schedule(this, due);
    }

    /// <summary>The time asked for has come.</summary>
    /// <param name="now">The clock: at <see cref="Due"/> or later.</param>
    public abstract void OnDue(long now);

    /// <summary>Now and then: how does it stand?</summary>
    public abstract void Look(long now);

    /// <summary>The test is over.</summary>
    public abstract void Stop(long now);

    /// <summary>The test is over, and there is a moment to say so to the server.</summary>
    public virtual void Finish(long now) => Stop(now);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <inheritdoc/>
    public override void OnLoopEnd()
    {
        // The loop settles and stops all its seats, watched or not.
    }
}
