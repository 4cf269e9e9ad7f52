using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4;

/// <summary>Reads a <c>moof</c> box (ISO/IEC 14496-12, 8.8.4 to 8.8.8, 8.8.12) into the tracks that it goes on with.</summary>
internal static class FragmentParser
{
    private const uint HasBaseDataOffset = 1;
    private const uint HasDescription = 2;
    private const uint HasDefaultDuration = 8;
    private const uint HasDefaultSize = 0x10;
    private const uint HasDefaultFlags = 0x20;
    private const uint DefaultBaseIsMoof = 0x2_0000;

    private const uint HasDataOffset = 1;
    private const uint HasFirstFlags = 4;
    private const uint HasDuration = 0x100;
    private const uint HasSize = 0x200;
    private const uint HasFlags = 0x400;
    private const uint HasComposition = 0x800;

    /// <summary><c>sample_is_non_sync_sample</c>, and <c>sample_depends_on</c> saying 1: needs others.</summary>
    private const uint NotSync = 0x0101_0000;

    /// <summary>Samples of no size that nothing describes one by one: more in a run than this are no recording's.</summary>
    private const uint MostEmptySamples = 16;

    /// <param name="moof">The body of the box.</param>
    /// <param name="moofOffset">Of the box in its file: offsets of samples count from there.</param>
    /// <param name="tracks">By track number; the samples of others are passed over.</param>
    /// <param name="defaults">The <c>trex</c> of every track, played or not.</param>
    /// <param name="fileLength">Samples past it make their track end.</param>
    /// <param name="limits">How many samples there may be.</param>
    /// <exception cref="Mp4FormatException">The fragment is malformed, or goes on with a track that was cut off before.</exception>
    internal static void Parse(
        BoxReader moof,
        long moofOffset,
        Dictionary<uint, FragmentedTrack> tracks,
        Dictionary<uint, FragmentDefaults> defaults,
        long fileLength,
        MediaLimits limits)
    {
        long implicitBase = moofOffset;
        while (moof.TryReadBox(out BoxHeader header, out BoxReader traf))
        {
            if (header.Type.Value == BoxType.Traf)
            {
                ParseTrack(traf, moofOffset, ref implicitBase, tracks, defaults, fileLength, limits);
            }
        }
    }

    private static void ParseTrack(
        BoxReader traf,
        long moofOffset,
        ref long implicitBase,
        Dictionary<uint, FragmentedTrack> tracks,
        Dictionary<uint, FragmentDefaults> allDefaults,
        long fileLength,
        MediaLimits limits)
    {
        // version(8)=0 | flags(24) | track_ID(32) | base_data_offset(64) | sample_description_index(32)
        // | default_sample_duration(32) | default_sample_size(32) | default_sample_flags(32); the last five where a flag says so
        BoxReader tfhd = BoxSearch.Find(traf, BoxType.Tfhd);
        tfhd.ReadVersion(0, out uint flags);
        uint id = tfhd.ReadUInt32();
        tracks.TryGetValue(id, out FragmentedTrack? track);
        BoxReader atBase = tfhd;
        long start = (flags & HasBaseDataOffset) != 0 ? (long)tfhd.ReadUInt64()
            : (flags & DefaultBaseIsMoof) != 0 ? moofOffset
            : implicitBase;
        if (start < 0)
        {
            atBase.Fail(Mp4Error.BadTable, "the base data offset is past 2^63");
        }

        FragmentDefaults defaults = allDefaults.GetValueOrDefault(id, FragmentDefaults.None);
        BoxReader atDescription = tfhd;
        if ((flags & HasDescription) != 0)
        {
            defaults = defaults with { Description = tfhd.ReadUInt32() };
        }

        if ((flags & HasDefaultDuration) != 0)
        {
            defaults = defaults with { Duration = tfhd.ReadUInt32() };
        }

        if ((flags & HasDefaultSize) != 0)
        {
            defaults = defaults with { Size = tfhd.ReadUInt32() };
        }

        if ((flags & HasDefaultFlags) != 0)
        {
            defaults = defaults with { Flags = tfhd.ReadUInt32() };
        }

        if (track is null)
        {
            // the next track's data begins where this one's ends, played or not (8.8.7)
            implicitBase = Measure(traf, start, defaults, fileLength);
            return;
        }

        if (defaults.Description == 0 && track.Draft.Descriptions.Length == 1)
        {
            defaults = defaults with { Description = 1 };
        }

        if (defaults.Description == 0 || defaults.Description > (uint)track.Draft.Descriptions.Length)
        {
            atDescription.Fail(
                Mp4Error.BadTable, $"the fragment names sample description {defaults.Description} of {track.Draft.Descriptions.Length}");
        }

        if (BoxSearch.TryFind(traf, BoxType.Tfdt, out BoxReader tfdt))
        {
            track.NextTime = ReadTime(tfdt);
        }

        long next = start;
        while (traf.TryReadBox(out BoxHeader header, out BoxReader trun))
        {
            if (header.Type.Value == BoxType.Trun)
            {
                next = ParseRun(trun, start, next, defaults, track, fileLength, limits);
            }
        }

        implicitBase = next;
    }

    /// <summary>
    /// Where the data of a track fragment ends whose samples are not read; the end of the file where that cannot be known.
    /// </summary>
    private static long Measure(BoxReader traf, long start, in FragmentDefaults defaults, long fileLength)
    {
        long next = start;
        try
        {
            while (traf.TryReadBox(out BoxHeader header, out BoxReader trun))
            {
                if (header.Type.Value == BoxType.Trun)
                {
                    next = MeasureRun(trun, start, next, defaults, fileLength);
                }
            }
        }
        catch (Mp4FormatException)
        {
            return fileLength;
        }

        return next;
    }

    private static long MeasureRun(BoxReader trun, long start, long next, in FragmentDefaults defaults, long fileLength)
    {
        trun.ReadVersion(1, out uint flags);
        uint count = trun.ReadUInt32();
        long end = (flags & HasDataOffset) != 0 ? start + trun.ReadInt32() : next;
        trun.Skip((flags & HasFirstFlags) != 0 ? 4 : 0);
        if ((flags & HasSize) == 0)
        {
            return Math.Clamp(end + ((long)count * defaults.Size), 0, fileLength);
        }

        int before = (flags & HasDuration) != 0 ? 4 : 0;
        int behind = 4 * System.Numerics.BitOperations.PopCount(flags & (HasFlags | HasComposition));
        for (; count > 0; count--)
        {
            trun.Skip(before);
            end += trun.ReadUInt32();
            trun.Skip(behind);
        }

        return Math.Clamp(end, 0, fileLength);
    }

    private static long ReadTime(BoxReader box)
    {
        // version(8) | flags(24) | baseMediaDecodeTime(32 or 64)
        byte version = box.ReadVersion(1, out _);
        BoxReader atTime = box;
        ulong time = version == 0 ? box.ReadUInt32() : box.ReadUInt64();
        if (time > (ulong)Edit.Longest)
        {
            atTime.Fail(Mp4Error.BadTable, $"the decode time {time} is past any recording");
        }

        return (long)time;
    }

    /// <returns>Where the next run's data begins when it does not say.</returns>
    private static long ParseRun(
        BoxReader trun, long start, long next, in FragmentDefaults defaults, FragmentedTrack track, long fileLength, MediaLimits limits)
    {
        // version(8) | flags(24) | sample_count(32) | data_offset(32) | first_sample_flags(32)
        // | { duration(32) | size(32) | flags(32) | composition_time_offset(32) } * sample_count; all but the count where a flag says so
        long place = trun.Offset;
        trun.ReadVersion(1, out uint flags);
        BoxReader atCount = trun;
        uint count = trun.ReadUInt32();
        BoxReader atOffset = trun;
        long offset = (flags & HasDataOffset) != 0 ? start + trun.ReadInt32() : next;
        if (offset < 0)
        {
            atOffset.Fail(Mp4Error.BadTable, "the data is before the start of the file");
        }

        uint firstFlags = (flags & HasFirstFlags) != 0 ? trun.ReadUInt32() : defaults.Flags;
        int entrySize = 4 * System.Numerics.BitOperations.PopCount(flags & (HasDuration | HasSize | HasFlags | HasComposition));
        if ((ulong)count * (uint)entrySize > (ulong)trun.Remaining)
        {
            atCount.Fail(Mp4Error.BadTable, $"{count} entries of {entrySize} bytes do not fit into the {trun.Remaining} bytes left");
        }

        if (entrySize == 0 && defaults.Size == 0 && count > MostEmptySamples)
        {
            atCount.Fail(Mp4Error.BadTable, $"{count} samples have no size and no entry");
        }

        if (count > (uint)(limits.SamplesPerTrack - Math.Min(limits.SamplesPerTrack, track.Count)))
        {
            atCount.FailLimit($"{count} samples come to the {track.Count} of the track", nameof(MediaLimits.SamplesPerTrack),
                limits.SamplesPerTrack);
        }

        if (count > 0 && track.IsTruncated)
        {
            atCount.Fail(Mp4Error.SampleOutsideFile, $"a fragment before this one has samples past the end of the file at {fileLength}");
        }

        if (count > 0)
        {
            track.BeginRun(place);
        }

        for (uint i = 0; i < count; i++)
        {
            uint duration = (flags & HasDuration) != 0 ? trun.ReadUInt32() : defaults.Duration;
            uint size = (flags & HasSize) != 0 ? trun.ReadUInt32() : defaults.Size;
            uint sampleFlags = (flags & HasFlags) != 0 ? trun.ReadUInt32() : i == 0 ? firstFlags : defaults.Flags;
            int composition = (flags & HasComposition) != 0 ? trun.ReadInt32() : 0;
            if (offset > fileLength - size)
            {
                track.IsTruncated = true;
                return fileLength;
            }

            if (track.Bytes > fileLength - size)
            {
                atCount.Fail(Mp4Error.BadTable, "the samples of the track have more bytes than the file");
            }

            bool isSync = track.Draft.Kind == TrackKind.Audio || (sampleFlags & NotSync) == 0;
            if (!track.TryAdd(duration, composition, offset, size, isSync, (int)defaults.Description - 1))
            {
                atCount.Fail(Mp4Error.BadTable, $"the decode time goes back too far, to {track.NextTime}");
            }

            offset += size;
        }

        return offset;
    }
}

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
