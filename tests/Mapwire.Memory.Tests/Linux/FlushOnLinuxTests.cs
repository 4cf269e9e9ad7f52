using System.IO.MemoryMappedFiles;
using Mapwire.Memory.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Mapwire.Memory.Tests.Linux;

public sealed class FlushOnLinuxTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_last_page_of_an_unaligned_range_is_flushed_where_the_framework_leaves_it_dirty()
    {
        string theirs = WritePageByPage("theirs", 5);
        using (MemoryMappedFile map = MemoryMappedFile.CreateFromFile(theirs, FileMode.Open))
        using (MemoryMappedViewAccessor view = map.CreateViewAccessor(4095, 4096))
        {
            view.Write(0, (byte)1);
            view.Write(4095, (byte)1); // on the next page
            view.Flush();
            Assert.Equal(4, DirtyPages.Kilobytes(theirs)); // what makes this test one: the flaw is there to be avoided
        }

        string ours = WritePageByPage("ours", 5);
        using MappedFile file = MappedFile.Open(ours, new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion region = file.Map(4095, 4096);
        region.Write(0, (byte)1);
        region.Write(4095, (byte)1);
        Assert.Equal(8, DirtyPages.Kilobytes(ours));
        region.Flush();
        Assert.Equal(0, DirtyPages.Kilobytes(ours));
    }

    [Fact]
    public void A_range_flush_leaves_the_other_pages_alone()
    {
        string path = WritePageByPage("f", 64);
        using MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion region = file.Map();
        region.Write(10, (byte)1);
        region.Write(40 * 4096, (byte)1);
        region.Flush(39 * 4096 + 4095, 2); // two pages, of which one is dirty
        Assert.Equal(4, DirtyPages.Kilobytes(path));
    }

    [Fact]
    public void A_started_flush_ends_by_itself()
    {
        string path = _folder.Write("f", 4096);
        using MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion region = file.Map();
        region.Write(10, (byte)1);
        Assert.Equal(4, DirtyPages.Kilobytes(path));
        region.Flush(FlushMode.Started);
        // On its way to the device, long before the kernel's own 30 s are over; a busy device takes it a moment later.
        Assert.True(SpinWait.SpinUntil(() => DirtyPages.Kilobytes(path) == 0, TimeSpan.FromSeconds(25)));
    }

    [Fact]
    public void Invalidate_is_refused_for_locked_pages_and_says_why()
    {
        using MappedFile file = MappedFile.Create(_folder["f"], 4096);
        using MappedRegion region = file.Map();
        region.Flush(FlushMode.Invalidate);
        region.LockInMemory(0, 4096);
        IOException failure = Assert.Throws<IOException>(() => region.Flush(FlushMode.Invalidate));
        Assert.Contains("locked", failure.Message);
    }

    /// <summary>A file in page-sized pieces of the page cache. One big write may make a big piece, which the kernel can only
    /// write back whole: then nothing could be seen of a page left out.</summary>
    private string WritePageByPage(string name, int pages)
    {
        using SafeFileHandle file = File.OpenHandle(_folder[name], FileMode.CreateNew, FileAccess.Write);
        var page = new byte[4096];
        for (int i = 0; i < pages; i++)
        {
            RandomAccess.Write(file, page, i * 4096L);
        }

        RandomAccess.FlushToDisk(file);
        return _folder[name];
    }
}
