namespace Mapwire.Server.Hosting;

/// <summary>Something with one deadline in a <see cref="TimerWheel"/>, linked in place.</summary>
internal abstract class TimerEntry
{
    /// <summary>When to ring, in milliseconds of the worker's clock.</summary>
    internal long Deadline { get; set; }

    internal int Slot { get; set; } = -1;

    internal TimerEntry? Next { get; set; }

    internal TimerEntry? Previous { get; set; }

    /// <summary>The deadline is over; it is set again by whoever wants to be rung again.</summary>
    /// <param name="now">Milliseconds of the worker's clock.</param>
    internal abstract void Ring(long now);
}
