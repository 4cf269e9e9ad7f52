namespace Mapwire.Memory.Sharing;

/// <summary>A segment in a listing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Size">Bytes for its users.</param>
/// <param name="MaxSize">Bytes that it may grow to.</param>
/// <param name="LayoutId">What its bytes mean.</param>
/// <param name="LayoutVersion">Which version of that.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Users">The ids of the processes that have it open for writing, one for each time they opened it. Empty: all are
/// dead, and the segment is a leftover. Ids tell people whom to look at; liveness was judged by the locks that they hold.</param>
/// <param name="Damage">Why it cannot be opened; null if it can.</param>
public sealed record SharedMemoryInfo(
    string Name, long Size, long MaxSize, Guid LayoutId, int LayoutVersion, DateTimeOffset Created, IReadOnlyList<int> Users,
    string? Damage);
