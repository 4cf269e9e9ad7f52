using System.Buffers;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

/// <summary>A region as what other code takes: a stream, memory with an owner, values in place.</summary>
public sealed class ViewsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_region_opened_in_one_call_has_the_file_and_closes_it()
    {
        string path = _folder.Write("f", 5000);
        using (MappedRegion region = MappedRegion.Open(path))
        {
            Assert.Equal((5000, TempFolder.Pattern(4999)), (region.Length, region.Read<byte>(4999)));
            Assert.Throws<InvalidOperationException>(() => region.Write(0, (byte)1));
        }

        using (MappedRegion region = MappedRegion.Open(path, new MapOptions { Access = MemoryAccess.ReadWrite }))
        {
            region.Write(0, (byte)99);
        }

        using (MappedRegion own = MappedRegion.Open(path, new MapOptions { Sharing = MapSharing.Private }))
        {
            own.Write(0, (byte)1);
        }

        using (FileStream alone = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) // no descriptor is left open
        {
            Assert.Equal(99, alone.ReadByte());
        }

        using MappedRegion made = MappedRegion.Create(_folder["g"], 100);
        made.Write(92, 5L);
        Assert.Equal(100, new FileInfo(_folder["g"]).Length);
        Assert.Throws<FileNotFoundException>(() => MappedRegion.Open(_folder["none"]));
    }

    [Fact]
    public void A_handle_is_mapped_and_closed_only_if_it_is_given_away()
    {
        using FileStream stream = new(_folder.Write("f", 100), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using (MappedFile file = MappedFile.FromHandle(stream.SafeFileHandle, FileAccess.ReadWrite, leaveOpen: true))
        using (MappedRegion region = file.Map())
        {
            region.Write(10, (byte)200);
        }

        stream.Position = 10;
        Assert.Equal(200, stream.ReadByte());
        MappedFile.FromHandle(stream.SafeFileHandle, FileAccess.Read).Dispose();
        Assert.True(stream.SafeFileHandle.IsClosed);
        Assert.Throws<ArgumentException>(
            () => MappedFile.FromHandle(new Microsoft.Win32.SafeHandles.SafeFileHandle(-1, false), FileAccess.Read));
    }

    [Fact]
    public void A_stream_over_a_region_reads_writes_seeks_and_ends()
    {
        using MappedRegion region = MappedRegion.Allocate(10_000);
        using Stream stream = region.AsStream();
        Assert.True(stream is { CanRead: true, CanWrite: true, CanSeek: true, Length: 10_000 });
        using (BinaryWriter writer = new(stream, System.Text.Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(42L);
            writer.Write("text");
        }

        stream.Seek(0, SeekOrigin.Begin);
        using BinaryReader reader = new(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        Assert.Equal((42L, "text"), (reader.ReadInt64(), reader.ReadString()));
        Assert.Equal(9_990, stream.Seek(-10, SeekOrigin.End));
        Assert.Equal(10, stream.Read(new byte[100]));
        Assert.Equal((0, -1), (stream.Read(new byte[100]), stream.ReadByte()));
        Assert.Throws<NotSupportedException>(() => stream.WriteByte(1)); // at the end
        Assert.Throws<NotSupportedException>(() => stream.SetLength(5));
        Assert.Throws<IOException>(() => stream.Seek(-1, SeekOrigin.Begin));
        stream.Dispose();
        Assert.Throws<ObjectDisposedException>(() => stream.ReadByte());
        using MappedRegion readOnly = MappedRegion.Open(_folder.Write("f", 100));
        Assert.Throws<NotSupportedException>(() => readOnly.AsStream().WriteByte(1));
    }

    [Fact]
    public async Task A_stream_keeps_its_region_mapped()
    {
        MappedRegion region = MappedRegion.Allocate(100);
        Stream stream = region.AsStream();
        ValueTask unmapped = region.DisposeAsync();
        Assert.Equal(100, stream.Read(new byte[200]));
        Assert.False(unmapped.IsCompleted);
        stream.Dispose();
        await unmapped;
    }

    [Fact]
    public async Task A_memory_owner_keeps_its_region_mapped()
    {
        MappedRegion region = MappedRegion.Allocate(100);
        IMemoryOwner<byte> owner = region.AsMemoryOwner(10, 50);
        ValueTask unmapped = region.DisposeAsync();
        owner.Memory.Span.Fill(3);
        Assert.Equal(50, owner.Memory.Length);
        Assert.False(unmapped.IsCompleted);
        owner.Dispose();
        await unmapped;
        Assert.Throws<ObjectDisposedException>(() => owner.Memory);
    }

    [Fact]
    public void Values_are_used_in_place()
    {
        using MappedRegion region = MappedRegion.Allocate(4096);
        ref long counter = ref region.At<long>(64);
        Interlocked.Increment(ref counter);
        Assert.Equal(1, region.Read<long>(64));
        region.AsSpan<int>(128, 3)[2] = 7;
        Assert.Equal(7, region.AsReadOnlySpan<int>(128, 3)[2]);
        Assert.Throws<ArgumentException>(() => region.At<long>(65));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.At<long>(4089));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.AsSpan<long>(0, 513).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => region.AsSpan<long>(0, 1 << 28).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => region.AsSpan<long>(0, -1).Length);
        region.At<Packed>(66).Value = 5; // its alignment is 2
        Assert.Throws<ArgumentException>(() => region.At<Packed>(67));
    }

    [Fact]
    public void A_reader_reads_what_the_region_has_and_nothing_beyond()
    {
        foreach (int length in new[] { 0, 1, 8, 63, 64, 65, 72, 200 })
        {
            using MappedRegion region = MappedRegion.Allocate(length);
            for (int i = 0; i < length; i++)
            {
                region.Write(i, (byte)(i + 1));
            }

            using RegionReader reader = region.OpenReader();
            Assert.Equal(length, reader.Length);
            for (int i = -9; i < length + 9; i++)
            {
                bool isInside = i >= 0 && i + 8 <= length;
                Assert.Equal(isInside ? region.Read<long>(i) : null, TryRead<long>(in reader, i));
                Assert.Equal(i >= 0 && i + 128 <= length, TryRead<Wide>(in reader, i) is not null);
            }

            Assert.Null(TryRead<byte>(in reader, long.MinValue));
            Assert.Null(TryRead<byte>(in reader, long.MaxValue));
            Assert.Null(TryRead<Wide>(in reader, long.MaxValue));
        }

        static T? TryRead<T>(in RegionReader reader, long offset) where T : unmanaged
        {
            try
            {
                return reader.Read<T>(offset);
            }
            catch (ArgumentOutOfRangeException)
            {
                return null;
            }
        }
    }

    [Fact]
    public async Task A_reader_keeps_its_region_mapped_until_it_is_disposed()
    {
        MappedRegion region = MappedRegion.Allocate(4096);
        region.Write(8, 5L);
        Assert.Equal(5, ReadAfterDisposal(region));
        await region.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Throws<ObjectDisposedException>(() => region.OpenReader());
        default(RegionReader).Dispose();

        static long ReadAfterDisposal(MappedRegion region)
        {
            using RegionReader reader = region.OpenReader();
            region.Dispose();
            return reader.Read<long>(8);
        }
    }

    [Fact]
    public void Values_near_the_end_are_read_and_beyond_it_are_not()
    {
        foreach (int length in new[] { 1, 8, 63, 64, 65, 72, 200 })
        {
            using MappedRegion region = MappedRegion.Allocate(length);
            for (int i = 0; i < length; i++)
            {
                region.Write(i, (byte)(i + 1));
            }

            for (int i = -9; i < length + 9; i++)
            {
                if (i >= 0 && i + 8 <= length)
                {
                    Assert.Equal(BitConverter.ToInt64(region.AsReadOnlySpan(i, 8)), region.Read<long>(i));
                }
                else
                {
                    Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<long>(i));
                }
            }

            Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<long>(long.MinValue));
            Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<long>(long.MaxValue));
        }
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Pack = 2)]
    private struct Packed
    {
        public short Before;
        public int Value;
    }

    [System.Runtime.CompilerServices.InlineArray(16)]
    private struct Wide
    {
        public long First;
    }
}
