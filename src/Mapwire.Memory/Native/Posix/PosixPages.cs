namespace Mapwire.Memory.Native.Posix;

/// <summary>Pages and their surroundings, all within one range of addresses that a single munmap gives back.</summary>
internal sealed class PosixPages : SafePages
{
    private readonly PosixMemory _system;
    private readonly bool _isAnonymous;
    private readonly nint _start;
    private readonly long _total;

    public PosixPages(
        PosixMemory system, bool isAnonymous, nint first, long mapped, nint start, long total, long reserved)
    {
        _system = system;
        _isAnonymous = isAnonymous;
        _start = start;
        _total = total;
        MappedBytes = mapped;
        ReservedBytes = reserved;
        SetHandle(first);
    }

    public override void Resize(in MapRequest request)
    {
        long page = _system.PageSize;
        long wanted = (request.Length + page - 1) / page * page;
        if (wanted > MappedBytes)
        {
            MapRequest more = request with { Offset = request.Offset + MappedBytes };
            _system.MapOver(_isAnonymous ? null : File, more, Base + (nint)MappedBytes, wanted - MappedBytes);
        }
        else if (wanted < MappedBytes)
        {
            _system.UnmapOver(Base + (nint)wanted, MappedBytes - wanted);
        }

        MappedBytes = wanted;
    }

    /// <summary>Replaces the pages by empty ones, in one step for all threads, and unmaps what is around them; unmaps pages that the
    /// program dropped.</summary>
    protected override bool Unmap()
    {
        if (!IsDisposed || Owner is not MappedRegion region || !_system.TryEmpty(Base, MappedBytes, region.Access))
        {
            return PosixCalls.Unmap(_start, (nuint)_total) == 0;
        }

        AddressQuarantine.Add(Base, MappedBytes);
        nint end = Base + (nint)MappedBytes;
        return (Base == _start || PosixCalls.Unmap(_start, (nuint)(Base - _start)) == 0)
            & (end == _start + (nint)_total || PosixCalls.Unmap(end, (nuint)(_start + (nint)_total - end)) == 0);
    }
}
