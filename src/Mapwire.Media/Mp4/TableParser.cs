using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4;

/// <summary>
/// Reads the tables of a <c>stbl</c> box (ISO/IEC 14496-12, 8.6 and 8.7) and checks them against each other and the file.
/// </summary>
internal static class TableParser
{
    /// <summary>
    /// Durations above this are negative numbers that a writer stored unsigned (ten seconds at 48 kHz of them): corrections of the
    /// sample times before. The reference reader of this project takes the same bound.
    /// </summary>
    private const uint LargestDuration = uint.MaxValue - 480_000;

    /// <param name="stbl">The body of the box.</param>
    /// <param name="kind">Of sound every sample is a sync sample, whatever the tables say.</param>
    /// <param name="descriptions">How many entries <c>stsd</c> has.</param>
    /// <param name="fileLength">Samples from the first on that ends past it are left out.</param>
    /// <param name="limits">How many samples there may be.</param>
    /// <exception cref="Mp4FormatException">A table is missing, malformed, or contradicts another.</exception>
    internal static MediaTables Parse(BoxReader stbl, TrackKind kind, int descriptions, long fileLength, MediaLimits limits)
    {
        SampleSizes sizes = ReadSizes(stbl, limits);
        if (sizes.Count == 0)
        {
            return MediaTables.Empty;
        }

        TimeRun[] times = ReadTimes(BoxSearch.Find(stbl, BoxType.Stts));
        ChunkRun[] chunkRuns = ReadChunkRuns(BoxSearch.Find(stbl, BoxType.Stsc), descriptions);
        ChunkOffsets chunks = ReadChunkOffsets(stbl, out BoxReader chunkBox);
        long shift = 0;
        CompositionRun[] compositions = [];
        if (BoxSearch.TryFind(stbl, BoxType.Ctts, out BoxReader ctts))
        {
            compositions = ReadCompositions(ctts, out shift);
        }

        int[]? sync =
            kind == TrackKind.Video && BoxSearch.TryFind(stbl, BoxType.Stss, out BoxReader stss) ? ReadSync(stss, sizes.Count) : null;
        if (sync is not null && BoxSearch.TryFind(stbl, BoxType.Stps, out BoxReader stps))
        {
            sync = Merge(sync, ReadSync(stps, sizes.Count));
        }

        if (sync is not null)
        {
            sync = SampleGroups.AddAccessPoints(stbl, sync, sizes.Count);
        }

        MediaTables tables = new()
        {
            TimeRuns = times,
            CompositionRuns = compositions,
            Chunks = chunks,
            ChunkRuns = chunkRuns,
            Sizes = sizes,
            SyncSamples = sync,
            DecodeShift = shift,
            Places = new TablePlaces(stbl),
        };
        if (tables.Check(fileLength, out int bad))
        {
            return tables;
        }

        TableCursor cursor = tables.Locate(bad);
        if (cursor.IsPastChunks)
        {
            chunkBox.Fail(Mp4Error.BadTable, $"the chunks hold {bad} samples where there are {sizes.Count}");
        }

        if (bad == 0)
        {
            chunkBox.Fail(
                Mp4Error.SampleOutsideFile,
                $"the file is cut off: none of {sizes.Count} samples is there; the first has {cursor.Size} bytes at {cursor.Offset}, "
                + $"and the file ends at {fileLength}");
        }

        return tables.Take(bad, fileLength);
    }

    /// <summary>The number of samples that a <c>stbl</c> declares, for a listing; 0 when it does not say.</summary>
    internal static long CountSamples(BoxReader stbl)
    {
        if (!BoxSearch.TryFind(stbl, BoxType.Stsz, out BoxReader box) && !BoxSearch.TryFind(stbl, BoxType.Stz2, out box))
        {
            return 0;
        }

        box.Skip(8);
        return box.ReadUInt32();
    }

    private static SampleSizes ReadSizes(BoxReader stbl, MediaLimits limits)
    {
        // stsz: version(8)=0 | flags(24) | sample_size(32) | sample_count(32) | entry_size(32) * sample_count if sample_size == 0
        // stz2: version(8)=0 | flags(24) | reserved(24) | field_size(8) | sample_count(32) | entry_size(field_size) * sample_count
        bool isCompact = !BoxSearch.TryFind(stbl, BoxType.Stsz, out BoxReader box);
        if (isCompact && !BoxSearch.TryFind(stbl, BoxType.Stz2, out box))
        {
            stbl.Fail(Mp4Error.MissingBox, "'stbl' has no 'stsz' or 'stz2'");
        }

        box.ReadVersion(0, out _);
        uint size = box.ReadUInt32();
        int fieldBits = 32;
        if (isCompact)
        {
            fieldBits = (int)(size & 0xFF);
            size = 0;
            if (fieldBits is not (4 or 8 or 16))
            {
                box.Fail(Mp4Error.BadTable, $"sizes of {fieldBits} bits are not defined");
            }
        }

        BoxReader atCount = box;
        uint count = box.ReadUInt32();
        if (count > (uint)limits.SamplesPerTrack)
        {
            atCount.FailLimit($"there are {count} samples", nameof(MediaLimits.SamplesPerTrack), limits.SamplesPerTrack);
        }

        if (size != 0)
        {
            return SampleSizes.Constant(size, (int)count);
        }

        ulong bytes = ((ulong)count * (uint)fieldBits + 7) / 8;
        if (bytes > (ulong)box.Remaining)
        {
            atCount.Fail(Mp4Error.BadTable, $"{count} sizes of {fieldBits} bits do not fit into the {box.Remaining} bytes left");
        }

        return SampleSizes.Read(box.ReadBytes((int)bytes), fieldBits, (int)count);
    }

    private static TimeRun[] ReadTimes(BoxReader box)
    {
        // version(8)=0 | flags(24) | entry_count(32) | { sample_count(32) | sample_delta(32) } * entry_count
        box.ReadVersion(0, out _);
        int entries = box.ReadCount(8);
        List<TimeRun> runs = new(entries);
        long time = 0;
        long corrected = 0;
        for (int i = 0; i < entries; i++)
        {
            uint count = box.ReadUInt32();
            uint delta = box.ReadUInt32();
            if (count == 0)
            {
                continue;
            }

            if (delta > LargestDuration)
            {
                corrected += (int)delta < 0 ? (long)(int)delta * count : count;
                delta = 1;
            }
            else
            {
                corrected += (long)delta * count;
            }

            time += (long)delta * count;
            if (time > corrected)
            {
                // Take back what an earlier correction could not, since time never runs backwards.
                long drift = (time - corrected) / count;
                uint correction = delta > drift ? (uint)drift : Math.Max(delta, 1) - 1;
                time -= (long)correction * count;
                delta -= correction;
            }

            runs.Add(new TimeRun(count, delta));
        }

        if (runs.Count == 0)
        {
            box.Fail(Mp4Error.BadTable, "there are samples but no decode times");
        }

        return [.. runs];
    }

    private static CompositionRun[] ReadCompositions(BoxReader box, out long shift)
    {
        // version(8) | flags(24) | entry_count(32) | { sample_count(32) | sample_offset(32) } * entry_count
        // Offsets are unsigned in version 0 and signed in version 1; QuickTime has always written signed ones as version 0.
        box.ReadVersion(1, out _);
        int entries = box.ReadCount(8);
        List<CompositionRun> runs = new(entries);
        shift = 0;
        for (int i = 0; i < entries; i++)
        {
            uint count = box.ReadUInt32();
            int offset = box.ReadInt32();
            if (count == 0)
            {
                continue;
            }

            runs.Add(new CompositionRun(count, offset));
            // The last two entries do not count, as in the reference reader: some writers leave nonsense there.
            if (i + 2 < entries)
            {
                shift = Math.Max(shift, -(long)offset);
            }
        }

        return [.. runs];
    }

    private static ChunkRun[] ReadChunkRuns(BoxReader box, int descriptions)
    {
        // version(8)=0 | flags(24) | entry_count(32) | { first_chunk(32) | samples_per_chunk(32) | description_index(32) } * entry_count
        box.ReadVersion(0, out _);
        int entries = box.ReadCount(12);
        if (entries == 0)
        {
            box.Fail(Mp4Error.BadTable, "there are samples but no chunks");
        }

        ChunkRun[] runs = new ChunkRun[entries];
        for (int i = 0; i < entries; i++)
        {
            BoxReader entry = box;
            uint first = box.ReadUInt32();
            uint samples = box.ReadUInt32();
            uint description = box.ReadUInt32();
            if (i == 0 ? first != 1 : first <= runs[i - 1].FirstChunk + 1L)
            {
                entry.Fail(Mp4Error.BadTable, $"entry {i + 1} begins at chunk {first}, out of order");
            }

            if (first > int.MaxValue)
            {
                entry.Fail(Mp4Error.BadTable, $"entry {i + 1} begins at chunk {first}, past any chunk");
            }

            if (samples == 0)
            {
                entry.Fail(Mp4Error.BadTable, $"entry {i + 1} has chunks without samples");
            }

            if (description == 0 && descriptions == 1)
            {
                description = 1; // numbers count from 1, and some writers count from 0
            }

            if (description == 0 || description > (uint)descriptions)
            {
                entry.Fail(Mp4Error.BadTable, $"entry {i + 1} names sample description {description} of {descriptions}");
            }

            runs[i] = new ChunkRun((int)(first - 1), samples, (int)(description - 1));
        }

        return runs;
    }

    private static ChunkOffsets ReadChunkOffsets(BoxReader stbl, out BoxReader box)
    {
        // version(8)=0 | flags(24) | entry_count(32) | chunk_offset(32 in stco, 64 in co64) * entry_count
        if (BoxSearch.TryFind(stbl, BoxType.Stco, out box))
        {
            BoxReader narrow = box;
            narrow.ReadVersion(0, out _);
            uint[] offsets = new uint[narrow.ReadCount(4)];
            for (int i = 0; i < offsets.Length; i++)
            {
                offsets[i] = narrow.ReadUInt32();
            }

            return new ChunkOffsets(offsets);
        }

        if (!BoxSearch.TryFind(stbl, BoxType.Co64, out box))
        {
            stbl.Fail(Mp4Error.MissingBox, "'stbl' has no 'stco' or 'co64'");
        }

        BoxReader wide = box;
        wide.ReadVersion(0, out _);
        long[] longOffsets = new long[wide.ReadCount(8)];
        for (int i = 0; i < longOffsets.Length; i++)
        {
            ulong offset = wide.ReadUInt64();
            longOffsets[i] = (long)Math.Min(offset, long.MaxValue); // past any file; refused with its sample
        }

        return new ChunkOffsets(longOffsets);
    }

    private static int[] ReadSync(BoxReader box, int samples)
    {
        // version(8)=0 | flags(24) | entry_count(32) | sample_number(32) * entry_count
        box.ReadVersion(0, out _);
        int entries = box.ReadCount(4);
        // An empty table says that there is no sync sample at all; decoding can only start with the first one, then.
        if (entries == 0)
        {
            return [0];
        }

        List<int> sync = new(entries);
        // Some writers count from 0; the reference reader goes by the first entry, and so does this one.
        uint origin = 1;
        for (int i = 0; i < entries; i++)
        {
            BoxReader entry = box;
            uint number = box.ReadUInt32();
            if (i == 0 && number == 0)
            {
                origin = 0;
            }

            if (sync.Count > 0 && number < sync[^1] + (long)origin)
            {
                entry.Fail(Mp4Error.BadTable, $"sync sample {number} is out of order");
            }

            if (sync.Count > 0 && number == sync[^1] + (long)origin)
            {
                continue;
            }

            if (number - origin >= (uint)samples)
            {
                break; // writers that stopped in a hurry leave these; there is no such sample to start from
            }

            sync.Add((int)(number - origin));
        }

        return [.. sync];
    }

    /// <summary>Two ascending lists become one.</summary>
    private static int[] Merge(int[] first, int[] second)
    {
        List<int> all = new(first.Length + second.Length);
        int i = 0;
        int k = 0;
        while (i < first.Length || k < second.Length)
        {
            int next = k == second.Length || (i < first.Length && first[i] <= second[k]) ? first[i++] : second[k++];
            if (all.Count == 0 || all[^1] != next)
            {
                all.Add(next);
            }
        }

        return [.. all];
    }
}
