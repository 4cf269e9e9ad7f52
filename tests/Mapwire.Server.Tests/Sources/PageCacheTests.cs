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
    public void What_is_in_memory_is_told_and_what_is_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux says it.");
        string path = Path.Combine(_folder.Path, "file");
        File.WriteAllBytes(path, new byte[Length]);
        using MappedFile file = MappedFile.Open(path);
        Assert.True(PageCache.IsResident(file, 0, Length));
        Assert.True(PageCache.ReadResident(file, 0, new byte[Length]));
        Assert.True(PageCache.IsResident(file, Length - 1, 1));
        file.Evict();
        Assert.SkipWhen(PageCache.IsResident(file, 0, 1) != false, "The file system of this folder keeps all in memory.");
        Assert.False(PageCache.IsResident(file, 0, Length));
        Assert.False(PageCache.ReadResident(file, 0, new byte[4096]));
    }

    [Fact]
    public void Of_a_range_whose_beginning_alone_is_in_memory_not_all_is()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux says it.");
        string path = Path.Combine(_folder.Path, "file");
        File.WriteAllBytes(path, new byte[Length]);
        using MappedFile file = MappedFile.Open(path);
        file.Evict();
        using MappedRegion region = file.Map();
        region.Advise(0, Length, MemoryAdvice.Random); // so that what is read brings nothing beside
        Assert.True(region.TryRead(0, new byte[1]));
        Assert.SkipWhen(PageCache.IsResident(file, 4 * Presence.WindowLength, 1) != false, "The system read more than it was asked for.");
        Assert.True(PageCache.IsResident(file, 0, 1));
        Assert.False(PageCache.ReadResident(file, 0, new byte[5 * Presence.WindowLength])); // a part comes: that is no yes
    }
}
