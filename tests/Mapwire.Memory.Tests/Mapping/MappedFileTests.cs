using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

public sealed class MappedFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(65537)]
    [InlineData(199_999)]
    public void A_region_starts_at_any_byte(int offset)
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 200_000));
        using MappedRegion region = file.Map(offset);

        Assert.Equal(200_000 - offset, region.Length);
        Assert.Equal(offset, region.Offset);
        ReadOnlySpan<byte> bytes = region.AsReadOnlySpan();
        for (int i = 0; i < bytes.Length; i++)
        {
            Assert.Equal(TempFolder.Pattern(offset + i), bytes[i]);
        }
    }

    [Fact]
    public void A_region_that_cannot_be_created_leaves_no_file_of_its_own()
    {
        using MappedRegion taken = MappedRegion.Allocate(1 << 16);
        MapOptions[] wrong = [
            new() { HugePages = HugePages.Explicit }, new() { Address = 12345 }, new() { Address = taken.DangerousAddress },
            new() { Reserve = long.MaxValue },
        ];
        foreach (MapOptions options in wrong)
        {
            Assert.ThrowsAny<Exception>(() => MappedRegion.Create(_folder["new"], 4096, options));
            Assert.False(File.Exists(_folder["new"]));
        }

        string there = _folder.Write("there", 100);
        Assert.ThrowsAny<ArgumentException>(() => MappedRegion.Create(there, 50, wrong[0]));
        Assert.Equal(100, new FileInfo(there).Length);
    }

    [Fact]
    public void Numbers_that_mean_nothing_are_arguments_out_of_range()
    {
        using MappedFile file = MappedFile.Create(_folder["f"], 4096);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map(options: new MapOptions { Sharing = (MapSharing)9 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map(options: new MapOptions { Access = (MemoryAccess)99 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedRegion.Allocate(1, new MapOptions { HugePages = (HugePages)8 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedRegion.Allocate(long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedRegion.Allocate(1, new MapOptions { Reserve = long.MaxValue }));
        Assert.Throws<ArgumentException>(() => MappedFile.GetIdentity(_folder["f"] + "\0more"));
        Assert.Throws<ArgumentException>(() => MappedFile.Open(_folder["f"] + "\0more"));
    }

    [Fact]
    public void A_region_outlives_the_file_object()
    {
        MappedFile file = MappedFile.Open(_folder.Write("f", 10_000));
        using MappedRegion region = file.Map(5_000, 100);
        file.Dispose();

        Assert.Equal(TempFolder.Pattern(5_000), region.Read<byte>(0));
        Assert.Throws<ObjectDisposedException>(() => file.Length);
    }

    [Fact]
    public void A_range_outside_the_file_is_refused()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 100));

        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map(101));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map(0, 101));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map(100, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map(0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map(50, long.MaxValue));
        using MappedRegion end = file.Map(100);
        Assert.Equal(0, end.Length);
    }

    [Fact]
    public void An_empty_file_gives_an_empty_region()
    {
        using MappedFile file = MappedFile.Create(_folder["f"], 0);
        using MappedRegion region = file.Map();

        Assert.Equal(0, region.Length);
        Assert.Equal(0, region.AsReadOnlySpan().Length);
        Assert.True(region.TryRead(0, []));
        Assert.True(region.AsSequence().IsEmpty);
        Assert.Equal(0, region.GetResidency().PageCount);
        region.Flush(); // nothing, to a file that may be written
        region.Advise(0, 0, MemoryAdvice.WillNeed);
        region.Protect(0, 0, MemoryAccess.Read);
        Assert.Throws<ArgumentOutOfRangeException>(() => region.Read<byte>(0));
    }

    [Fact]
    public void Create_makes_and_grows_and_keeps_what_is_there()
    {
        string path = _folder["f"];
        using (MappedFile file = MappedFile.Create(path, 0x100))
        using (MappedRegion region = file.Map())
        {
            region.Write(0, 0x1122334455667788);
        }

        Assert.Equal(0x100, new FileInfo(path).Length);

        MappedFile.Create(path, 0x2000).Dispose();
        byte[] grown = File.ReadAllBytes(path);
        Assert.Equal(0x2000, grown.Length);
        Assert.Equal(0x1122334455667788, BitConverter.ToInt64(grown));
        Assert.True(grown.AsSpan(8).IndexOfAnyExcept((byte)0) < 0);

        MappedFile.Create(path, 4).Dispose();
        Assert.Equal(0x2000, new FileInfo(path).Length); // never shortened
    }

    [Fact]
    public void A_shared_store_is_seen_in_the_file_and_a_private_one_is_not()
    {
        string path = _folder.Write("f", 5_000);
        using MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion shared = file.Map();
        using MappedRegion own = file.Map(options: new MapOptions { Sharing = MapSharing.Private });

        own.Write(4_999, (byte)200);
        Assert.Equal(TempFolder.Pattern(4_999), shared.Read<byte>(4_999));
        shared.Write(10, (byte)201);

        Assert.Equal(200, own.Read<byte>(4_999));
        using FileStream reader = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[5_000];
        reader.ReadExactly(bytes);
        Assert.Equal(201, bytes[10]);
        Assert.Equal(TempFolder.Pattern(4_999), bytes[4_999]);
    }

    [Fact]
    public void A_file_opened_for_reading_maps_for_reading_or_privately()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 100));
        using MappedRegion region = file.Map();
        using MappedRegion own = file.Map(options: new MapOptions { Sharing = MapSharing.Private });

        Assert.Equal(MemoryAccess.Read, region.Access);
        Assert.Throws<InvalidOperationException>(() => region.Write(0, (byte)1));
        Assert.Throws<InvalidOperationException>(() => { region.AsSpan(); });
        Assert.Throws<InvalidOperationException>(() => region.AsMemory(0, 1));
        Assert.Throws<InvalidOperationException>(() => file.Map(options: new MapOptions { Access = MemoryAccess.ReadWrite }));
        Assert.Throws<InvalidOperationException>(() => file.SetLength(3));
        own.Write(0, (byte)99);
        Assert.Equal(99, own.Read<byte>(0));
    }

    [Fact]
    public void Opening_what_is_not_there_or_not_a_file_says_so()
    {
        Assert.Throws<FileNotFoundException>(() => MappedFile.Open(_folder["none"]));
        Assert.Throws<FileNotFoundException>(() => MappedFile.GetIdentity(_folder["none"]));
        Assert.ThrowsAny<SystemException>(() => MappedFile.Open(_folder.Root));
        Assert.Throws<ArgumentException>(() => MappedFile.Open(""));
        Assert.Throws<ArgumentException>(() =>
            MappedFile.Open(_folder.Write("f", 1), new MappedFileOptions { Access = FileAccess.Write }));
    }

    [Fact]
    public void Identity_tells_files_and_their_states_apart()
    {
        string path = _folder.Write("f", 100);
        using MappedFile file = MappedFile.Open(path);
        FileIdentity first = file.Identity;

        Assert.Equal(first, MappedFile.GetIdentity(path));
        Assert.Equal(100, first.Length);
        Assert.Equal(File.GetLastWriteTimeUtc(path).Ticks, first.LastWriteTicks);
        Assert.NotEqual(first.FileId, MappedFile.GetIdentity(_folder.Write("g", 100)).FileId);

        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.NotEqual(first, MappedFile.GetIdentity(path));
        Assert.True(first.IsSameFile(MappedFile.GetIdentity(path)));

        File.Move(path, _folder["old"]);
        _folder.Write("f", 100);
        Assert.False(first.IsSameFile(MappedFile.GetIdentity(path)));
        Assert.True(first.IsSameFile(file.Identity));
        Assert.True(first.IsSameFile(MappedFile.GetIdentity(_folder["old"])));
    }
}
