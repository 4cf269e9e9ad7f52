using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>Tests that look at the whole process, so that nothing may run beside them.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    private const string Stbl = "trak/mdia/minf/stbl";

    /// <summary>Two hours of 30 pictures a second, every one with a size and composition offset of its own.</summary>
    [Fact]
    public void A_long_film_takes_little_memory_and_no_garbage()
    {
        const int count = 216_000;
        Random random = new(1);
        object[] sizes = [.. Enumerable.Range(0, count).Select(_ => (object)random.Next(200, 60_000))];
        object[] offsets = [.. Enumerable.Range(0, count).SelectMany(i => new object[] { 1, i % 3 * 40 })];
        EditableBox moov = new Mp4Builder().BuildMovie(0);
        moov[Stbl].Set(new EditableBox("stsz", Bytes(0, 0, count, Bytes(sizes))));
        moov[Stbl].Set(new EditableBox("ctts", Bytes(0, count, Bytes(offsets))));
        moov[Stbl].Set(new EditableBox("stsc", Bytes(0, 1, 1, count, 1)));
        byte[] bytes = moov.Write();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Movie movie = MovieParser.Parse(bytes, 0, long.MaxValue);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, 0, 4_000_000);

        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long sum = 0;
        foreach (Sample sample in movie.Tracks[0].Samples)
        {
            sum += sample.Size;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocated);
        Assert.Equal(movie.Tracks[0].Bytes, sum);
    }
}
