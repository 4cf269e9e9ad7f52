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
