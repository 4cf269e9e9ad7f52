namespace Mapwire.Media.Mp4.Writing;

/// <summary>Writes the <c>moov</c> of a clip: its tracks with all tables (ISO/IEC 14496-12, 8.6 and 8.7) and edit lists.</summary>
/// <param name="writer">Where to.</param>
/// <param name="tracks">The tracks.</param>
/// <param name="isWide">Whether chunk offsets need 64 bits.</param>
internal sealed class ClipMovieWriter(BoxWriter writer, List<ClipTrack> tracks, bool isWide)
{
    /// <summary>Durations of the movie are at least as fine as milliseconds.</summary>
    private const uint MinTimescale = 1000;

    private readonly int[] _chunkTables = new int[tracks.Count]; // where the next chunk offset of each track is
    private readonly uint _timescale = Refine(tracks[0].Track.Timescale);

    /// <param name="chunks">Of all tracks, in the order of the file.</param>
    internal void Write(List<ClipChunk> chunks)
    {
        int moov = writer.Begin(BoxType.Moov);
        ulong duration = tracks.Max(DurationOf);
        TrackBoxWriter.WriteMovieHeader(writer, _timescale, duration, (uint)tracks.Count);
        for (int i = 0; i < tracks.Count; i++)
        {
            WriteTrack(i, chunks);
        }

        writer.End(moov);
    }

    /// <summary>Fills in where the chunks are, when the length of the <c>moov</c> is known.</summary>
    /// <param name="chunks">The same.</param>
    /// <param name="position">Of the first, in the clip.</param>
    internal void PlaceChunks(List<ClipChunk> chunks, long position)
    {
        foreach (ClipChunk chunk in chunks)
        {
            if (isWide)
            {
                writer.Patch(_chunkTables[chunk.Track], (ulong)position);
                _chunkTables[chunk.Track] += 8;
            }
            else
            {
                writer.Patch(_chunkTables[chunk.Track], (uint)position);
                _chunkTables[chunk.Track] += 4;
            }

            position += chunk.Bytes;
        }
    }

    /// <summary>The track's own where that is fine enough, so that its edits are exact.</summary>
    private static uint Refine(uint timescale) =>
        timescale >= MinTimescale ? timescale : timescale * ((MinTimescale + timescale - 1) / timescale);

    private ulong ToMovie(long ticks, ClipTrack track) =>
        (ulong)Math.Max(0, Timeline.Round((Int128)ticks * _timescale, track.Track.Timescale));

    private ulong DurationOf(ClipTrack track) => ToMovie(track.ShownUntil - track.Start, track);

    private void WriteTrack(int number, List<ClipChunk> chunks)
    {
        ClipTrack track = tracks[number];
        int trak = writer.Begin(BoxType.Trak);
        TrackBoxWriter.WriteTrackHeader(writer, track.Track, DurationOf(track));
        WriteEdits(track);
        int mdia = writer.Begin(BoxType.Mdia);
        TrackBoxWriter.WriteMediaHeaders(writer, track.Track, (ulong)Math.Max(0, track.Duration));
        int minf = writer.Begin(BoxType.Minf);
        TrackBoxWriter.WriteMediaInformation(writer, track.Track);
        int stbl = writer.Begin(BoxType.Stbl);
        List<int> descriptions = [];
        foreach (ClipChunk chunk in chunks)
        {
            if (chunk.Track == number && !descriptions.Contains(chunk.Description))
            {
                descriptions.Add(chunk.Description);
            }
        }

        TrackBoxWriter.WriteDescriptions(writer, track.Track, descriptions.ToArray());
        WriteTimes(track);
        WriteCompositions(track);
        WriteSyncSamples(track);
        WriteSizes(track);
        WriteChunks(number, chunks, descriptions);
        writer.End(stbl);
        writer.End(minf);
        writer.End(mdia);
        writer.End(trak);
    }

    private void WriteEdits(ClipTrack track)
    {
        // entry_count(32) | { segment_duration(64) | media_time(64) | media_rate(16.16) } * entry_count
        ulong pause = ToMovie(track.ShownFrom - track.Start, track);
        int edts = writer.Begin(BoxType.Edts);
        int elst = writer.Begin(BoxType.Elst, 1, 0);
        writer.WriteUInt32(pause > 0 ? 2u : 1);
        if (pause > 0)
        {
            writer.WriteUInt64(pause);
            writer.WriteUInt64(ulong.MaxValue); // -1: nothing is presented
            writer.WriteUInt32(1 << 16);
        }

        writer.WriteUInt64(DurationOf(track) - pause);
        writer.WriteUInt64((ulong)(track.ShownFrom - track.FirstDecodeTime));
        writer.WriteUInt32(1 << 16);
        writer.End(elst);
        writer.End(edts);
    }

    /// <summary>Writes <c>stts</c>, run-length.</summary>
    private void WriteTimes(ClipTrack track)
    {
        // entry_count(32) | { sample_count(32) | sample_delta(32) } * entry_count
        int stts = writer.Begin(BoxType.Stts, 0, 0);
        WriteRuns(track, static sample => FragmentShape.ToField(sample.Duration));
        writer.End(stts);
    }

    /// <summary>Writes <c>ctts</c>, run-length, where pictures are presented later than they are decoded.</summary>
    private void WriteCompositions(ClipTrack track)
    {
        TimelineTrack.Enumerator samples = track.Track.From(0);
        bool isNeeded = false;
        while (samples.MoveNext())
        {
            TimedSample sample = samples.Current;
            isNeeded |= sample.CompositionOffset != 0;
            if (sample.CompositionOffset > int.MaxValue || sample.Duration > uint.MaxValue)
            {
                throw track.Track.Refuse(Mp4WritingError.TimeOutOfRange,
                    $"a sample lasts {sample.Duration} ticks and is presented {sample.CompositionOffset} late");
            }
        }

        if (!isNeeded)
        {
            return;
        }

        // entry_count(32) | { sample_count(32) | sample_offset(32) } * entry_count
        int ctts = writer.Begin(BoxType.Ctts, 0, 0);
        WriteRuns(track, static sample => (uint)sample.CompositionOffset);
        writer.End(ctts);
    }

    private void WriteRuns(ClipTrack track, Func<TimedSample, uint> field)
    {
        int position = writer.Length;
        writer.WriteUInt32(0); // filled in at the end
        uint runs = 0;
        (uint count, uint value) = (0, 0);
        TimelineTrack.Enumerator samples = track.Track.From(0);
        while (samples.MoveNext())
        {
            uint now = field(samples.Current);
            if (count > 0 && now != value)
            {
                writer.WriteUInt32(count);
                writer.WriteUInt32(value);
                runs++;
                count = 0;
            }

            (count, value) = (count + 1, now);
        }

        writer.WriteUInt32(count);
        writer.WriteUInt32(value);
        writer.Patch(position, runs + 1);
    }

    /// <summary>Writes <c>stss</c>, where not all samples are sync samples.</summary>
    private void WriteSyncSamples(ClipTrack track)
    {
        // entry_count(32) | sample_number(32) * entry_count, counted from 1
        TimelineTrack.Enumerator samples = track.Track.From(0);
        bool isNeeded = false;
        while (samples.MoveNext() && !isNeeded)
        {
            isNeeded = !samples.Current.IsSync;
        }

        if (!isNeeded)
        {
            return;
        }

        int stss = writer.Begin(BoxType.Stss, 0, 0);
        int position = writer.Length;
        writer.WriteUInt32(0); // filled in at the end
        uint count = 0;
        samples = track.Track.From(0);
        while (samples.MoveNext())
        {
            if (samples.Current.IsSync)
            {
                writer.WriteUInt32((uint)samples.Index + 1);
                count++;
            }
        }

        writer.Patch(position, count);
        writer.End(stss);
    }

    private void WriteSizes(ClipTrack track)
    {
        // sample_size(32) | sample_count(32) | entry_size(32) * sample_count, where sample_size is 0
        TimelineTrack.Enumerator samples = track.Track.From(0);
        samples.MoveNext();
        uint size = samples.Current.Size;
        while (size != 0 && samples.MoveNext())
        {
            size = samples.Current.Size == size ? size : 0;
        }

        int stsz = writer.Begin(BoxType.Stsz, 0, 0);
        writer.WriteUInt32(size);
        writer.WriteUInt32((uint)track.Track.Count);
        samples = track.Track.From(0);
        while (size == 0 && samples.MoveNext())
        {
            writer.WriteUInt32(samples.Current.Size);
        }

        writer.End(stsz);
    }

    /// <summary>Writes <c>stsc</c>, run-length, and room for the offsets of the chunks.</summary>
    private void WriteChunks(int number, List<ClipChunk> chunks, List<int> descriptions)
    {
        // entry_count(32) | { first_chunk(32) | samples_per_chunk(32) | sample_description_index(32) } * entry_count
        int stsc = writer.Begin(BoxType.Stsc, 0, 0);
        int position = writer.Length;
        writer.WriteUInt32(0); // filled in at the end
        uint runs = 0;
        uint count = 0;
        (uint samples, int description) = (0, -1);
        foreach (ClipChunk chunk in chunks)
        {
            if (chunk.Track != number)
            {
                continue;
            }

            count++;
            if (chunk.Samples != samples || chunk.Description != description)
            {
                (samples, description) = (chunk.Samples, chunk.Description);
                writer.WriteUInt32(count);
                writer.WriteUInt32(samples);
                writer.WriteUInt32((uint)descriptions.IndexOf(description) + 1);
                runs++;
            }
        }

        writer.Patch(position, runs);
        writer.End(stsc);
        // entry_count(32) | chunk_offset(32 or 64) * entry_count
        int stco = writer.Begin(isWide ? BoxType.Co64 : BoxType.Stco, 0, 0);
        writer.WriteUInt32(count);
        _chunkTables[number] = writer.Length;
        for (; count > 0; count--)
        {
            writer.WriteZeros(isWide ? 8 : 4);
        }

        writer.End(stco);
    }
}
