namespace Mapwire.Memory.Native;

/// <summary>The pages of a region of length zero, which no system maps: only the count of leases is real.</summary>
internal sealed class NoPages : SafePages
{
    public override bool IsInvalid => false;

    public override void Resize(in MapRequest request) =>
        throw new InvalidOperationException("The region was mapped without MapOptions.Reserve.");

    protected override bool Unmap() => true;
}
