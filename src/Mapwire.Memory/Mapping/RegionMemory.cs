using System.Buffers;

namespace Mapwire.Memory;

/// <summary>One window of a region in a <see cref="ReadOnlySequence{T}"/>.</summary>
internal sealed class RegionSegment : ReadOnlySequenceSegment<byte>
{
    public RegionSegment(ReadOnlyMemory<byte> memory, RegionSegment? previous)
    {
        Memory = memory;
        if (previous is null)
        {
            return;
        }

        RunningIndex = previous.RunningIndex + previous.Memory.Length;
        previous.Next = this;
    }
}

/// <summary>Memory of a region and the lease that keeps it mapped.</summary>
internal sealed class RegionMemoryOwner(RegionLease lease, Memory<byte> memory) : IMemoryOwner<byte>
{
    private RegionLease? _lease = lease;

    public Memory<byte> Memory => _lease is not null ? memory : throw new ObjectDisposedException(nameof(IMemoryOwner<byte>));

    public void Dispose() => Interlocked.Exchange(ref _lease, null)?.Dispose();
}
