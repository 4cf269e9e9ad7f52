using Mapwire.Memory;
using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Memory;

public sealed class SharedMemoryTests : IDisposable
{
    /// <summary>Windows keeps a removed file under another name until the last view of it is gone; elsewhere nothing at all may be left.
    /// </summary>
    private static readonly string Leftovers = OperatingSystem.IsWindows() ? "segment-*" : "*";

    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public void What_one_writes_the_other_reads()
    {
        SharedMemory made = _segments.Make(1000), opened = _segments.Open();
        Assert.True(made.Created);
        Assert.False(opened.Created);
        Assert.Equal(1000, opened.Size);
        Assert.All(opened.AsReadOnlySpan(0, 1000).ToArray(), b => Assert.Equal(0, b));
        made.AsSpan(990, 10).Fill(7);
        opened.At<long>(8) = 42;
        Assert.Equal(7, opened.AsReadOnlySpan(999, 1)[0]);
        Assert.Equal(42, made.Read<long>(8));
        Assert.Equal([Environment.ProcessId, Environment.ProcessId], made.Users);
    }

    [Fact]
    public void Ranges_are_checked()
    {
        SharedMemory memory = _segments.Make(1000);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.AsSpan(1000, 1).Clear());
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.AsSpan(-1, 1).Clear());
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.AsSpan(long.MaxValue, 1).Clear());
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.At<long>(996));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.At<long>(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedMutex.Create(memory, 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedMutex.Create(memory, 960));
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.AsSpan(0, 1).Clear());
    }

    [Fact]
    public void It_is_gone_with_its_last_user()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open();
        first.Dispose();
        Assert.Single(SharedMemory.List(_segments.Options));
        Assert.Single(second.Users);
        second.Dispose();
        Assert.Empty(SharedMemory.List(_segments.Options));
        Assert.Empty(Directory.GetFiles(_segments.Folder, Leftovers));
        Assert.Throws<FileNotFoundException>(() => _segments.Open());
    }

    [Fact]
    public void Create_refuses_what_is_in_use_and_replaces_what_is_left()
    {
        SharedMemory memory = _segments.Make(100);
        memory.At<long>(0) = 1;
        Assert.Throws<IOException>(() => _segments.Make(100));
        memory.Abandon(); // as a killed process does
        SharedMemoryInfo left = Assert.Single(SharedMemory.List(_segments.Options));
        Assert.Empty(left.Users);
        SharedMemory made = _segments.Make(200);
        Assert.Equal(0, made.Read<long>(0));
        Assert.Equal(200, made.Size);
    }

    [Fact]
    public void Leftovers_are_found_and_removed()
    {
        _segments.Make().Abandon();
        Assert.Throws<FileNotFoundException>(() => _segments.Open()); // which removes it
        Assert.Empty(Directory.GetFiles(_segments.Folder, Leftovers));
        _segments.Make().Abandon();
        SharedMemory other = _segments.Keep(SharedMemory.Create("other", 10, _segments.Options));
        Assert.Equal([Segments.Name], SharedMemory.RemoveAbandoned(_segments.Options));
        Assert.Equal("other", Assert.Single(SharedMemory.List(_segments.Options)).Name);
        Assert.True(other.IsInUse);
    }

    [Fact]
    public void Leftovers_of_one_layout_are_removed_and_others_left()
    {
        Guid mine = Guid.NewGuid();
        SharedMemory.Create("mine", 10, new SharedMemoryOptions { Folder = _segments.Folder, LayoutId = mine }).Abandon();
        _segments.Make().Abandon();
        Assert.Equal(["mine"], SharedMemory.RemoveAbandoned(_segments.Options, mine));
        Assert.Equal(Segments.Name, Assert.Single(SharedMemory.List(_segments.Options)).Name);
    }

    [Fact]
    public void A_leftover_can_be_looked_at()
    {
        SharedMemory memory = _segments.Make();
        memory.At<int>(0) = 5;
        memory.Abandon();
        SharedMemoryOptions look = new() { Folder = _segments.Folder, ReadOnly = true };
        Assert.Throws<FileNotFoundException>(() => SharedMemory.Open(Segments.Name, look));
        SharedMemory left = _segments.Keep(SharedMemory.Open(
            Segments.Name, new SharedMemoryOptions { Folder = _segments.Folder, ReadOnly = true, OpenAbandoned = true }));
        Assert.Equal(5, left.Read<int>(0));
        Assert.False(left.IsInUse);
        Assert.Throws<InvalidOperationException>(() => left.AsSpan(0, 1).Clear());
        Assert.Throws<InvalidOperationException>(() => left.At<int>(0));
        Assert.Throws<InvalidOperationException>(() => left.Grow(1));
        Assert.Throws<InvalidOperationException>(() => SharedMutex.Open(left, 0));
    }

    [Fact]
    public void Initialize_runs_before_anybody_can_open_it()
    {
        SharedMemory memory = _segments.Make(1000, made =>
        {
            made.At<int>(0) = 9;
            Assert.Throws<TimeoutException>(() => SharedMemory.Open(Segments.Name, new SharedMemoryOptions
            {
                Folder = _segments.Folder,
                OpenTimeout = TimeSpan.FromMilliseconds(30),
            }));
        });
        Assert.Equal(9, memory.Read<int>(0));
    }

    [Fact]
    public void A_maker_that_throws_leaves_nothing()
    {
        Assert.Throws<FormatException>(() => _segments.Make(1000, _ => throw new FormatException()));
        Assert.Empty(Directory.GetFiles(_segments.Folder, Leftovers));
        Assert.Equal(1000, _segments.Make(1000).Size);
    }

    [Fact]
    public void Layouts_must_agree()
    {
        Guid id = Guid.NewGuid();
        SharedMemoryOptions Of(Guid layout, int version) => new() { Folder = _segments.Folder, LayoutId = layout, LayoutVersion = version };
        _segments.Keep(SharedMemory.Create(Segments.Name, 10, Of(id, 3)));
        Assert.Equal(3, _segments.Keep(SharedMemory.Open(Segments.Name, Of(id, 3))).LayoutVersion);
        Assert.Equal(SharedMemoryError.OtherLayout, Assert.Throws<SharedMemoryFormatException>(
            () => SharedMemory.Open(Segments.Name, Of(id, 4))).Error);
        Assert.Equal(SharedMemoryError.OtherLayout, Assert.Throws<SharedMemoryFormatException>(
            () => SharedMemory.CreateOrOpen(Segments.Name, 10, Of(Guid.Empty, 3))).Error);
        SharedMemoryInfo info = Assert.Single(SharedMemory.List(_segments.Options));
        Assert.Equal(id, info.LayoutId);
        Assert.Equal(3, info.LayoutVersion);
        Assert.InRange(info.Created, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData(".hidden")]
    [InlineData("end.")]
    [InlineData("nul\0")]
    [InlineData("space name")]
    [InlineData("ümlaut")]
    [InlineData("C:x")]
    public void Names_that_could_mean_something_are_refused(string name) =>
        Assert.ThrowsAny<ArgumentException>(() => SharedMemory.Create(name, 10, _segments.Options));

    [Fact]
    public void Names_have_a_bound()
    {
        using SharedMemory longest = SharedMemory.Create(new string('x', 100), 10, _segments.Options);
        Assert.Throws<ArgumentException>(() => SharedMemory.Create(new string('x', 101), 10, _segments.Options));
    }

    [Fact]
    public void It_grows_in_place_for_all()
    {
        if (PlatformCapabilities.GetUnsupportedReason(MemoryCapability.ReserveForFile) is string reason)
        {
            Assert.Contains(reason, Assert.Throws<PlatformNotSupportedException>(() => SharedMemory.Create(
                Segments.Name, 1000, new SharedMemoryOptions { Folder = _segments.Folder, MaxSize = 1 << 22 })).Message,
                StringComparison.Ordinal);
            return;
        }

        SharedMemory made = _segments.Keep(SharedMemory.Create(
            Segments.Name, 1000, new SharedMemoryOptions { Folder = _segments.Folder, MaxSize = 1 << 22 }));
        SharedMemory opened = _segments.Open();
        ref long first = ref opened.At<long>(0);
        made.Grow(1 << 20);
        made.At<long>(0) = 4;
        made.AsSpan((1 << 20) - 1, 1)[0] = 3;
        Assert.InRange(opened.Size, 1 << 20, (1 << 20) + (1 << 16)); // Windows grows by granules
        Assert.Equal(3, opened.AsReadOnlySpan((1 << 20) - 1, 1)[0]);
        Assert.Equal(4, first);
        opened.Grow(500); // met already
        opened.Grow(1 << 22);
        Assert.Equal(1 << 22, made.Size);
        made.AsSpan((1 << 22) - 1, 1)[0] = 1;
        Assert.Throws<ArgumentOutOfRangeException>(() => made.Grow((1 << 22) + 1));
        SharedMemory late = _segments.Open();
        Assert.Equal(1, late.AsReadOnlySpan((1 << 22) - 1, 1)[0]);
    }

    [Fact]
    public async Task A_race_of_makers_leaves_one_segment()
    {
        for (int round = 0; round < 30; round++)
        {
            int made = 0;
            using Barrier start = new(4);
            SharedMemory[] all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() =>
            {
                start.SignalAndWait();
                return SharedMemory.CreateOrOpen(Segments.Name, 4096, new SharedMemoryOptions
                {
                    Folder = _segments.Folder,
                    Initialize = memory => memory.At<int>(4) = Interlocked.Increment(ref made),
                });
            }, TaskCreationOptions.LongRunning)));
            Assert.Equal(1, made);
            Assert.Equal(1, all.Count(memory => memory.Created));
            foreach (SharedMemory memory in all)
            {
                Interlocked.Increment(ref memory.At<int>(0));
            }

            Assert.All(all, memory => Assert.Equal((4, 1), (memory.Read<int>(0), memory.Read<int>(4))));
            await Task.WhenAll(all.Select(memory => Task.Run(memory.Dispose)));
            Assert.Empty(SharedMemory.List(_segments.Options));
        }
    }

    [Fact]
    public void A_segment_whose_file_was_deleted_says_so()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // the system keeps the name of an open file
        }

        SharedMemory first = _segments.Make();
        Assert.False(first.IsDetached);
        File.Delete(FilePath);
        Assert.True(first.IsDetached);
        SharedMemory second = _segments.Keep(SharedMemory.CreateOrOpen(Segments.Name, 100, _segments.Options));
        Assert.True(second.Created);
        Assert.True(first.IsDetached);
        Assert.False(second.IsDetached);
        first.Dispose();
        Assert.False(second.IsDetached); // the other segment's file was not its to remove
    }

    [Fact]
    public void What_another_version_left_or_what_is_damaged_is_replaced_when_no_process_uses_it()
    {
        foreach (int at in (int[])[8, 16, 40, 72]) // version, size, layout, checksum
        {
            SharedMemory memory = _segments.Make();
            byte[] bytes = ReadFile();
            bytes[at] ^= 0x55;
            memory.Region.AsSpan(at, 1)[0] = bytes[at];
            Assert.Throws<SharedMemoryFormatException>(() => SharedMemory.CreateOrOpen(Segments.Name, 10, _segments.Options)); // in use
            Assert.Empty(SharedMemory.RemoveAbandoned(_segments.Options));
            memory.Abandon();
            Assert.NotNull(Assert.Single(SharedMemory.List(_segments.Options)).Damage);
            Assert.Throws<SharedMemoryFormatException>(() => SharedMemory.Open(Segments.Name, _segments.Options));
            Assert.Empty(SharedMemory.RemoveAbandoned(_segments.Options, Guid.NewGuid())); // its layout is not known
            if (at == 16)
            {
                Assert.Equal([Segments.Name], SharedMemory.RemoveAbandoned(_segments.Options));
            }

            SharedMemory next = _segments.Keep(SharedMemory.CreateOrOpen(Segments.Name, 10, _segments.Options));
            Assert.True(next.Created);
            next.Dispose();
        }
    }

    [Fact]
    public void A_failed_creation_leaves_no_file()
    {
        Assert.ThrowsAny<Exception>(() => SharedMemory.Create(Segments.Name, 1L << 56, _segments.Options)); // no disk is so large
        Assert.Empty(Directory.GetFiles(_segments.Folder, Leftovers));
        Assert.Throws<InvalidOperationException>(() => _segments.Make(initialize: _ => throw new InvalidOperationException()));
        Assert.DoesNotContain(Directory.GetFiles(_segments.Folder),
            file => Path.GetFileName(file).StartsWith("segment-", StringComparison.Ordinal));
    }

    [Fact]
    public void A_token_of_the_past_stays_dead_after_a_million_openings()
    {
        SharedMemory memory = _segments.Make(), first = _segments.Open();
        ulong token = first.Token;
        first.Abandon();
        Span<byte> generation = memory.Region.AsSpan(SegmentHeader.SlotsAt + ProcessSlots.SlotOf(token) * 8, 4);
        BitConverter.TryWriteBytes(generation, BitConverter.ToUInt32(generation) + (1 << 20) - 1); // so many openings of the slot
        SharedMemory last = _segments.Open();
        Assert.Equal(ProcessSlots.SlotOf(token), ProcessSlots.SlotOf(last.Token));
        Assert.False(memory.Slots.IsAlive(token));
        Assert.True(memory.Slots.IsAlive(last.Token));
    }

    private string FilePath => Path.Combine(_segments.Folder, "segment-" + Segments.Name);

    private byte[] ReadFile()
    {
        using FileStream file = new(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[128];
        file.ReadExactly(bytes);
        return bytes;
    }
}
