namespace Mapwire.Server.Loop;

/// <summary>Something with one deadline in a <see cref="TimerWheel"/>, linked in place.</summary>
internal abstract class TimerEntry
{
    /// <summary>When to call, in milliseconds of the loop's clock.</summary>
    internal long Deadline { get; set; }

    internal int Slot { get; set; } = -1;

    internal TimerEntry? Next { get; set; }

    internal TimerEntry? Previous { get; set; }

    /// <summary>The deadline is over; it is set again where another call is wanted.</summary>
    /// <param name="now">Milliseconds of the loop's clock.</param>
    public abstract void OnTimeout(long now);
}
