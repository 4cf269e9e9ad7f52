using System.Buffers.Binary;

namespace Mapwire.Conformance.Films;

/// <summary>The samples of a file whose moov lies last, taken out of it so that they can be changed and laid out anew.</summary>
internal sealed class SampleLayout
{
    private readonly BoxFile _file;
    private readonly Box _mdat;

    public SampleLayout(BoxFile file)
    {
        _file = file;
        _mdat = file.Boxes.First(static box => box.Type == "mdat");
        Tables = [.. file.Moov.All("stbl")];
        long mdatAt = PayloadAt();
        Samples = [.. Tables.Select(stbl => SamplesOf(stbl, _mdat.Payload, mdatAt))];
    }

    /// <summary>The <c>stbl</c> of each track.</summary>
    public Box[] Tables { get; }

    /// <summary>The samples of each track.</summary>
    public List<byte[]>[] Samples { get; }

    /// <summary>All samples of a track as one chunk.</summary>
    public SampleChunk Whole(int track) => new(track, 0, Samples[track].Count);

    /// <summary>Chunks of half a second, the tracks in turn.</summary>
    public IEnumerable<SampleChunk> HalfSeconds()
    {
        double[][] times = [.. Tables.Select((stbl, track) => TimesOf(stbl, Timescale(track)))];
        int[] taken = new int[times.Length];
        for (double end = 0.5; taken.Where((count, track) => count < times[track].Length).Any(); end += 0.5)
        {
            for (int track = 0; track < times.Length; track++)
            {
                int count = times[track].Skip(taken[track]).TakeWhile(time => time < end).Count();
                if (count > 0)
                {
                    yield return new SampleChunk(track, taken[track], count);
                }

                taken[track] += count;
            }
        }
    }

    /// <summary>Writes samples and tables into the file again: where they lie, and how large they are.</summary>
    /// <param name="chunks">In the order of the file; all samples, each once.</param>
    public void Write(IEnumerable<SampleChunk> chunks)
    {
        SampleChunk[] all = [.. chunks];
        long mdatAt = PayloadAt();
        MemoryStream payload = new();
        List<long>[] offsets = [.. Tables.Select(static _ => new List<long>())];
        foreach (SampleChunk chunk in all)
        {
            payload.Write(chunk.Before ?? []);
            offsets[chunk.Track].Add(mdatAt + payload.Length);
            foreach (byte[] sample in Samples[chunk.Track].Skip(chunk.First).Take(chunk.Count))
            {
                payload.Write(sample);
            }
        }

        _mdat.Payload = payload.ToArray();
        if (_mdat.DeclaredLargeSize is not null)
        {
            _mdat.DeclaredLargeSize = (ulong)(16 + _mdat.Payload.Length);
        }

        for (int track = 0; track < Tables.Length; track++)
        {
            SampleChunk[] own = [.. all.Where(chunk => chunk.Track == track)];
            Replace(Tables[track], "stsz",
                new Box("stsz", Words([0, 0, (uint)Samples[track].Count, .. Samples[track].Select(static sample => (uint)sample.Length)])));
            Replace(Tables[track], "stsc", ToChunkRuns(own));
            Replace(Tables[track], Tables[track].Children.Exists(static child => child.Type == "stco") ? "stco" : "co64",
                Offsets64([.. offsets[track]]));
        }
    }

    /// <summary>A table of these big-endian words, version and flags among them.</summary>
    public static byte[] Words(params uint[] words)
    {
        byte[] bytes = new byte[4 * words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4 * i), words[i]);
        }

        return bytes;
    }

    /// <summary>The sample sizes of a <c>stsz</c>.</summary>
    public static uint[] Sizes(Box stsz)
    {
        uint one = stsz.UInt32(4);
        return [.. Enumerable.Range(0, (int)stsz.UInt32(8)).Select(i => one > 0 ? one : stsz.UInt32(12 + (4 * i)))];
    }

    /// <summary>The chunk offsets of a <c>stco</c>.</summary>
    public static IEnumerable<long> Offsets32(Box stco) =>
        Enumerable.Range(0, (int)stco.UInt32(4)).Select(i => (long)stco.UInt32(8 + (4 * i)));

    /// <summary>The chunk offsets of a <c>co64</c>.</summary>
    public static IEnumerable<long> Offsets64(Box co64) =>
        Enumerable.Range(0, (int)co64.UInt32(4)).Select(i => ((long)co64.UInt32(8 + (8 * i)) << 32) | co64.UInt32(12 + (8 * i)));

    /// <summary>A <c>co64</c>.</summary>
    public static Box Offsets64(long[] offsets)
    {
        byte[] payload = new byte[8 + (8 * offsets.Length)];
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(4), (uint)offsets.Length);
        for (int i = 0; i < offsets.Length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(payload.AsSpan(8 + (8 * i)), offsets[i]);
        }

        return new Box("co64", payload);
    }

    private static Box ToChunkRuns(SampleChunk[] chunks)
    {
        List<uint> words = [];
        for (int i = 0; i < chunks.Length; i++)
        {
            if (i == 0 || (chunks[i].Count, chunks[i].Description) != (chunks[i - 1].Count, chunks[i - 1].Description))
            {
                words.AddRange([(uint)i + 1, (uint)chunks[i].Count, (uint)chunks[i].Description]);
            }
        }

        return new Box("stsc", Words([0, (uint)(words.Count / 3), .. words]));
    }

    private static void Replace(Box stbl, string type, Box by) => stbl.Children[stbl.Children.FindIndex(child => child.Type == type)] = by;

    private static List<byte[]> SamplesOf(Box stbl, byte[] mdat, long mdatAt)
    {
        uint[] sizes = Sizes(stbl.At("stsz"));
        long[] chunks =
            [.. stbl.Children.Find(static box => box.Type == "stco") is { } stco ? Offsets32(stco) : Offsets64(stbl.At("co64"))];
        Box stsc = stbl.At("stsc");
        List<byte[]> samples = [];
        for (int chunk = 0; chunk < chunks.Length; chunk++)
        {
            uint count = 0;
            for (int run = 0; run < stsc.UInt32(4); run++)
            {
                count = stsc.UInt32(8 + (12 * run)) <= chunk + 1 ? stsc.UInt32(12 + (12 * run)) : count;
            }

            int at = (int)(chunks[chunk] - mdatAt);
            for (; count > 0; count--)
            {
                int size = (int)sizes[samples.Count];
                samples.Add(mdat.AsSpan(at, size).ToArray());
                at += size;
            }
        }

        return samples;
    }

    private static double[] TimesOf(Box stbl, uint timescale)
    {
        Box stts = stbl.At("stts");
        List<double> times = [];
        long time = 0;
        for (int i = 0; i < stts.UInt32(4); i++)
        {
            for (uint count = stts.UInt32(8 + (8 * i)); count > 0; count--)
            {
                times.Add((double)time / timescale);
                time += stts.UInt32(12 + (8 * i));
            }
        }

        return [.. times];
    }

    private uint Timescale(int track) => _file.Moov.All("mdhd").ElementAt(track).UInt32(12);

    private long PayloadAt() =>
        _file.Boxes.TakeWhile(box => box != _mdat).Sum(static box => box.Length) + _mdat.Length - _mdat.Payload.Length;
}
