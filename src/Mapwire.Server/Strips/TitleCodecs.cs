using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mapwire.Server.Strips;

/// <summary>How a title's samples are announced and headed.</summary>
internal sealed class TitleCodecs
{
    private readonly SampleHeader[] _headers; // by lane, beside each other: looked at for every message
    private readonly byte[] _changes; // pinned: the system reads them as it reads the file

    /// <param name="lanes">The lanes in order; null at 0 when there is no video.</param>
    /// <param name="changes">The messages that tell configurations which change in the middle, one behind the other.</param>
    public TitleCodecs(ImmutableArray<TitleLane?> lanes, ReadOnlySpan<byte> changes)
    {
        Lanes = lanes;
        HasOneLane = lanes.Count(static lane => lane is not null) == 1;
        _headers = [.. lanes.Select(static lane => lane?.Header ?? default)];
        _changes = GC.AllocateUninitializedArray<byte>(changes.Length, pinned: true);
        changes.CopyTo(_changes);
    }

    /// <summary>The lanes in order; null at 0 when there is no video.</summary>
    public ImmutableArray<TitleLane?> Lanes { get; }

    /// <summary>Whether one track is sent and no other.</summary>
    public bool HasOneLane { get; }

    /// <summary>The messages that tell configurations which change in the middle; entries of the strip point into it.</summary>
    public ReadOnlySpan<byte> Changes => _changes;

    /// <summary>Where the changes lie, for as long as this object is held.</summary>
    public nint ChangesAddress => _changes.Length == 0 ? 0 : Marshal.UnsafeAddrOfPinnedArrayElement(_changes, 0);

    /// <summary>Bytes of the codec header before an entry's payload.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TagHeaderLength(in StripEntry entry) => entry.IsChange ? 0 : _headers[entry.Lane].Length;

    /// <summary>Writes the codec header of an entry.</summary>
    /// <param name="destination">Takes <see cref="SampleHeader.MaxLength"/> bytes.</param>
    /// <param name="entry">The sample; a change has no header of its own.</param>
    /// <param name="composition">Its composition offset for the player, in milliseconds.</param>
    /// <param name="nanoseconds">What its time is short of.</param>
    /// <returns>The bytes that count.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int WriteTagHeader(Span<byte> destination, in StripEntry entry, int composition, int nanoseconds)
    {
        if (entry.IsChange)
        {
            return 0;
        }

        ref readonly SampleHeader header = ref _headers[entry.Lane];
        header.WriteTo(destination, entry.IsSync, composition, nanoseconds);
        return header.Length;
    }
}
