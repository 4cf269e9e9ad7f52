namespace Mapwire.Memory.Sharing;

/// <summary>How many producers a <see cref="SharedRing"/> has at a time.</summary>
public enum RingProducers
{
    /// <summary>One, used by one thread at a time. The fastest.</summary>
    One = 0,

    /// <summary>Any number, in any number of threads.</summary>
    Many = 1,
}
