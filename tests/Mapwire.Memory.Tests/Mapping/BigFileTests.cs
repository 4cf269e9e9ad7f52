using System.Buffers;
using System.Buffers.Binary;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

/// <summary>A file of 5 GiB, nearly all of it a hole.</summary>
public sealed class BigFileTests : IDisposable
{
    private const long Length = 5L << 30;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Offsets_past_4_GiB_are_exact()
    {
        using MappedFile file = MappedFile.Create(_folder["f"], Length);
        long[] marks = [0, int.MaxValue - 3L, int.MaxValue + 5L, uint.MaxValue - 3L, uint.MaxValue + 5L, Length - 8];
        foreach (long mark in marks)
        {
            RandomAccess.Write(file.Handle, BitConverter.GetBytes(mark + 0x0102030405060708), mark);
        }

        using MappedRegion region = file.Map();
        Assert.Equal(Length, region.Length);
        Assert.Throws<InvalidOperationException>(() => { region.AsReadOnlySpan(); });
        ReadOnlySequence<byte> sequence = region.AsSequence();
        Assert.Equal(Length, sequence.Length);
        var eight = new byte[8];
        foreach (long mark in marks)
        {
            Assert.Equal(mark + 0x0102030405060708, region.Read<long>(mark));
            Assert.Equal(mark + 0x0102030405060708, BinaryPrimitives.ReadInt64LittleEndian(region.AsReadOnlySpan(mark, 8)));
            sequence.Slice(mark, 8).CopyTo(eight);
            Assert.Equal(mark + 0x0102030405060708, BitConverter.ToInt64(eight));
            Assert.True(region.TryRead(mark, eight));
            Assert.Equal(mark + 0x0102030405060708, BitConverter.ToInt64(eight));
            using MappedRegion there = file.Map(mark, 8);
            Assert.Equal(mark + 0x0102030405060708, there.Read<long>(0));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<long>(Length - 7));
    }
}
