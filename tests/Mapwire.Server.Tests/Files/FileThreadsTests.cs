using System.Diagnostics;
using Mapwire.Media;
using Mapwire.Server.Files;
using Xunit;

namespace Mapwire.Server.Tests.Files;

/// <summary>Threads that wait where nobody can end the wait, here for a gate that the test holds.</summary>
public sealed class FileThreadsTests : IDisposable
{
    private static readonly TitleLimits Limits = new() { OpeningTime = TimeSpan.FromSeconds(1.5) };

    private readonly ManualResetEventSlim _answer = new();
    private readonly List<int> _late = [];

    public void Dispose() => _answer.Set(); // nothing hangs on behind the test; the event itself is left to those who wake

    [Fact]
    public async Task Who_waits_is_told_in_time_with_the_place_and_what_comes_late_is_taken_back()
    {
        using FileThreads threads = new("test", 2, Limits);
        Stopwatch clock = Stopwatch.StartNew();
        Task<int> first = threads.RunAsync(
            "a",
            work =>
            {
                work.EndWait();
                work.BeginWait(new FileLocation("box header", 8));
                _answer.Wait();
                return 1;
            },
            Late);
        Task<int> second = threads.RunAsync("a", _ => 2, Late);
        foreach (Task<int> told in (Task<int>[])[first, second])
        {
            TitleException refusal = await Assert.ThrowsAsync<TitleException>(() => told);
            Assert.Equal(TitleError.Unreadable, refusal.Error);
            Assert.Equal(
                "opening took more than the limit of 1.5 s (OpeningTime): the file system does not answer (box header at offset 8)",
                refusal.Message);
        }

        Assert.InRange(clock.Elapsed, Limits.OpeningTime, Limits.OpeningTime + TimeSpan.FromSeconds(10));
        Assert.True(threads.RunAsync("a", _ => 3).IsFaulted, "who comes while it hangs is told at once");
        _answer.Set();
        while (true)
        {
            Task<int> again = threads.RunAsync("a", _ => 4);
            if (!again.IsFaulted)
            {
                Assert.Equal(4, await again);
                break;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "it came back, and is not tried again");
            await Task.Delay(10);
        }

        lock (_late)
        {
            Assert.Equal([1], _late);
        }
    }

    [Fact]
    public async Task What_hangs_lets_others_go_first_and_has_one_thread()
    {
        using FileThreads threads = new("test", 1, Limits);
        Task<int>[] hung = [.. Enumerable.Range(0, 50).Select(i => threads.RunAsync("a", _ => Hang(i), Late))];
        Stopwatch clock = Stopwatch.StartNew();
        Assert.Equal(7, await threads.RunAsync("b", _ => 7));
        Assert.True(clock.Elapsed < Limits.OpeningTime + TimeSpan.FromSeconds(5), $"another file took {clock.Elapsed}");
        Assert.False(hung[0].IsCompletedSuccessfully);
        Assert.InRange(threads.Count, 1, 3);
        await Assert.ThrowsAsync<TitleException>(() => Task.WhenAll(hung));
    }

    [Fact]
    public async Task What_hangs_after_a_time_without_work_is_refused_too()
    {
        using FileThreads threads = new("test", 2, Limits);
        Assert.Equal(1, await threads.RunAsync("a", _ => 1));
        await Task.Delay(1000); // nobody looks at what hangs any more
        Task<int> hanging = threads.RunAsync(
            "b",
            _ =>
            {
                _answer.Wait();
                return 2;
            },
            Late);
        await Assert.ThrowsAsync<TitleException>(() => hanging.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Work_that_only_computes_keeps_its_place(bool isSaidByItself)
    {
        using FileThreads threads = new("test", 1, new TitleLimits());
        Task<int> works = isSaidByItself
            ? threads.RunAsync(
                "a",
                work =>
                {
                    work.EndWait();
                    _answer.Wait();
                    return 1;
                })
            : threads.ComputeAsync(
                "a",
                () =>
                {
                    _answer.Wait();
                    return 1;
                });
        Task<int> next = threads.RunAsync("b", _ => 2);
        await Task.Delay(TimeSpan.FromSeconds(2.5)); // hung, it would have given way after one
        Assert.False(next.IsCompleted);
        _answer.Set();
        Assert.Equal((1, 2), (await works, await next));
    }

    [Fact]
    public async Task No_more_than_so_many_hang()
    {
        using FileThreads threads = new("test", FileThreads.MostStuck, new TitleLimits());
        Task<int>[] hung = [.. Enumerable.Range(0, FileThreads.MostStuck).Select(i => threads.RunAsync($"{i}", _ => Hang(i), Late))];
        TitleException refusal = await Assert.ThrowsAsync<TitleException>(() => threads.RunAsync("one more", _ => 1));
        Assert.Contains("256 files do not answer", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(FileThreads.MostStuck, threads.Count);
        _answer.Set();
        Assert.Equal(Enumerable.Range(0, FileThreads.MostStuck), await Task.WhenAll(hung));
        Assert.Equal(1, await threads.RunAsync("one more", _ => 1));
    }

    [Fact]
    public async Task A_release_closes_no_file_on_the_releasing_thread_when_all_threads_hang()
    {
        using TemporaryFolder folder = new();
        using FileThreads threads = new("test", FileThreads.MostStuck, new TitleLimits());
        MediaFile file = MediaFile.Open(folder.Add("film.mp4"), "film.mp4", threads: threads);
        Task<int>[] hung = [.. Enumerable.Range(0, FileThreads.MostStuck).Select(i => threads.RunAsync($"{i}", _ => Hang(i), Late))];
        await Assert.ThrowsAsync<TitleException>(() => threads.RunAsync("one more", _ => 1));
        file.Release(); // a worker does that when a player leaves
        Assert.NotEqual(0, file.Address); // still open
        _answer.Set();
        await Task.WhenAll(hung);
        await ClosedAsync(file);
    }

    [Fact]
    public async Task A_file_that_waits_to_be_closed_is_closed_when_the_threads_end()
    {
        using TemporaryFolder folder = new();
        using FileThreads threads = new("test", 1, new TitleLimits());
        MediaFile[] files =
            [.. Enumerable.Range(0, 3).Select(i => MediaFile.Open(folder.Add($"{i}.mp4"), "film.mp4", threads: threads))];
        Task<bool> works = threads.RunAsync("a", work =>
        {
            work.EndWait(); // keeps its place
            _answer.Wait();
            return true;
        });
        files[0].Release();
        files[1].Release();
        Assert.NotEqual(0, files[0].Address);
        threads.Dispose();
        await Assert.ThrowsAsync<TitleException>(() => works);
        _answer.Set();
        await ClosedAsync(files[0]);
        await ClosedAsync(files[1]);
        files[2].Release(); // no thread comes any more
        Assert.Throws<ObjectDisposedException>(() => files[2].Address);
    }

    [Fact]
    public async Task Work_is_refused_where_no_thread_can_be_started_and_done_when_one_can()
    {
        StartLimit limit = new(0);
        using FileThreads threads = new("test", 16, Limits, limit.Start);
        for (int i = 0; i < 20; i++)
        {
            TitleException refusal = await Assert.ThrowsAsync<TitleException>(() => threads.RunAsync("a", _ => 1));
            Assert.Contains("the system starts no more threads", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, threads.Count);
        limit.Left = int.MaxValue;
        Assert.Equal(2, await threads.RunAsync("a", _ => 2).WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task Work_is_left_to_the_threads_that_run_where_no_other_can_be_started()
    {
        using FileThreads threads = new("test", 16, Limits, new StartLimit(1).Start);
        Task<int>[] works = [.. Enumerable.Range(0, 50).Select(i => threads.RunAsync($"{i}", _ => i))];
        Assert.Equal(Enumerable.Range(0, 50), await Task.WhenAll(works).WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task Work_is_refused_when_the_threads_that_run_hang_and_no_other_can_be_started()
    {
        StartLimit limit = new(1);
        using FileThreads threads = new("test", 16, new TitleLimits(), limit.Start);
        Task<int> hung = threads.RunAsync("a", _ => Hang(1));
        Task<int> next = threads.RunAsync("b", _ => 2);
        TitleException refusal = await Assert.ThrowsAsync<TitleException>(() => next.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("the system starts no more threads", refusal.Message, StringComparison.Ordinal);
        _answer.Set();
        Assert.Equal(1, await hung);
        Assert.Equal(3, await threads.RunAsync("b", _ => 3));
    }

    [Fact]
    public async Task A_file_is_closed_when_a_thread_can_be_started_again()
    {
        using TemporaryFolder folder = new();
        StartLimit limit = new(0);
        using FileThreads threads = new("test", 16, Limits, limit.Start);
        MediaFile file = MediaFile.Open(folder.Add("film.mp4"), "film.mp4", threads: threads);
        file.Release();
        Assert.NotEqual(0, file.Address); // not on this thread, and not now
        limit.Left = 1;
        await ClosedAsync(file);
    }

    [Fact]
    public async Task Faults_are_the_callers_and_threads_are_used_again()
    {
        using FileThreads threads = new("test", 2, Limits);
        await Assert.ThrowsAsync<FileNotFoundException>(() => threads.RunAsync<int>("a", _ => throw new FileNotFoundException()));
        int[] answers = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(i => threads.RunAsync($"{i % 7}", _ => i)));
        Assert.Equal(Enumerable.Range(0, 10_000), answers);
        Assert.InRange(threads.Count, 0, 8);
        threads.Dispose();
        await Assert.ThrowsAsync<TitleException>(() => threads.RunAsync("a", _ => 1));
    }

    private static async Task ClosedAsync(MediaFile file)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                _ = file.Address;
            }
            catch (ObjectDisposedException)
            {
                return;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), "the file was never closed");
            await Task.Delay(5);
        }
    }

    /// <summary>A system that has room for so many threads more.</summary>
    internal sealed class StartLimit(int left)
    {
        private int _left = left;

        public int Left
        {
            set => Volatile.Write(ref _left, value);
        }

        public void Start(Thread thread)
        {
            if (Interlocked.Decrement(ref _left) < 0)
            {
                throw new InsufficientMemoryException("a thread was not started");
            }

            thread.Start();
        }
    }

    private int Hang(int answer)
    {
        _answer.Wait();
        return answer;
    }

    private void Late(int answer)
    {
        lock (_late)
        {
            _late.Add(answer);
        }
    }
}
