namespace Mapwire.Media.Mp4;

/// <summary>Reads groups of samples (ISO/IEC 14496-12, 8.9) for places to start from.</summary>
internal static class SampleGroups
{
    private const uint RandomAccessPoint = 'r' << 24 | 'a' << 16 | 'p' << 8 | ' ';
    private const uint Roll = 'r' << 24 | 'o' << 16 | 'l' << 8 | 'l';

    /// <summary>Adds to the sync samples what groups say of others that can be started from.</summary>
    /// <param name="stbl">Where the groups are.</param>
    /// <param name="sync">Ascending.</param>
    /// <param name="samples">How many there are.</param>
    /// <remarks>
    /// Samples of type <c>rap</c> are no sync samples in the strict sense, open groups of pictures mostly (10.4). From those of type
    /// <c>roll</c> (10.1) on pictures are broken for a while, being refreshed bit by bit, so they count where nothing but the first sample
    /// is better. The reference reader takes the same places then, by the recovery points in the samples.
    /// </remarks>
    /// <exception cref="Mp4FormatException">A group is malformed.</exception>
    internal static int[] AddAccessPoints(BoxReader stbl, int[] sync, int samples)
    {
        int[] points = Add(stbl, sync, samples, RandomAccessPoint, null);
        if (points.Length > 1)
        {
            return points;
        }

        HashSet<uint> recoveries = FindRecoveries(stbl);
        return recoveries.Count > 0 ? Add(stbl, points, samples, Roll, recoveries) : points;
    }

    /// <param name="stbl">Where the groups are.</param>
    /// <param name="sync">What they are added to.</param>
    /// <param name="samples">How many there are.</param>
    /// <param name="type">Of the grouping.</param>
    /// <param name="descriptions">The descriptions that count, from 1 on; null for all.</param>
    private static int[] Add(BoxReader stbl, int[] sync, int samples, uint type, HashSet<uint>? descriptions)
    {
        // version(8) | flags(24) | grouping_type(32) | grouping_type_parameter(32) in version 1 | entry_count(32)
        // | { sample_count(32) | group_description_index(32) } * entry_count; index 0 is "in no group"
        int[]? changes = null; // at a sample: groups that begin there, less those that are over
        while (stbl.TryReadBox(out BoxHeader header, out BoxReader box))
        {
            if (header.Type.Value != BoxType.Sbgp)
            {
                continue;
            }

            byte version = box.ReadVersion(1, out _);
            if (box.ReadUInt32() != type)
            {
                continue;
            }

            if (version == 1)
            {
                box.Skip(4);
            }

            changes ??= new int[samples + 1];
            long sample = 0;
            for (int entries = box.ReadCount(8); entries > 0 && sample < samples; entries--)
            {
                long end = Math.Min(samples, sample + box.ReadUInt32());
                uint index = box.ReadUInt32();
                if (index != 0 && descriptions?.Contains(index) != false)
                {
                    changes[sample]++;
                    changes[end]--;
                }

                sample = end;
            }
        }

        return changes is null ? sync : Merge(sync, changes);
    }

    private static int[] Merge(int[] sync, int[] changes)
    {
        foreach (int sample in sync)
        {
            changes[sample]++;
            changes[sample + 1]--;
        }

        List<int> all = [];
        int groups = 0;
        for (int sample = 0; sample < changes.Length; sample++)
        {
            groups += changes[sample];
            if (groups > 0)
            {
                all.Add(sample);
            }
        }

        return [.. all];
    }

    /// <summary>The descriptions of type <c>roll</c> whose samples are whole some samples later, from 1 on.</summary>
    private static HashSet<uint> FindRecoveries(BoxReader stbl)
    {
        // version(8) | flags(24) | grouping_type(32) | default_length(32) in version 1 | default_description_index(32) from version 2 on
        // | entry_count(32) | { description_length(32) in version 1 without a default | roll_distance(16) } * entry_count
        HashSet<uint> recoveries = [];
        while (stbl.TryReadBox(out BoxHeader header, out BoxReader box))
        {
            if (header.Type.Value != BoxType.Sgpd)
            {
                continue;
            }

            byte version = box.ReadVersion(2, out _);
            if (box.ReadUInt32() != Roll)
            {
                continue;
            }

            uint length = version == 0 ? 2 : box.ReadUInt32();
            bool hasLengths = version == 1 && length == 0;
            length = version == 2 ? 2 : length;
            uint entries = (uint)box.ReadCount(hasLengths ? 6 : 2);
            for (uint index = 1; index <= entries; index++)
            {
                BoxReader entry = box;
                length = hasLengths ? box.ReadUInt32() : length;
                if (length < 2 || length > (uint)box.Remaining)
                {
                    entry.Fail(Mp4Error.BadTable, $"a description of {length} bytes cannot be one of type 'roll'");
                }

                if ((short)box.ReadUInt16() > 0)
                {
                    recoveries.Add(index);
                }

                box.Skip((int)length - 2);
            }
        }

        return recoveries;
    }
}
