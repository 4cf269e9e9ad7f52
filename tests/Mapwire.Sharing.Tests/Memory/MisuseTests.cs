using Mapwire.Memory.Sharing;
using Mapwire.Memory.Tests.Support;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Memory;

/// <summary>Arguments that make no sense, and segments and files that are not what they are taken for.</summary>
public sealed class MisuseTests : IDisposable
{
    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public void An_entry_of_another_layout_is_refused_and_changes_nothing()
    {
        SharedLayout mine = new("mine"), theirs = new("theirs"), same = new("theirs");
        SharedLayoutEntry<SharedMutex> mutex = mine.AddMutex("guard");
        SharedLayoutValue<long> values = mine.AddValue<long>("values", 3);
        theirs.AddMutex("guard");
        SharedLayoutValue<int> bytes = theirs.AddValue<int>("bytes", 100);
        SharedLayoutEntry<SharedMutex> sameMutex = same.AddMutex("guard");
        SharedLayoutValue<int> sameBytes = same.AddValue<int>("bytes", 100);
        using SharedMemory memory = theirs.Create("theirs", _segments.Options);
        bytes.At(memory, 2) = 5;
        Assert.Contains("theirs", Assert.Throws<ArgumentException>(() => values.At(memory, 1) = -1).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => mutex.Open(memory));
        Assert.Equal(5, sameBytes.At(memory, 2));
        sameMutex.Open(memory).Enter().Dispose();
        using SharedMemory plain = _segments.Make();
        Assert.Throws<ArgumentException>(() => bytes.At(plain));
        Assert.Throws<ArgumentNullException>(() => mutex.Open(null!));
    }

    [Fact]
    public void A_layouts_index_below_zero_is_named_as_it_was_given()
    {
        SharedLayout layout = new("index");
        SharedLayoutValue<long> values = layout.AddValue<long>("values", 3);
        using SharedMemory memory = layout.Create("index", _segments.Options);
        Assert.Equal(-1, Assert.Throws<ArgumentOutOfRangeException>(() => values.At(memory, -1)).ActualValue);
        Assert.Equal(3, Assert.Throws<ArgumentOutOfRangeException>(() => values.At(memory, 3)).ActualValue);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MaxValue - 4096)]
    [InlineData(long.MaxValue - 8192)]
    [InlineData(long.MaxValue - (1 << 17))]
    [InlineData(1L << 60)]
    public void A_size_that_no_machine_has_is_out_of_range(long size)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedMemory.Create("large", size, _segments.Options));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedMemory.CreateOrOpen("large", size, _segments.Options));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => SharedMemory.Create("large", 10, new SharedMemoryOptions { Folder = _segments.Folder, MaxSize = size }));
        if (OperatingSystem.IsLinux())
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => SharedMemory.CreateAnonymous(size));
        }

        Assert.Empty(Directory.GetFiles(_segments.Folder));
    }

    [NotUnderWineFact("version 8 does not know MEM_RESERVE_PLACEHOLDER, so segments do not grow")]
    public void A_size_beyond_the_address_space_is_an_IOException_and_leaves_no_file()
    {
        Assert.ThrowsAny<IOException>(
            () => SharedMemory.Create("large", 10, new SharedMemoryOptions { Folder = _segments.Folder, MaxSize = 1L << 59 }));
        Assert.Empty(Directory.GetFiles(_segments.Folder));
    }

    [Fact]
    public void Options_that_make_no_sense_are_named()
    {
        Assert.Contains(nameof(SharedMemoryOptions.OpenTimeout),
            Assert.Throws<ArgumentOutOfRangeException>(() => new SharedMemoryOptions { OpenTimeout = TimeSpan.FromSeconds(-1) }).Message,
            StringComparison.Ordinal);
        ArgumentException small = Assert.ThrowsAny<ArgumentException>(
            () => SharedMemory.Create("small", 100, new SharedMemoryOptions { Folder = _segments.Folder, MaxSize = -1 }));
        Assert.Contains("MaxSize", small.Message, StringComparison.Ordinal);
        Assert.Contains("-1", small.Message, StringComparison.Ordinal);
        using SharedMemory memory = SharedMemory.Create("endless", 100,
            new SharedMemoryOptions { Folder = _segments.Folder, OpenTimeout = Timeout.InfiniteTimeSpan });
        using SharedMemory opened = SharedMemory.Open("endless",
            new SharedMemoryOptions { Folder = _segments.Folder, OpenTimeout = Timeout.InfiniteTimeSpan });
        using SharedMemory atOnce = SharedMemory.Open("endless",
            new SharedMemoryOptions { Folder = _segments.Folder, OpenTimeout = TimeSpan.Zero });
    }

    [Fact]
    public async Task A_signal_that_is_null_is_an_ArgumentException()
    {
        SharedEvent signal = SharedEvent.Create(_segments.Make(), 0, manualReset: false, set: true);
        Assert.Throws<ArgumentException>(() => SharedWait.WaitAny([null!], TimeSpan.Zero));
        await Assert.ThrowsAsync<ArgumentException>(async () => await SharedWait.WaitAnyAsync([signal, null!]));
        Assert.True(signal.IsSet);
    }

    [Fact]
    public void A_file_of_another_program_under_the_name_is_named_with_what_to_do()
    {
        string path = Path.Combine(_segments.Folder, "segment-taken");
        File.WriteAllText(path, "not a segment");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        foreach (Action open in (Action[])[
            () => SharedMemory.Create("taken", 10, _segments.Options), () => SharedMemory.CreateOrOpen("taken", 10, _segments.Options),
            () => SharedMemory.Open("taken", _segments.Options)])
        {
            SharedMemoryFormatException exception = Assert.Throws<SharedMemoryFormatException>(open);
            Assert.Equal(SharedMemoryError.NotASegment, exception.Error);
            Assert.Contains(path, exception.Message, StringComparison.Ordinal);
            Assert.Contains("delete", exception.Message, StringComparison.OrdinalIgnoreCase);
        }

        Assert.Equal("not a segment", File.ReadAllText(path));
    }
}
