namespace Mapwire.Server.Strips;

/// <summary>The entries of a file in send order, which all its viewers share: appended to while it grows, and never moved.</summary>
internal sealed class StripBlocks
{
    private int[] _changes = [];

    /// <summary>In ascending time.</summary>
    public Blocks<StripEntry> Entries { get; } = new();

    /// <summary>What each entry's time is short of; empty when nobody is told.</summary>
    public Blocks<int> Nanoseconds { get; } = new();

    /// <summary>The entries that a seek may land on, ascending.</summary>
    public Blocks<int> SyncPoints { get; } = new();

    /// <summary>The entries that tell another configuration, ascending.</summary>
    public ReadOnlySpan<int> Changes => Volatile.Read(ref _changes);

    /// <summary>What it takes in memory, in bytes.</summary>
    public long ByteSize => (Entries.Capacity * 16) + ((Nanoseconds.Capacity + SyncPoints.Capacity + _changes.Length) * sizeof(int));

    /// <summary>Appends an entry, for the writer.</summary>
    /// <param name="entry">Not earlier than the one before.</param>
    /// <param name="nanoseconds">What its time is short of; null when nobody is told.</param>
    /// <param name="isSyncPoint">Whether a seek may land on it.</param>
    public void Add(in StripEntry entry, int? nanoseconds, bool isSyncPoint)
    {
        int index = Entries.Added;
        if (entry is { IsChange: true, IsCommand: false })
        {
            Volatile.Write(ref _changes, [.. _changes, index]);
        }

        if (isSyncPoint)
        {
            SyncPoints.Add(index);
        }

        if (nanoseconds is { } told)
        {
            Nanoseconds.Add(told);
        }

        Entries.Add(entry);
    }

    /// <summary>Lets readers see what was added. For the writer.</summary>
    /// <param name="isFinished">Whether nothing more is expected.</param>
    public void Publish(bool isFinished)
    {
        if (isFinished)
        {
            SyncPoints.Trim();
            Nanoseconds.Trim();
            Entries.Trim();
        }

        SyncPoints.Publish();
        Nanoseconds.Publish();
        Entries.Publish();
    }
}

/// <summary>The last entries of a growing file, whose order may still change.</summary>
/// <param name="Entries">In ascending time.</param>
/// <param name="Nanoseconds">What each entry's time is short of; empty when nobody is told.</param>
/// <param name="SyncPoints">The entries that a seek may land on, as the whole strip counts them.</param>
/// <param name="Changes">The entries that tell another configuration, as the whole strip counts them.</param>
internal sealed record StripTail(StripEntry[] Entries, int[] Nanoseconds, int[] SyncPoints, int[] Changes);
