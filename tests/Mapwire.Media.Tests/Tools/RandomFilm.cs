using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Tools;

/// <summary>A film of pictures and sound by chance: times, sizes, sync samples, chunks and their order in the file.</summary>
internal sealed class RandomFilm
{
    private const int DataStart = 28; // behind ftyp and the header of mdat
    private readonly Random _random;

    public RandomFilm(int seed)
    {
        _random = new Random(seed);
        VideoTimescale = (uint)Pick(25, 600, 1000, 12800, 90000, 30000);
        AudioTimescale = (uint)Pick(8000, 44100, 48000, 1000);
        int pictures = _random.Next(1, 60);
        int step = Math.Max(1, (int)(VideoTimescale / (uint)Pick(5, 10, 25)));
        for (int i = 0; i < pictures; i++)
        {
            Video.Add(new Sample(step + _random.Next(2) * _random.Next(step), _random.Next(4) == 0 ? step * _random.Next(3) : step,
                (uint)_random.Next(1, 60), i == 0 || _random.Next(6) == 0, _random.Next(3) == 0));
        }

        int sounds = _random.Next(0, 80);
        int tick = (int)AudioTimescale / 20;
        for (int i = 0; i < sounds; i++)
        {
            Audio.Add(new Sample(tick, 0, (uint)_random.Next(1, 9), true, _random.Next(4) == 0));
        }
    }

    public readonly record struct Sample(int Delta, int Composition, uint Size, bool IsSync, bool StartsChunk);

    public uint VideoTimescale { get; }

    public uint AudioTimescale { get; }

    public List<Sample> Video { get; } = [];

    public List<Sample> Audio { get; } = [];

    /// <summary>Whether edit lists take off the reordering delay and some of the start.</summary>
    public bool HasEdits { get; init; }

    public byte[] Build()
    {
        List<(int Track, int First, int Count)> chunks = [.. Chunks(0, Video), .. Chunks(1, Audio)];
        chunks = _random.Next(3) switch
        {
            0 => chunks, // all video before all sound
            1 => [.. chunks.OrderBy(_ => _random.Next())],
            _ => [.. chunks.OrderBy(chunk =>
                chunk.Track == 0 ? Time(Video, chunk.First, VideoTimescale) : Time(Audio, chunk.First, AudioTimescale))],
        };
        List<uint>[] offsets = [[], []];
        List<uint>[] counts = [[], []];
        uint position = DataStart;
        foreach ((int track, int first, int count) in chunks)
        {
            position += _random.Next(12) == 0 ? 3u : 0; // a hole
            offsets[track].Add(position);
            counts[track].Add((uint)count);
            position += (uint)(track == 0 ? Video : Audio).Skip(first).Take(count).Sum(static sample => sample.Size);
        }

        // chunks of a track are listed in decoding order, wherever they lie
        for (int track = 0; track < 2; track++)
        {
            (int First, uint Offset, uint Count)[] sorted =
            [
                .. chunks.Where(chunk => chunk.Track == track).Select((chunk, i) => (chunk.First, offsets[track][i], counts[track][i]))
                    .OrderBy(static chunk => chunk.First),
            ];
            offsets[track] = [.. sorted.Select(static chunk => chunk.Offset)];
            counts[track] = [.. sorted.Select(static chunk => chunk.Count)];
        }

        byte[] data = new byte[position - DataStart];
        _random.NextBytes(data);
        byte[] ftyp = new EditableBox("ftyp", Bytes("isom", 512, "isom")).Write();
        EditableBox moov = new("moov", new EditableBox("mvhd", Bytes(0, 0, 0, 1000, 0, new byte[80])));
        byte[] picture = new EditableBox("avc1", Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50],
            new EditableBox("avcC", Mp4Builder.AvcRecord).Write())).Write();
        byte[] esds = new EditableBox("esds",
            Bytes(0, Convert.FromHexString("031900010004114015000000000000000000000005021210060102"))).Write();
        byte[] sound = new EditableBox("mp4a", Bytes(0, (short)0, (short)1, 0L, (short)2, (short)16, 0, 44100 << 16, esds)).Write();
        moov.Children!.Add(Track(1, "vide", VideoTimescale, picture, Video, offsets[0], counts[0]));
        if (Audio.Count > 0)
        {
            moov.Children!.Add(Track(2, "soun", AudioTimescale, sound, Audio, offsets[1], counts[1]));
        }

        return [.. ftyp, .. new EditableBox("mdat", data).Write(), .. moov.Write()];
    }

    private EditableBox Track(
        int id, string handler, uint timescale, byte[] entry, List<Sample> samples, List<uint> offsets, List<uint> counts)
    {
        EditableBox stbl = new(
            "stbl",
            new EditableBox("stsd", Bytes(0, 1, entry)),
            Table("stts", samples.Select(static sample => new object[] { 1, sample.Delta })),
            Table("ctts", samples.Select(static sample => new object[] { 1, sample.Composition })),
            Table("stss", samples.Index().Where(static pair => pair.Item.IsSync).Select(static pair => new object[] { pair.Index + 1 })),
            Table("stsc", counts.Select(static (count, i) => new object[] { i + 1, count, 1 })),
            new EditableBox("stsz", Bytes(0, 0, samples.Count, Bytes([.. samples.Select(static sample => (object)sample.Size)]))),
            Table("stco", offsets.Select(static offset => new object[] { offset })));
        EditableBox trak = new(
            "trak",
            new EditableBox("tkhd", Bytes(7, 0, 0, id, new byte[68])),
            new EditableBox(
                "mdia",
                new EditableBox("mdhd", Bytes(0, 0, 0, timescale, 0, 0x55C40000)),
                new EditableBox("hdlr", Bytes(0, 0, handler, new byte[13])),
                new EditableBox("minf", stbl)));
        if (HasEdits)
        {
            int start = (int)(timescale * (uint)_random.Next(0, 100) / 100);
            trak.Set(_random.Next(3) == 0
                ? Mp4Builder.EditList(((uint)_random.Next(500), -1, 0x10000), (0, start, 0x10000))
                : Mp4Builder.EditList((0, start, 0x10000)));
        }

        return trak;
    }

    private static EditableBox Table(string type, IEnumerable<object[]> rows)
    {
        object[][] all = [.. rows];
        return new EditableBox(type, Bytes(0, all.Length, Bytes([.. all.SelectMany(static row => row)])));
    }

    private static List<(int Track, int First, int Count)> Chunks(int track, List<Sample> samples)
    {
        List<(int Track, int First, int Count)> chunks = [];
        for (int i = 0; i < samples.Count; i++)
        {
            if (i == 0 || samples[i].StartsChunk)
            {
                chunks.Add((track, i, 0));
            }

            chunks[^1] = chunks[^1] with { Count = chunks[^1].Count + 1 };
        }

        return chunks;
    }

    private static double Time(List<Sample> samples, int index, uint timescale) =>
        samples.Take(index).Sum(static sample => (double)sample.Delta) / timescale;

    private int Pick(params ReadOnlySpan<int> choices) => choices[_random.Next(choices.Length)];
}
