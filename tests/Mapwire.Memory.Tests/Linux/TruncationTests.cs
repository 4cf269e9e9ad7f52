using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Linux;

/// <summary>Files that get shorter under their mappings, which Windows forbids.</summary>
public sealed class TruncationTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_guarded_read_reports_what_a_cut_took_and_reads_what_it_left()
    {
        string path = _folder.Write("f", 5 * 4096);
        using MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion region = file.Map();
        file.SetLength(2 * 4096 + 10);

        var bytes = new byte[3 * 4096];
        Assert.True(region.TryRead(0, bytes)); // the third page is still there, zero after its tenth byte
        Assert.Equal(TempFolder.Pattern(2 * 4096 + 9), bytes[2 * 4096 + 9]);
        Assert.Equal(0, bytes[2 * 4096 + 10]);
        Assert.False(region.TryRead(1, bytes)); // one byte of the fourth
        Assert.False(region.TryRead(3 * 4096, new byte[1]));
        Assert.Throws<IOException>(() => region.Advise(0, region.Length, MemoryAdvice.PopulateRead));

        file.SetLength(5 * 4096);
        Assert.True(region.TryRead(3 * 4096, bytes.AsSpan(0, 1)));
    }

    [Fact]
    public void A_read_shared_by_threads_reports_a_single_lost_page()
    {
        const int length = (32 << 20) + 5000; // not a multiple of any piece
        using MappedFile file = MappedFile.Open(_folder.Write("f", length), new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion region = file.Map();
        var bytes = new byte[length];
        Assert.True(region.TryRead(0, bytes));
        for (int i = 0; i < length; i++)
        {
            if (bytes[i] != TempFolder.Pattern(i))
            {
                Assert.Fail($"byte {i}");
            }
        }

        file.SetLength(length - 5000);
        Assert.False(region.TryRead(0, bytes));
        Assert.True(region.TryRead(0, bytes.AsSpan(0, length - 5000)));
        using MappedRegion target = MappedRegion.Allocate(length);
        Assert.False(region.TryCopyTo(0, target, 0, length));
        Assert.True(region.TryCopyTo(0, target, 0, length - 5000));
        Assert.Equal(TempFolder.Pattern(length - 5001), target.Read<byte>(length - 5001));
    }
}
