using FsCheck;
using FsCheck.Fluent;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>Tables of any shape, written by one simple model and read by the parser.</summary>
public sealed class TablePropertyTests
{
    private const string Stbl = "trak/mdia/minf/stbl";

    /// <summary>A sample as the model has it: nothing run-length, nothing shared.</summary>
    private readonly record struct ModelSample(uint Delta, int Composition, uint Size, bool IsSync, bool StartsChunk);

    [Fact]
    public void What_is_written_is_read()
    {
        Gen<ModelSample> samples =
            from delta in Gen.Choose(0, 3)
            from composition in Gen.Choose(0, 2)
            from size in Gen.Choose(0, 40)
            from sync in Gen.Choose(0, 5)
            from chunk in Gen.Choose(0, 3)
            select new ModelSample((uint)delta * 20, composition * 40, (uint)size, sync == 0, chunk == 0);
        Gen<ModelSample[]> lists = samples.NonEmptyListOf().Select(list => list.ToArray());
        Prop.ForAll(lists.ToArbitrary(), list => Check(list)).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_single_sample_is_read_unless_it_is_empty()
    {
        Assert.True(Check([new ModelSample(40, 80, 1, true, true)]));
        Assert.True(Check([new ModelSample(40, 80, 0, true, true)]));
    }

    [Fact]
    public void Many_samples_are_found_from_checkpoints()
    {
        Random random = new(7);
        ModelSample[] list = new ModelSample[3 * 4096 + 5];
        for (int i = 0; i < list.Length; i++)
        {
            list[i] =
                new ModelSample((uint)random.Next(1, 4) * 10, random.Next(3) * 20, (uint)random.Next(300), i % 50 == 0,
                random.Next(20) == 0);
        }

        Assert.True(Check(list));

        // From any start: the last sync sample that is decoded and presented by then is the first one sent.
        for (int from = 100; from < list.Length; from += 997)
        {
            long start = list.Take(from).Sum(sample => sample.Delta) + 40;
            (long time, long offset, long expected) = (0, 28, 0);
            foreach (ModelSample sample in list)
            {
                if (sample.IsSync && time + sample.Composition <= start)
                {
                    expected = offset;
                }

                time += sample.Delta;
                offset += sample.Size;
                if (time > start)
                {
                    break;
                }
            }

            byte[] file = Write(list, moov => moov["trak"].Set(Mp4Builder.EditList((1000, (int)start, 0x10000))));
            Assert.Equal(expected, Mp4Files.Parse(file).Tracks[0].Samples.First().Offset);
        }
    }

    private static bool Check(ModelSample[] list)
    {
        Movie movie = Mp4Files.Parse(Write(list, _ => { }));
        long time = 0;
        long offset = 28;
        List<Sample> expected = [];
        foreach (ModelSample sample in list)
        {
            expected.Add(new Sample(time, sample.Composition, offset, sample.Size, sample.IsSync));
            time += sample.Delta;
            offset += sample.Size;
        }

        if (expected.TrueForAll(static sample => !sample.IsSync))
        {
            expected[0] = expected[0] with { IsSync = true };
        }

        if (Array.TrueForAll(list, static sample => sample.Size == 0))
        {
            Assert.Equal("it has no samples", movie.Tracks[0].UnplayableReason); // empty ones are none
            return true;
        }

        Assert.Null(movie.Tracks[0].UnplayableReason);
        Assert.Equal(expected, movie.Tracks[0].Samples);
        Assert.Equal(expected, Enumerable.Range(0, expected.Count).Select(index => movie.Tracks[0].Samples[index]));
        Assert.Equal(expected.Sum(sample => sample.Size), movie.Tracks[0].Bytes);
        return true;
    }

    private static byte[] Write(ModelSample[] list, Action<EditableBox> change)
    {
        Mp4Builder builder = new() { Sizes = [.. list.Select(sample => sample.Size)] };
        return builder.Build(moov =>
        {
            EditableBox stbl = moov[Stbl];
            List<object> stts = [];
            List<object> ctts = [];
            List<object> stss = [];
            List<object> stsc = [];
            List<object> stco = [];
            long offset = 28;
            int inChunk = 0;
            for (int i = 0; i < list.Length; i++)
            {
                stts.AddRange([1, list[i].Delta]);
                ctts.AddRange([1, list[i].Composition]);
                if (list[i].IsSync)
                {
                    stss.Add(i + 1);
                }

                if (i > 0 && list[i].StartsChunk)
                {
                    stsc.AddRange([stco.Count, inChunk, 1]);
                    inChunk = 0;
                }

                if (inChunk++ == 0)
                {
                    stco.Add((uint)offset);
                }

                offset += list[i].Size;
            }

            stsc.AddRange([stco.Count, inChunk, 1]);
            stbl.Set(new EditableBox("stts", Bytes(0, stts.Count / 2, Bytes([.. stts]))));
            stbl.Set(new EditableBox("ctts", Bytes(0, ctts.Count / 2, Bytes([.. ctts]))));
            stbl.Set(new EditableBox("stsc", Bytes(0, stsc.Count / 3, Bytes([.. stsc]))));
            stbl.Set(new EditableBox("stco", Bytes(0, stco.Count, Bytes([.. stco]))));
            if (stss.Count > 0)
            {
                stbl.Set(new EditableBox("stss", Bytes(0, stss.Count, Bytes([.. stss]))));
            }
            else
            {
                stbl.Set(new EditableBox("stss", Bytes(0, 1, int.MaxValue)));
            }

            change(moov);
        });
    }
}
