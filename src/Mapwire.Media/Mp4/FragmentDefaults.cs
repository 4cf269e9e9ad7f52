namespace Mapwire.Media.Mp4;

/// <summary>What a fragment's samples are where nothing nearer says so: <c>trex</c>, or <c>tfhd</c> over it.</summary>
/// <param name="Description">The sample description, counted from 1.</param>
/// <param name="Duration">In ticks.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Flags">Sample flags (ISO/IEC 14496-12, 8.8.3.1).</param>
internal readonly record struct FragmentDefaults(uint Description, uint Duration, uint Size, uint Flags)
{
    /// <summary>The values of a track without <c>trex</c>.</summary>
    internal static FragmentDefaults None => new(1, 0, 0, 0);

    /// <summary>Reads <c>trex</c> (8.8.3).</summary>
    internal static FragmentDefaults Parse(BoxReader box, out uint track)
    {
        // version(8)=0 | flags(24) | track_ID(32) | default_sample_description_index(32) | default_sample_duration(32)
        // | default_sample_size(32) | default_sample_flags(32)
        box.ReadVersion(0, out _);
        track = box.ReadUInt32();
        return new FragmentDefaults(box.ReadUInt32(), box.ReadUInt32(), box.ReadUInt32(), box.ReadUInt32());
    }
}
