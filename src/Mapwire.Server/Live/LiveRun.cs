namespace Mapwire.Server.Live;

/// <summary>Segments of the live pages that lie beside each other: what one track writes into, one message behind the other.</summary>
/// <param name="first">The number of the first one.</param>
/// <param name="count">How many there are.</param>
internal sealed class LiveRun(int first, int count)
{
    private int _holds;
    private volatile bool _isRetired;

    /// <summary>The number of the first segment.</summary>
    public int First { get; } = first;

    /// <summary>How many there are.</summary>
    public int Count { get; } = count;

    /// <summary>Where the run begins, in bytes of the live pages.</summary>
    public long Offset => (long)First * LivePages.SegmentLength;

    /// <summary>How long it is, in bytes.</summary>
    public int Length => Count * LivePages.SegmentLength;

    /// <summary>Whether a viewer has been sent a part of a message in it and still needs the rest.</summary>
    public bool IsHeld => Volatile.Read(ref _holds) > 0;

    /// <summary>Whether the track is done with it: no entry in it can be found any more.</summary>
    public bool IsRetired
    {
        get => _isRetired;
        set => _isRetired = value;
    }

    /// <summary>Whether it was held when it was looked at behind its retirement. Under the gate of the pages.</summary>
    public bool IsFoundHeld { get; set; }

    /// <summary>
    /// The run stays as it is until <see cref="LetGo"/>. Only in the round in which an entry in it was found: until its end the run is not
    /// used again.
    /// </summary>
    public void Hold() => Interlocked.Increment(ref _holds);

    /// <summary>Takes one <see cref="Hold"/> back.</summary>
    public void LetGo() => Interlocked.Decrement(ref _holds);
}
