using Mapwire.Memory;
using Mapwire.Server.Sources;
using Mapwire.Server.Sources.Native;
using Xunit;

namespace Mapwire.Server.Tests.Sources;

/// <summary>What the system says of a file's pages, without waiting for them.</summary>
public sealed class PageCacheTests : IDisposable
{
    private const int Length = 8 * Presence.WindowLength;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_in_memory_is_told()
    {
        using MappedFile file = NewFile();
        Assert.True(PageCache.IsResident(file, 0, Length));
        Assert.True(PageCache.ReadResident(file, 0, new byte[Length]));
        Assert.True(PageCache.IsResident(file, Length - 1, 1));
    }

    [Fact]
    public void What_is_not_in_memory_is_told()
    {
        using MappedFile file = NewFile();
        Assert.Contains(false, Evicted(file, () => PageCache.IsResident(file, 0, Length))); // and the system begins to read it
        Assert.Contains(false, Evicted(file, () => PageCache.ReadResident(file, 0, new byte[4096])));
    }

    [Fact]
    public void Of_a_range_whose_beginning_alone_is_in_memory_not_all_is()
    {
        using MappedFile file = NewFile();
        Assert.Contains(false, Evicted(file, () =>
        {
            using (MappedRegion region = file.Map())
            {
                region.Advise(0, Length, MemoryAdvice.Random); // so that what is read brings nothing beside
                Assert.True(region.TryRead(0, new byte[1]));
                Assert.InRange(region.GetResidency().ResidentPages, 1, (Length / Environment.SystemPageSize) - 1);
            }

            return PageCache.ReadResident(file, 0, new byte[Length]); // a part comes: that is no yes
        }));
    }

    [Fact]
    public void How_much_of_a_part_is_in_memory_from_its_beginning_on_is_told_by_windows()
    {
        using MappedFile file = NewFile();
        using MappedRegion region = file.Map();
        int page = Environment.SystemPageSize;
        Assert.Equal(Length, Cached(0, Length) ?? Skip());
        Assert.Equal(Length - 5000, Cached(5000, Length - 5000));
        Evict(file);
        Assert.Equal(0, Cached(0, Length));
        PageCache.ReadExactly(file); // so that what is read brings nothing beside
        RandomAccess.Read(file.Handle, new byte[2 * Presence.WindowLength], 0);
        long here = region.GetResidency().ResidentPages * page;
        Assert.Equal(2 * Presence.WindowLength, here);
        Assert.Equal(here, Cached(0, Length));
        Assert.Equal(here - 100, Cached(100, here - 100));
        Assert.Equal(0, Cached(Presence.WindowLength + 5000, Presence.WindowLength)); // less than a window of it, and not all
        Assert.Equal(here - 100, Cached(100, Length - 100));
        Assert.Equal(0, Cached(here, 1));

        long? Cached(long offset, long length) => PageCache.CachedLength(file, region, offset, length);

        static long Skip()
        {
            Assert.Skip("This system does not say what of a file is in memory.");
            return 0;
        }
    }

    /// <summary>
    /// What is said of a file that is not in memory, some times: where the thread that asks loses its processor, what it began to read may
    /// have come before it looks.
    /// </summary>
    private static IEnumerable<bool?> Evicted(MappedFile file, Func<bool?> ask)
    {
        for (int i = 0; i < 20; i++)
        {
            Evict(file);
            yield return ask();
        }
    }

    private MappedFile NewFile(string name = "file")
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux says it.");
        string path = Path.Combine(_folder.Path, name);
        File.WriteAllBytes(path, new byte[Length]);
        MappedFile file = MappedFile.Open(path);
        bool isTold = PageCache.IsResident(file, 0, 1) is not null;
        if (!isTold)
        {
            file.Dispose();
            Assert.Skip("The file system of this folder does not say what is in memory.");
        }

        return file;
    }

    private static void Evict(MappedFile file)
    {
        using MappedRegion region = file.Map();
        bool isGone = SpinWait.SpinUntil(
            () =>
            {
                file.Evict(); // what another processor has just written stays until it has looked at it
                return region.GetResidency().ResidentPages == 0;
            },
            TimeSpan.FromSeconds(10));
        Assert.SkipUnless(isGone, "The file system of this folder keeps files in memory.");
    }
}
