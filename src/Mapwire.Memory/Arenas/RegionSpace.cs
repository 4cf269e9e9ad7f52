namespace Mapwire.Memory.Arenas;

/// <summary>An arena over a region that its caller owns: anonymous memory, a device, a file mapped by the program.</summary>
internal sealed class RegionSpace : ArenaSpace
{
    private readonly MappedRegion _region;
    private readonly RegionLease _lease;

    public RegionSpace(MappedRegion region)
        : base(region.IsFile ? "region of a file" : "memory", region.DangerousAddress, region.Length, Most(region))
    {
        _region = region;
        _lease = region.Lease();
    }

    public override bool IsReadOnly => (_region.Access & MemoryAccess.Write) == 0;

    public override void Grow(long length)
    {
        if (length > MaxLength)
        {
            throw Full(length);
        }

        _region.Resize(length);
        Length = length;
    }

    protected override void Close() => _lease.Dispose();

    private static long Most(MappedRegion region) =>
        region.Pages.CanGrow
        ? Math.Max(region.Length, region.Pages.ReservedBytes - (region.DangerousAddress - region.Pages.Base))
        : region.Length;
}
