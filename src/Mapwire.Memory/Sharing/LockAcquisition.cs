namespace Mapwire.Memory.Sharing;

/// <summary>How an attempt to take something ended.</summary>
public enum LockAcquisition
{
    /// <summary>Not taken: the time is up.</summary>
    TimedOut = 0,

    /// <summary>Taken.</summary>
    Acquired = 1,

    /// <summary>Taken, and a previous owner died while he held it: what it guards may be half changed, and the new owner mends it.
    /// If he dies too, the next one hears it again.</summary>
    OwnerDied = 2,
}
