namespace Mapwire.Memory;

/// <summary>Who sees what is stored into a mapped file.</summary>
public enum MapSharing
{
    /// <summary>The file and everyone who maps or reads it.</summary>
    Shared = 0,

    /// <summary>Only this region: a page is copied at the first store to it, and the file never changes.</summary>
    Private = 1,
}
