using System.Diagnostics;
using System.Globalization;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Fuzzing;

/// <summary>
/// Damaged files without end: MAPWIRE_FUZZ_SECONDS says for how long (5 by default), MAPWIRE_FUZZ_SEED where to begin, MAPWIRE_FUZZ_SEEDS
/// names a folder of more files to damage (small ones). A file that breaks something is kept in the temporary folder, named in the message,
/// and belongs into Corpus when it is mended.
/// </summary>
public sealed class FuzzTests
{
    /// <summary>No small file takes longer, unless the machine is busy with something else; a slow one gets two more chances.</summary>
    private const double LongestMilliseconds = 100;

    [Fact]
    public void Damaged_files_are_read_or_refused_in_little_time_and_memory()
    {
        double seconds = Setting("MAPWIRE_FUZZ_SECONDS", 5);
        int seed = (int)Setting("MAPWIRE_FUZZ_SEED", 1);
        byte[][] seeds = [.. Seeds()];
        Mutator mutator = new(seed);
        Random random = new(seed);
        Stopwatch watch = Stopwatch.StartNew();
        List<byte[]> kept = [.. seeds];
        long cases = 0;
        long playable = 0;
        for (; watch.Elapsed.TotalSeconds < seconds; cases++)
        {
            byte[] file = mutator.Mutate(kept[random.Next(kept.Count)], seeds[random.Next(seeds.Length)]);
            bool isPlayable = Run(file);
            playable += isPlayable ? 1 : 0;
            // Damage on top of damage that was let through goes deeper; the list is renewed as it fills.
            if (isPlayable && file.Length < 1 << 15 && random.Next(20) == 0)
            {
                if (kept.Count < 200)
                    kept.Add(file);
                else
                    kept[seeds.Length + random.Next(kept.Count - seeds.Length)] = file;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{cases} cases, {playable} of them with something to play, seed {seed}");
        Assert.True(cases > 100, $"Only {cases} cases ran.");
        Assert.InRange(playable, 1, cases - 1);
    }

    /// <returns>Whether there is something to play.</returns>
    private static bool Run(byte[] file)
    {
        try
        {
            for (int chance = 0; ; chance++)
            {
                long allocated = GC.GetAllocatedBytesForCurrentThread();
                Stopwatch watch = Stopwatch.StartNew();
                bool isPlayable = Read(file);
                double milliseconds = watch.Elapsed.TotalMilliseconds;
                allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
                Assert.True(allocated < 4_000_000 + 100L * file.Length, $"{allocated} bytes were allocated for a file of {file.Length}");
                if (milliseconds < LongestMilliseconds)
                    return isPlayable;
                Assert.True(chance < 2, $"it took {milliseconds} ms");
            }
        }
        catch (Exception e)
        {
            string path = Path.Combine(Path.GetTempPath(), $"mapwire-fuzz-{Guid.NewGuid():N}.bin");
            File.WriteAllBytes(path, file);
            throw new InvalidOperationException($"{path}: {e.Message}", e);
        }
    }

    private static bool Read(byte[] file)
    {
        try
        {
            BoxTree.Read(file, 0);
            MovieFileReader reader = new(file.Length);
            while (reader.TryGetNext(out long offset, out int length))
            {
                Assert.True(offset >= 0 && length <= file.Length - offset, "bytes outside the file are wanted");
                reader.Add(file.AsSpan((int)offset, length));
            }

            long samples = 0;
            foreach (Track track in reader.ToMovie().Tracks)
            {
                long last = long.MinValue;
                long count = 0;
                foreach (Sample sample in track.Samples)
                {
                    Assert.True(sample.Offset >= 0 && sample.Offset <= file.Length - sample.Size, "a sample is outside the file");
                    Assert.True(sample.DecodeTime >= last, "decode times go back");
                    Assert.True((uint)sample.Description < (uint)track.Codecs.Length, "a sample has no codec");
                    last = sample.DecodeTime;
                    count++;
                }

                Assert.Equal(track.Samples.Count, count);
                samples += count;
            }

            return samples > 0;
        }
        catch (MediaFormatException e)
        {
            Assert.True(e.Offset >= 0 && e.Offset <= file.Length, $"offset {e.Offset} is outside the file");
            return false;
        }
    }

    /// <summary>Small files of every shape that the readers know; made by hand, so that fuzzing needs nothing but itself.</summary>
    private static IEnumerable<byte[]> Seeds()
    {
        const string Stbl = "trak/mdia/minf/stbl";
        yield return new Mp4Builder().Build();
        yield return new Mp4Builder { Sizes = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8] }.Build(moov =>
        {
            moov[Stbl].Set(new EditableBox("ctts", Bytes(0x01000000, 4, 3, 40, 3, -40, 3, 80, 3, 0)));
            moov[Stbl].Set(new EditableBox("stss", Bytes(0, 3, 1, 5, 9)));
            moov[Stbl].Set(new EditableBox("stsc", Bytes(0, 2, 1, 3, 1, 3, 2, 1)));
            moov[Stbl].Set(new EditableBox("stco", Bytes(0, 5, 28, 52, 70, 81, 84)));
            moov["trak"].Set(Mp4Builder.EditList((100, -1, 0x10000), (200, 90, 0x10000), (120, 10, 0x10000)));
        });
        yield return new Mp4Builder { Sizes = [5, 5, 5, 5] }.Build(moov =>
        {
            moov["trak/mdia"].Set(new EditableBox("hdlr", Bytes(0, 0, "soun", new byte[13])));
            byte[] esds = Bytes(0, Convert.FromHexString("031900010004114015000000000000000000000005021210060102"));
            byte[] entry = new EditableBox("mp4a", Bytes(0, (short)0, (short)1, 0L, (short)2, (short)16, 0, 44100 << 16, new EditableBox("esds", esds).Write())).Write();
            moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 1, entry)));
            moov[Stbl].Set(new EditableBox("stts", Bytes(0, 1, 4, 1024)));
            moov[Stbl].Set(new EditableBox("stsz", Bytes(0, 5, 4)));
            moov["trak"].Set(Mp4Builder.EditList((60, 1024, 0x10000)));
        });
        Mp4Builder fragmented = new() { Sizes = [] };
        fragmented.Extra.Add(new EditableBox("mvex", new EditableBox("trex", Bytes(0, 1, 1, 40, 20, 0x10000))));
        byte[] moof = new EditableBox("moof", new EditableBox("traf", new EditableBox("tfhd", Bytes(0x20000, 1)), new EditableBox("tfdt", Bytes(0, 400)),
            new EditableBox("trun", Bytes(0xF01, 3, 150, 40, 10, 0, 0, 40, 11, 0x10000, 80, 40, 12, 0x10000, -40)))).Write();
        byte[] data = new EditableBox("mdat", new byte[120]).Write();
        yield return [.. fragmented.Build(), .. moof, .. data, .. moof, .. data];
        string record = Convert.ToHexString(Mp4Builder.AvcRecord);
        yield return new FlvBuilder().Tag(18, 0, "02 0001 41").Tag(9, 0, $"17 00 000000 {record}").Tag(8, 0, "AF 00 1210").Tag(9, 0, "17 01 000028 AABB")
            .Tag(8, 23, "AF 01 CCDD").Tag(9, 40, "27 01 FFFFD8 AABB").Tag(8, 46, "91 4F707573 0102").Tag(9, 80, "A7 02 000010 06 01 68766331 01 000000 AA").Build();
        string?[] folders = [Path.Combine(AppContext.BaseDirectory, "Corpus"), Environment.GetEnvironmentVariable("MAPWIRE_FUZZ_SEEDS")];
        foreach (string? folder in folders.Where(folder => !string.IsNullOrEmpty(folder)))
        {
            foreach (string path in Directory.GetFiles(folder!).Order())
                yield return File.ReadAllBytes(path);
        }
    }

    private static double Setting(string name, double value) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : value;
}
