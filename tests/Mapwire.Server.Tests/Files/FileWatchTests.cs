using System.Buffers.Binary;
using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Files;

/// <summary>A file that others change while it is played, in each container.</summary>
public sealed class FileWatchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FileThreads _threads = new("comparing", 1, TitleLimits.Default);

    public enum Container
    {
        Progressive,
        Fragmented,
        Flv,
    }

    public static TheoryData<Container> Containers => [Container.Progressive, Container.Fragmented, Container.Flv];

    public void Dispose()
    {
        _threads.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Containers))]
    public async Task A_file_overwritten_in_place_by_a_longer_one_is_lost(Container container)
    {
        string path = Plant(container, seed: 1, samples: 20);
        Title title = Open(path);
        Assert.Equal(FileState.Unchanged, await StateAsync(title));
        Overwrite(path, Film(container, seed: 2, samples: 40));
        Assert.Equal(FileState.Lost, await StateAsync(title));
        Assert.Equal("the file changed", title.Watch.Lost);
        title.Release();
    }

    [Theory]
    [MemberData(nameof(Containers))]
    public async Task A_file_overwritten_by_one_of_the_same_length_is_lost(Container container)
    {
        string path = Plant(container, seed: 1, samples: 20);
        Title title = Open(path);
        byte[] other = Film(container, seed: 2, samples: 20);
        Assert.Equal(new FileInfo(path).Length, other.Length);
        Overwrite(path, other);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddSeconds(-30));
        Assert.Equal(FileState.Lost, await StateAsync(title));
        title.Release();
    }

    [Theory]
    [MemberData(nameof(Containers))]
    public async Task A_touched_file_plays_on(Container container)
    {
        string path = Plant(container, seed: 1, samples: 20);
        Title title = Open(path);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Assert.Equal(FileState.Unchanged, await StateAsync(title));
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        Assert.Equal(FileState.Unchanged, await StateAsync(title));
        title.Release();
    }

    [Theory]
    [InlineData(Container.Fragmented)]
    [InlineData(Container.Flv)]
    public async Task A_file_that_grows_plays_on(Container container)
    {
        byte[] whole = Film(container, seed: 1, samples: 40);
        string path = Path.Combine(_folder.Path, "growing");
        File.WriteAllBytes(path, whole[..(whole.Length / 2)]);
        Title title = Open(path);
        for (int length = whole.Length / 2; length < whole.Length; length += whole.Length / 8)
        {
            using (FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
            {
                file.Write(whole, (int)file.Length, Math.Min(whole.Length / 8, whole.Length - (int)file.Length));
            }

            Assert.Equal(FileState.Unchanged, await StateAsync(title));
        }

        title.Release();
    }

    [Fact]
    public async Task A_recorder_may_fill_in_the_metadata_when_it_is_done()
    {
        byte[] film = Film(Container.Flv, seed: 1, samples: 20);
        string path = Plant(Container.Flv, seed: 1, samples: 20);
        Title title = Open(path);
        int duration = film.AsSpan().IndexOf("duration"u8) + 9;
        BinaryPrimitives.WriteDoubleBigEndian(film.AsSpan(duration), 12.5);
        Overwrite(path, film);
        Assert.Equal(FileState.Unchanged, await StateAsync(title));
        title.Release();
    }

    [Theory]
    [MemberData(nameof(Containers))]
    public async Task A_file_that_was_cut_is_lost(Container container)
    {
        string path = Plant(container, seed: 1, samples: 20);
        Title title = Open(path);
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(file.Length - 1);
        }

        Assert.Equal(FileState.Lost, await StateAsync(title));
        title.Release();
    }

    [Fact]
    public async Task A_file_that_is_written_late_in_one_tick_of_its_clock_is_compared_again()
    {
        string path = Plant(Container.Flv, seed: 1, samples: 20);
        Title title = Open(path);
        DateTime time = DateTime.UtcNow.AddSeconds(5);
        File.SetLastWriteTimeUtc(path, time);
        Assert.Equal(FileState.Unchanged, await StateAsync(title)); // the writer has not come to the bytes that are compared
        Overwrite(path, Film(Container.Flv, seed: 2, samples: 20));
        File.SetLastWriteTimeUtc(path, time);
        long begun = Environment.TickCount64;
        while (await StateAsync(title) != FileState.Lost)
        {
            Assert.True(Environment.TickCount64 - begun < 60_000, "never compared again");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        title.Release();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_look_that_is_judged_after_the_file_was_read_on_does_not_lose_it(bool isLocal)
    {
        string path = Path.Combine(_folder.Path, "growing");
        File.WriteAllBytes(path, new byte[1000]);
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map(0, 1000, new MapOptions { Reserve = 1 << 20 });
        FileWatch? watch = null;
        int looks = 0;
        watch = new FileWatch(
            file, region, file.Identity, new Fingerprint([]), _threads, TitleLimits.Default.Storage, isLocal,
            LookAndReadOn);
        Assert.Equal(FileState.Unchanged, await StateAsync(watch, Environment.TickCount64 + 10_000));
        Assert.Equal(FileState.Unchanged, await StateAsync(watch, Environment.TickCount64 + 20_000));
        Assert.Null(watch.Lost);
        Assert.InRange(looks, 1, 3);

        FileIdentity LookAndReadOn()
        {
            FileIdentity seen = file.Identity;
            if (++looks == 1)
            {
                File.AppendAllText(path, "what the recorder writes");
                watch!.Extend(file.Identity, new Fingerprint([])); // a later viewer's opening has read it
            }

            return seen;
        }
    }

    [Fact]
    public async Task A_look_that_fails_loses_the_file_with_the_reason_and_without_its_folder()
    {
        string path = Path.Combine(_folder.Path, "dead");
        File.WriteAllBytes(path, new byte[1000]);
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map();
        FileWatch watch = new(file, region, file.Identity, new Fingerprint([]), _threads, TitleLimits.Default.Storage, isLocal: false,
            () => throw new IOException($"Transport endpoint is not connected : '{path}'"));
        FileState state = FileState.Unchanged;
        for (int i = 0; i < 1000 && state != FileState.Lost; i++)
        {
            state = await StateAsync(watch, Environment.TickCount64 + 10_000);
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        Assert.Equal("the file can no longer be read: Transport endpoint is not connected : 'dead'", watch.Lost);
    }

    [Fact]
    public void A_fingerprint_of_megabytes_is_compared_to_its_last_byte()
    {
        byte[] bytes = new byte[(3 << 20) + 5];
        new Random(1).NextBytes(bytes);
        string path = Path.Combine(_folder.Path, "long");
        File.WriteAllBytes(path, bytes);
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map();
        Assert.True(new Fingerprint([new Fingerprint.Piece(0, bytes.Length, Crc32C.Append(Crc32C.Seed, bytes))]).Matches(region));
        bytes[^1]++;
        Assert.False(new Fingerprint([new Fingerprint.Piece(0, bytes.Length, Crc32C.Append(Crc32C.Seed, bytes))]).Matches(region));
    }

    [Fact]
    public void A_title_of_which_nothing_can_be_played_lets_go_of_its_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lists what is mapped.");
        string path = Plant(Container.Flv, seed: 1, samples: 20);
        Assert.Throws<TitleException>(() => Title.Open(path, "film", new TrackChoice(default, Video: 9)));
        Assert.DoesNotContain(File.ReadLines("/proc/self/maps"), line => line.Contains(path, StringComparison.Ordinal));
    }

    [Fact]
    public void A_failure_beside_a_reading_on_is_told_by_its_own_reason()
    {
        string path = Path.Combine(_folder.Path, "growing");
        File.WriteAllBytes(path, new byte[1000]);
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map(0, 1000, new MapOptions { Reserve = 1 << 20 });
        FileWatch? watch = null;
        watch = new FileWatch(file, region, file.Identity, new Fingerprint([]), _threads, TitleLimits.Default.Storage, true, () =>
        {
            FileIdentity seen = file.Identity;
            File.AppendAllText(path, "what the recorder writes");
            watch!.Extend(file.Identity, new Fingerprint([]));
            return seen;
        });
        watch.Fail("Input/output error");
        Assert.Equal("the file can no longer be read: Input/output error", watch.Lost);
    }

    [Fact]
    public async Task A_comparison_that_was_begun_before_the_file_was_read_on_does_not_take_it_back()
    {
        string path = Path.Combine(_folder.Path, "growing");
        File.WriteAllBytes(path, new byte[1000]);
        using MappedFile file = MappedFile.Open(path);
        using MappedRegion region = file.Map(0, 1000, new MapOptions { Reserve = 1 << 20 });
        Fingerprint other = new([new Fingerprint.Piece(0, 10, 1)]); // matches nothing: what is compared now is not the file any more
        FileWatch watch = new(file, region, file.Identity, other, _threads, TitleLimits.Default.Storage);
        using ManualResetEventSlim free = new();
        _ = _threads.RunAsync($"compare {path}", _ => free.Wait(TimeSpan.FromSeconds(60)));
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Assert.Equal(FileState.Unknown, watch.Look(Environment.TickCount64 + 1));
        TaskCompletionSource known = new(TaskCreationOptions.RunContinuationsAsynchronously);
        watch.CallWhenKnown(known.SetResult);
        File.AppendAllText(path, "what the recorder writes");
        watch.Extend(file.Identity, new Fingerprint([]));
        free.Set();
        await known.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(FileState.Unchanged, await StateAsync(watch, Environment.TickCount64 + 10_000));
    }

    [Fact]
    public async Task One_who_asks_at_every_turn_is_called_once_when_it_is_known()
    {
        string path = Plant(Container.Flv, seed: 1, samples: 20);
        Title title = Open(path);
        using ManualResetEventSlim free = new();
        _ = _threads.RunAsync($"compare {path}", _ => free.Wait(TimeSpan.FromSeconds(60)));
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Assert.Equal(FileState.Unknown, title.Watch.Look(Environment.TickCount64 + 1));
        int calls = 0;
        Action wake = () => Interlocked.Increment(ref calls);
        for (int turn = 0; turn < 1000; turn++)
        {
            title.Watch.CallWhenKnown(wake);
        }

        TaskCompletionSource known = new(TaskCreationOptions.RunContinuationsAsynchronously);
        title.Watch.CallWhenKnown(known.SetResult); // called behind the other one
        Assert.Equal(0, calls);
        free.Set();
        await known.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(1, calls);
        title.Release();
    }

    private static void Overwrite(string path, byte[] bytes)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Write(bytes);
    }

    private static byte[] Film(Container container, byte seed, int samples) => container switch
    {
        Container.Progressive => FilmBytes.Progressive(seed, samples),
        Container.Fragmented => FilmBytes.Fragmented(seed, samples),
        _ => FilmBytes.Flv(seed, samples),
    };

    private string Plant(Container container, byte seed, int samples)
    {
        string path = Path.Combine(_folder.Path, $"{container}");
        File.WriteAllBytes(path, Film(container, seed, samples));
        return path;
    }

    private Title Open(string path) => Title.Open(path, "film", threads: _threads);

    /// <summary>Looks until it is known.</summary>
    private static async Task<FileState> StateAsync(Title title)
    {
        await Task.Delay(2, TestContext.Current.CancellationToken); // a look counts for a millisecond
        return await StateAsync(title.Watch, Environment.TickCount64);
    }

    /// <summary>Looks at a moment, and then until it is known.</summary>
    private static async Task<FileState> StateAsync(FileWatch watch, long now)
    {
        while (true)
        {
            TaskCompletionSource known = new(TaskCreationOptions.RunContinuationsAsynchronously);
            FileState state = watch.Look(now);
            if (state != FileState.Unknown)
            {
                return state;
            }

            watch.CallWhenKnown(known.SetResult);
            await known.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            await Task.Delay(2, TestContext.Current.CancellationToken); // a look counts for a millisecond
            now = Environment.TickCount64;
        }
    }
}
