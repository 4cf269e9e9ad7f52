namespace Mapwire.Memory;

/// <summary>What has happened to the stores of a range when a flush returns.</summary>
public enum FlushMode
{
    /// <summary>Everyone on this machine who maps or reads the file sees them. They survive the process, not the machine.</summary>
    Visible = 0,

    /// <summary>They are on the way to the device: the write-back has been started, nothing has been waited for.</summary>
    Started = 1,

    /// <summary>They are on the device, and with them what is needed to find them there: they survive a loss of power as far as
    /// the device keeps its word.</summary>
    Durable = 2,

    /// <summary>Cached copies that other mappings of the file hold are invalid, so that they see the file as it is
    /// (<c>MS_INVALIDATE</c>). Fails with an <see cref="IOException"/> while pages of the range are locked in memory.</summary>
    Invalidate = 3,
}
