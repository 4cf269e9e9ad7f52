using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

public sealed class GrowthTests : IDisposable
{
    private const string NoPlaceholders = "version 8 does not know MEM_RESERVE_PLACEHOLDER";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [NotUnderWineFact(NoPlaceholders)]
    public void A_file_grows_with_its_region_at_one_address()
    {
        string path = _folder["f"];
        using MappedFile file = MappedFile.Create(path, 100);
        using MappedRegion region = file.Map(10, options: new MapOptions { Reserve = 1L << 33 });
        nint address = region.DangerousAddress;
        region.Write(89, (byte)1);
        foreach (long length in new long[] { 4_000, 5_000, 65_526, 65_527, 70_000, 1 << 20, 33_333, 200_000 })
        {
            region.Resize(length);
            Assert.Equal(length, region.Length);
            Assert.Equal(address, region.DangerousAddress);
            Assert.Equal(1, region.Read<byte>(89));
            region.Write(length - 1, (byte)length);
            Assert.Equal((byte)length, region.Read<byte>(length - 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<byte>(length));
        }

        region.Flush();
        Assert.Equal((1 << 20) + 10, file.Length); // grown by the region, never shortened by it
        byte[] bytes = ReadAll(path);
        Assert.Equal(1, bytes[99]);
        Assert.Equal(unchecked((byte)200_000), bytes[200_009]);
        Assert.Equal(unchecked((byte)70_000), bytes[70_009]);
    }

    [NotUnderWineFact(NoPlaceholders)]
    public void An_empty_file_grows_too()
    {
        using MappedFile file = MappedFile.Create(_folder["f"], 0);
        using MappedRegion region = file.Map(options: new MapOptions { Reserve = 1 << 20 });
        Assert.Equal(0, region.Length);
        region.Resize(3);
        region.Write(2, (byte)3);
        Assert.Equal(3, file.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Resize((1 << 20) + 1));
    }

    [NotUnderWineFact(NoPlaceholders)]
    public void A_region_that_does_not_write_follows_a_file_and_does_not_lengthen_it()
    {
        string path = _folder.Write("f", 1000);
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map(options: new MapOptions { Reserve = 1 << 20 });
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Resize(1001));
        Assert.Equal(1000, region.Length);
        using (FileStream writer = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            writer.Write(new byte[100_000]);
        }

        region.Resize(101_000);
        Assert.Equal(0, region.Read<byte>(100_999));
        Assert.Equal(TempFolder.Pattern(999), region.Read<byte>(999));
    }

    private static byte[] ReadAll(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
