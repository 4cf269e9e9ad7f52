namespace Mapwire.Media.Mp4.Writing;

/// <summary>The samples of one track in a fragment; none, where all of its tracks have none: players take no fragment without a track.
/// </summary>
/// <param name="Track">The track.</param>
/// <param name="First">The first sample on the line.</param>
/// <param name="Shape">What they have in common; it counts them, too.</param>
/// <param name="Description">Their number among the descriptions of the init segment, counted from 1; 1 is not written.</param>
/// <param name="Shift">What is added to their decode times, in ticks.</param>
internal readonly record struct FragmentTrack(TimelineTrack Track, long First, FragmentShape Shape, int Description, long Shift = 0)
{
    /// <summary>When the fragment begins, in ticks: its decode time where it has no sample.</summary>
    internal long Start { get; init; }

    /// <summary>How much longer than its table says the last of them lasts, in ticks.</summary>
    internal long Tail { get; init; }

    internal long Length => Shape.GetLength(Description != 1);
}

/// <summary>
/// Writes a <c>moof</c> and the header of its <c>mdat</c> (ISO/IEC 14496-12, 8.8) as all players take them: one <c>traf</c> a track,
/// pictures first, <c>default-base-is-moof</c>, a <c>tfdt</c> of version 1, runs in the order of the file, a 32-bit size of <c>mdat</c>.
/// </summary>
internal static class FragmentWriter
{
    /// <summary>Bytes of <c>styp</c>.</summary>
    internal const int TypeLength = 24;

    /// <summary>Bytes of the header of <c>mdat</c>.</summary>
    internal const int DataHeaderLength = 8;

    private const int MoofAndMfhd = 8 + 16;
    private const uint DefaultBaseIsMoof = 0x2_0000;

    /// <summary>Bytes of the <c>moof</c> of so many in its <c>traf</c> boxes.</summary>
    internal static long GetMoofLength(long trafs) => MoofAndMfhd + trafs;

    /// <param name="sequence">The fragment's number, from 1.</param>
    /// <param name="tracks">What is in it, pictures first.</param>
    /// <param name="start">Where in the file the payload begins, of a fragment that is one range of it; null where samples are gathered
    /// track by track.</param>
    /// <param name="payload">Bytes of the payload.</param>
    /// <param name="hasType">Whether a <c>styp</c> comes first.</param>
    internal static ReadOnlyMemory<byte> Write(
        uint sequence, ReadOnlySpan<FragmentTrack> tracks, long? start, long payload, bool hasType)
    {
        long trafs = 0;
        foreach (FragmentTrack track in tracks)
        {
            trafs += track.Length;
        }

        int moofLength = (int)GetMoofLength(trafs);
        BoxWriter writer = new((hasType ? TypeLength : 0) + moofLength + DataHeaderLength);
        int moof = Begin(writer, sequence, hasType);
        long position = moofLength + DataHeaderLength; // of a track's samples, from the start of the moof
        foreach (FragmentTrack track in tracks)
        {
            WriteTrack(writer, track, start is { } from ? position - from : null, position);
            position += start is null ? track.Shape.Bytes : 0;
        }

        return End(writer, moof, payload);
    }

    /// <summary>Writes a fragment of samples of one track that lie one behind the other.</summary>
    /// <param name="sequence">The fragment's number, from 1.</param>
    /// <param name="track">The track.</param>
    /// <param name="samples">At least one.</param>
    /// <param name="hasType">Whether a <c>styp</c> comes first.</param>
    internal static ReadOnlyMemory<byte> WriteRun(uint sequence, TimelineTrack track, ReadOnlySpan<TimedSample> samples, bool hasType)
    {
        FragmentShape shape = new(track, isChunked: false);
        foreach (TimedSample sample in samples)
        {
            shape.Add(sample);
        }

        FragmentTrack fragment = new(track, 0, shape, 1);
        int moofLength = (int)GetMoofLength(fragment.Length);
        BoxWriter writer = new((hasType ? TypeLength : 0) + moofLength + DataHeaderLength);
        int moof = Begin(writer, sequence, hasType);
        int traf = BeginTrack(writer, fragment);
        WriteDecodeTime(writer, samples[0].DecodeTime);
        int trun = BeginRun(writer, shape, isFirst: true, moofLength + DataHeaderLength);
        foreach (TimedSample sample in samples)
        {
            WriteEntry(writer, shape, sample);
        }

        EndRun(writer, trun, samples.Length);
        writer.End(traf);
        return End(writer, moof, shape.Bytes);
    }

    private static int Begin(BoxWriter writer, uint sequence, bool hasType)
    {
        if (hasType)
        {
            int styp = writer.Begin(BoxType.Styp);
            writer.Write("msdh\0\0\0\0msdhiso6"u8);
            writer.End(styp);
        }

        int moof = writer.Begin(BoxType.Moof);
        int mfhd = writer.Begin(BoxType.Mfhd, 0, 0);
        writer.WriteUInt32(sequence);
        writer.End(mfhd);
        return moof;
    }

    private static ReadOnlyMemory<byte> End(BoxWriter writer, int moof, long payload)
    {
        writer.End(moof);
        writer.WriteUInt32((uint)(DataHeaderLength + payload));
        writer.WriteUInt32(BoxType.Mdat);
        return writer.ToMemory();
    }

    /// <param name="writer">Where to.</param>
    /// <param name="fragment">The samples.</param>
    /// <param name="fromFile">What makes an offset in the file one from the start of the <c>moof</c>; null where there is one run.</param>
    /// <param name="position">Of that run, from the start of the <c>moof</c>.</param>
    private static void WriteTrack(BoxWriter writer, in FragmentTrack fragment, long? fromFile, long position)
    {
        int traf = BeginTrack(writer, fragment);
        WriteSamples(writer, fragment, fromFile, position);
        writer.End(traf);
    }

    /// <summary>Begins a <c>traf</c> with its <c>tfhd</c>.</summary>
    private static int BeginTrack(BoxWriter writer, in FragmentTrack fragment)
    {
        FragmentShape shape = fragment.Shape;
        int traf = writer.Begin(BoxType.Traf);
        // track_ID(32) | sample_description_index(32) | default_sample_duration(32) | size(32) | flags(32), all but the first if flagged
        uint flags = DefaultBaseIsMoof | (fragment.Description != 1 ? 2u : 0) | (shape.HasDurations ? 0 : 8u)
            | (shape.HasSizes ? 0 : 0x10u) | (shape.HasFlags ? 0 : 0x20u);
        int tfhd = writer.Begin(BoxType.Tfhd, 0, flags);
        writer.WriteUInt32(fragment.Track.Id);
        WriteIf(writer, fragment.Description != 1, (uint)fragment.Description);
        WriteIf(writer, !shape.HasDurations, shape.Duration);
        WriteIf(writer, !shape.HasSizes, shape.Size);
        WriteIf(writer, !shape.HasFlags, shape.DefaultFlags);
        writer.End(tfhd);
        return traf;
    }

    private static void WriteDecodeTime(BoxWriter writer, long time)
    {
        // baseMediaDecodeTime(64)
        int tfdt = writer.Begin(BoxType.Tfdt, 1, 0);
        writer.WriteUInt64((ulong)time);
        writer.End(tfdt);
    }

    private static void WriteSamples(BoxWriter writer, in FragmentTrack fragment, long? fromFile, long position)
    {
        FragmentShape shape = fragment.Shape;
        if (shape.Count == 0)
        {
            WriteDecodeTime(writer, fragment.Start + fragment.Shift);
            return;
        }

        FragmentShape written = new(fragment.Track, fromFile is not null);
        TimelineTrack.Enumerator samples = fragment.Track.From(fragment.First);
        int trun = 0;
        int count = 0; // of the samples in the run
        while (written.Count < shape.Count && samples.MoveNext())
        {
            TimedSample sample = samples.Current;
            if (written.Count == shape.Count - 1)
            {
                sample = sample with { Duration = sample.Duration + fragment.Tail };
            }

            if (written.Count == 0)
            {
                WriteDecodeTime(writer, sample.DecodeTime + fragment.Shift);
            }

            if (written.BeginsRun(sample))
            {
                EndRun(writer, trun, count);
                trun = BeginRun(writer, shape, written.Count == 0, fromFile is { } shift ? sample.Offset + shift : position);
                count = 0;
            }

            WriteEntry(writer, shape, sample);
            written.Add(sample);
            count++;
        }

        EndRun(writer, trun, count);
    }

    /// <summary>Writes what a <c>trun</c> says of one sample.</summary>
    private static void WriteEntry(BoxWriter writer, in FragmentShape shape, in TimedSample sample)
    {
        WriteIf(writer, shape.HasDurations, FragmentShape.ToField(sample.Duration));
        WriteIf(writer, shape.HasSizes, sample.Size);
        WriteIf(writer, shape.HasFlags, sample.IsSync ? FragmentShape.SyncFlags : FragmentShape.OtherFlags);
        WriteIf(writer, shape.HasComposition, (uint)sample.CompositionOffset);
    }

    private static int BeginRun(BoxWriter writer, in FragmentShape shape, bool isFirst, long position)
    {
        // sample_count(32) | data_offset(32, signed) | first_sample_flags(32)
        // | { duration(32) | size(32) | flags(32) | composition_time_offset(32, signed) } * sample_count, each if flagged
        bool hasFirstFlags = isFirst && shape.HasFirstFlags;
        uint flags = 1 | (hasFirstFlags ? 4u : 0) | (shape.HasDurations ? 0x100u : 0) | (shape.HasSizes ? 0x200u : 0)
            | (shape.HasFlags ? 0x400u : 0) | (shape.HasComposition ? 0x800u : 0);
        int trun = writer.Begin(BoxType.Trun, 1, flags);
        writer.WriteUInt32(0); // filled in at the end
        writer.WriteInt32((int)position);
        WriteIf(writer, hasFirstFlags, FragmentShape.SyncFlags);
        return trun;
    }

    private static void EndRun(BoxWriter writer, int trun, int count)
    {
        if (count > 0)
        {
            writer.Patch(trun + 12, (uint)count);
            writer.End(trun);
        }
    }

    private static void WriteIf(BoxWriter writer, bool isPresent, uint value)
    {
        if (isPresent)
        {
            writer.WriteUInt32(value);
        }
    }
}
