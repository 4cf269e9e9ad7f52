using System.Buffers.Binary;

namespace Mapwire.Conformance.Films;

/// <summary>
/// Rewrites a file whose moov lies last into what ffmpeg 5.1 does not write: other codecs, configurations and groups of samples.
/// </summary>
internal static class CodecShapes
{
    private const int VideoEntryHeader = 86;
    private const int AudioEntryHeader = 36;

    /// <summary>The pictures become those of an IVF file, as <c>vp08</c>; the file has as many in VP9.</summary>
    public static void Vp8(BoxFile file, byte[] ivf)
    {
        SampleLayout layout = new(file);
        List<byte[]> frames = [];
        for (int at = BinaryPrimitives.ReadUInt16LittleEndian(ivf.AsSpan(6)); at < ivf.Length; at += 12 + frames[^1].Length)
        {
            frames.Add(ivf.AsSpan(at + 12, (int)BinaryPrimitives.ReadUInt32LittleEndian(ivf.AsSpan(at))).ToArray());
        }

        Assert.Equal(layout.Samples[0].Count, frames.Count);
        layout.Samples[0].Clear();
        layout.Samples[0].AddRange(frames);
        layout.Write(layout.HalfSeconds());
        uint[] keys =
            [.. frames.Select(static (frame, i) => (frame, i)).Where(static pair => (pair.frame[0] & 1) == 0)
                .Select(static pair => (uint)pair.i + 1)];
        layout.Tables[0].At("stss").Payload = SampleLayout.Words([0, (uint)keys.Length, .. keys]);
        "vp08"u8.CopyTo(layout.Tables[0].At("stsd").Payload.AsSpan(12));
    }

    /// <summary>
    /// The parameter sets move from the description (<c>avc1</c>, <c>hvc1</c>) into every sync sample (<c>avc3</c>, <c>hev1</c>).
    /// </summary>
    public static void InBandSets(BoxFile file)
    {
        SampleLayout layout = new(file);
        Box stsd = layout.Tables[0].At("stsd");
        Box record = RecordOf(file);
        byte[] sets = [.. SetsOf(record).SelectMany(static set => (byte[])[.. SampleLayout.Words((uint)set.Length), .. set])];
        foreach (int sample in SyncSamples(layout.Tables[0]))
        {
            layout.Samples[0][sample] = [.. sets, .. layout.Samples[0][sample]];
        }

        layout.Write(layout.HalfSeconds());
        Box empty = new(record.Type, record.Type == "avcC" ? [.. record.Payload[..5], 0xE0, 0] : [.. record.Payload[..22], 0]);
        stsd.Payload =
            [.. SampleLayout.Words(0, 1),
            .. WithChildren(record.Type == "avcC" ? "avc3" : "hev1", EntriesOf(stsd)[0], VideoEntryHeader, [empty])];
    }

    /// <summary>The <c>avcC</c> or <c>hvcC</c> of the first track.</summary>
    public static Box RecordOf(BoxFile file) =>
        PictureBoxes(EntriesOf(file.Moov.All("stsd").First())[0]).First(static box => box.Type is "avcC" or "hvcC");

    /// <summary>The parameter sets of an <c>avcC</c> or a <c>hvcC</c>, and what else is in its arrays.</summary>
    public static IEnumerable<byte[]> SetsOf(Box record) =>
        record.Type == "avcC" ? AvcSetsOf(record).SelectMany(static all => all) : HevcSetsOf(record.Payload);

    /// <summary>
    /// A second take behind the first, in the same tracks: each has its own sample description, or one has the parameter sets of both.
    /// </summary>
    /// <param name="file">The first take; becomes both.</param>
    /// <param name="second">Has the same tracks in the same timescales.</param>
    /// <param name="oneEntry">One description of the picture with all parameter sets; the sound is the same then.</param>
    public static void Join(BoxFile file, BoxFile second, bool oneEntry)
    {
        SampleLayout layout = new(file);
        SampleLayout more = new(second);
        List<SampleChunk> chunks = [.. layout.HalfSeconds()];
        int[] before = [.. layout.Samples.Select(static samples => samples.Count)];
        chunks.AddRange(
            more.HalfSeconds().Select(chunk => chunk with { First = before[chunk.Track] + chunk.First, Description = oneEntry ? 1 : 2 }));
        for (int track = 0; track < layout.Tables.Length; track++)
        {
            (Box one, Box two) = (layout.Tables[track], more.Tables[track]);
            layout.Samples[track].AddRange(more.Samples[track]);
            one.Children.RemoveAll(static box => box.Type is "sgpd" or "sbgp");
            foreach (string type in (string[])["stts", "ctts"])
            {
                if (one.Children.Find(box => box.Type == type) is { } runs)
                {
                    Box others = two.At(type);
                    runs.Payload =
                        [.. runs.Payload[..4], .. SampleLayout.Words(runs.UInt32(4) + others.UInt32(4)), .. runs.Payload[8..],
                        .. others.Payload[8..]];
                }
            }

            if (one.Children.Find(static box => box.Type == "stss") is { } sync)
            {
                uint[] keys =
                    [.. SyncSamples(one).Concat(SyncSamples(two).Select(sample => sample + before[track]))
                        .Select(static sample => (uint)sample + 1)];
                sync.Payload = SampleLayout.Words([0, (uint)keys.Length, .. keys]);
            }

            Box stsd = one.At("stsd");
            byte[] theirs = EntriesOf(two.At("stsd"))[0];
            if (!oneEntry)
            {
                stsd.Payload = [.. SampleLayout.Words(0, 2), .. stsd.Payload[8..], .. theirs];
            }
            else if (track == 0)
            {
                stsd.Payload = [.. SampleLayout.Words(0, 1), .. WithBothSets(EntriesOf(stsd)[0], theirs)];
            }
        }

        layout.Write(chunks);
        foreach ((string type, int at) in (IEnumerable<(string, int)>)[("mvhd", 16), ("tkhd", 20), ("mdhd", 16)])
        {
            foreach ((Box one, Box two) in file.Moov.All(type).Zip(second.Moov.All(type)))
            {
                one.SetUInt32(at, one.UInt32(at) + two.UInt32(at));
            }
        }
    }

    /// <summary>Another AudioSpecificConfig, of five bytes as the one that ffmpeg writes.</summary>
    public static void AudioConfiguration(BoxFile file, byte[] configuration)
    {
        byte[] stsd = file.Moov.All("stsd").Last().Payload;
        byte[] old = AudioConfiguration(stsd);
        Assert.Equal(configuration.Length, old.Length);
        configuration.CopyTo(stsd, stsd.AsSpan().IndexOf(old));
    }

    /// <summary>The AudioSpecificConfig in a sound's description, as ffmpeg writes it.</summary>
    public static byte[] AudioConfiguration(byte[] entry)
    {
        int at = entry.AsSpan().IndexOf((ReadOnlySpan<byte>)[5, 0x80, 0x80, 0x80]) + 5;
        Assert.True(at > AudioEntryHeader);
        return entry[at..(at + entry[at - 1])];
    }

    /// <summary>
    /// No sync samples at all, or the first alone; the others are in groups of type <c>roll</c>, whole after some pictures.
    /// </summary>
    public static void RollGroups(BoxFile file, bool keepFirst, short distance)
    {
        Box stbl = file.Moov.All("stbl").First();
        int[] points = [.. SyncSamples(stbl)];
        stbl.At("stss").Payload = keepFirst ? SampleLayout.Words(0, 1, 1) : SampleLayout.Words(0, 0);
        List<uint> runs = [];
        int before = 0;
        foreach (int point in points.Where(point => !keepFirst || point > 0))
        {
            if (point > before)
            {
                runs.AddRange([(uint)(point - before), 0]);
            }

            runs.AddRange([1, 1]);
            before = point + 1;
        }

        uint roll = BinaryPrimitives.ReadUInt32BigEndian("roll"u8);
        stbl.Children.Add(new Box("sgpd", [.. SampleLayout.Words(0x0100_0000, roll, 2, 1), (byte)(distance >> 8), (byte)distance]));
        stbl.Children.Add(new Box("sbgp", SampleLayout.Words([0, roll, (uint)(runs.Count / 2), .. runs])));
    }

    /// <summary>The entries of a <c>stsd</c>, each a whole box.</summary>
    public static List<byte[]> EntriesOf(Box stsd) => [.. Box.ParseAll(stsd.Payload.AsSpan(8)).Select(static entry => entry.ToBytes())];

    /// <summary>The boxes inside a picture's description.</summary>
    public static List<Box> PictureBoxes(byte[] entry) => ChildrenOf(entry, VideoEntryHeader);

    /// <summary>The boxes inside a sound's description.</summary>
    public static List<Box> SoundBoxes(byte[] entry) => ChildrenOf(entry, AudioEntryHeader);

    private static List<Box> ChildrenOf(byte[] entry, int header) => Box.ParseAll(entry.AsSpan(header));

    private static byte[] WithChildren(string type, byte[] entry, int header, IEnumerable<Box> children) =>
        new Box(type, [.. entry[8..header], .. children.SelectMany(static child => child.ToBytes())]).ToBytes();

    private static byte[] WithBothSets(byte[] one, byte[] two)
    {
        Box avcC = PictureBoxes(one).First(static box => box.Type == "avcC");
        byte[][][] first = AvcSetsOf(avcC);
        byte[][][] second = AvcSetsOf(PictureBoxes(two).First(static box => box.Type == "avcC"));
        byte[][] sequences = [.. first[0], .. second[0]];
        byte[][] pictures = [.. first[1], .. second[1]];
        avcC.Payload =
            [.. avcC.Payload[..5], (byte)(0xE0 | sequences.Length), .. sequences.SelectMany(WithLength), (byte)pictures.Length,
            .. pictures.SelectMany(WithLength)];
        return WithChildren("avc1", one, VideoEntryHeader, [avcC]);

        static IEnumerable<byte> WithLength(byte[] set) => [(byte)(set.Length >> 8), (byte)set.Length, .. set];
    }

    /// <summary>The sequence and the picture parameter sets of an <c>avcC</c>.</summary>
    private static byte[][][] AvcSetsOf(Box avcC)
    {
        byte[] record = avcC.Payload;
        int at = 5;
        byte[][] sequences = Read(record[at++] & 0x1F);
        byte[][] pictures = Read(record[at++]);
        return [sequences, pictures];

        byte[][] Read(int count)
        {
            byte[][] sets = new byte[count][];
            for (int i = 0; i < count; i++)
            {
                int length = BinaryPrimitives.ReadUInt16BigEndian(record.AsSpan(at));
                sets[i] = record[(at + 2)..(at + 2 + length)];
                at += 2 + length;
            }

            return sets;
        }
    }

    private static IEnumerable<byte[]> HevcSetsOf(byte[] record)
    {
        int at = 23;
        for (int array = record[22]; array > 0; array--)
        {
            int count = BinaryPrimitives.ReadUInt16BigEndian(record.AsSpan(at + 1));
            at += 3;
            for (; count > 0; count--)
            {
                int length = BinaryPrimitives.ReadUInt16BigEndian(record.AsSpan(at));
                yield return record[(at + 2)..(at + 2 + length)];
                at += 2 + length;
            }
        }

        Assert.Equal(record.Length, at);
    }

    private static IEnumerable<int> SyncSamples(Box stbl)
    {
        Box stss = stbl.At("stss");
        return Enumerable.Range(0, (int)stss.UInt32(4)).Select(i => (int)stss.UInt32(8 + (4 * i)) - 1);
    }
}
