using System.Diagnostics;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Locking;

public sealed class RangeLockTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly MappedFile _file;

    public RangeLockTests() => _file = MappedFile.Create(_folder["f"], 100);

    public void Dispose()
    {
        _file.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_negative_timeout_and_an_unknown_mode_are_refused()
    {
        foreach (TimeSpan timeout in new[] { TimeSpan.FromSeconds(-1), TimeSpan.MinValue })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => RangeLock.TryAcquire(_file, 0, 1, RangeLockMode.Shared, timeout, out _));
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => RangeLock.AcquireAsync(_file, 0, 1, timeout: timeout));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => RangeLock.Acquire(_file, 0, 1, (RangeLockMode)5));
    }

    [Fact]
    public void Exclusive_ranges_exclude_and_shared_ones_share()
    {
        using RangeLock first = RangeLock.Acquire(_file, 10, 10);
        Assert.Equal((10, 10, RangeLockMode.Exclusive), (first.Offset, first.Length, first.Mode));
        Assert.False(RangeLock.TryAcquire(_file, 19, 1, RangeLockMode.Exclusive, out _));
        Assert.False(RangeLock.TryAcquire(_file, 0, 11, RangeLockMode.Shared, out _));
        Assert.False(RangeLock.TryAcquire(_file, 0, RangeLock.Unbounded, RangeLockMode.Exclusive, out _));
        Assert.True(RangeLock.TryAcquire(_file, 20, 5, RangeLockMode.Exclusive, out RangeLock? beside));
        Assert.True(RangeLock.TryAcquire(_file, 0, 10, RangeLockMode.Shared, out RangeLock? before));
        Assert.True(RangeLock.TryAcquire(_file, 5, 5, RangeLockMode.Shared, out RangeLock? also));
        Assert.False(RangeLock.TryAcquire(_file, 7, 1, RangeLockMode.Exclusive, out _));
        before.Dispose();
        Assert.False(RangeLock.TryAcquire(_file, 7, 1, RangeLockMode.Exclusive, out _)); // the other shared one still holds
        also.Dispose();
        Assert.True(RangeLock.TryAcquire(_file, 7, 1, RangeLockMode.Exclusive, out RangeLock? seven));
        seven.Dispose();
        beside.Dispose();
    }

    [Fact]
    public void Releasing_one_lock_leaves_the_others_of_the_same_file()
    {
        RangeLock first = RangeLock.Acquire(_file, 0, 10);
        using RangeLock second = RangeLock.Acquire(_file, 10, 10);
        first.Dispose();
        first.Dispose();
        Assert.True(RangeLock.TryAcquire(_file, 0, 10, RangeLockMode.Exclusive, out RangeLock? again));
        Assert.False(RangeLock.TryAcquire(_file, 10, 10, RangeLockMode.Exclusive, out _));
        again.Dispose();
    }

    [Fact]
    public void Two_openings_of_one_file_exclude_each_other()
    {
        using MappedFile other = MappedFile.Open(_folder["f"], new MappedFileOptions { Access = FileAccess.ReadWrite });
        using (RangeLock.Acquire(_file, 0, RangeLock.Unbounded))
        {
            Assert.False(RangeLock.TryAcquire(other, 5_000, 1, RangeLockMode.Shared, out _)); // past the end
            MappedFile.Open(_folder["f"]).Dispose(); // closing a descriptor of the same file frees nothing
            Assert.False(RangeLock.TryAcquire(other, 5_000, 1, RangeLockMode.Shared, out _));
        }

        Assert.True(RangeLock.TryAcquire(other, 5_000, 1, RangeLockMode.Shared, out RangeLock? held));
        held.Dispose();
    }

    [Fact]
    public async Task Waiting_ends_with_the_lock_the_time_or_the_token()
    {
        RangeLock held = RangeLock.Acquire(_file, 0, 1);
        long start = Stopwatch.GetTimestamp();
        Assert.False(RangeLock.TryAcquire(_file, 0, 1, RangeLockMode.Exclusive, TimeSpan.FromMilliseconds(60), out _));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(60));
        Assert.Null(await RangeLock.AcquireAsync(_file, 0, 1, timeout: TimeSpan.FromMilliseconds(60)));

        using CancellationTokenSource soon = new(TimeSpan.FromMilliseconds(60));
        Assert.ThrowsAny<OperationCanceledException>(() =>
            RangeLock.Acquire(_file, 0, 1, cancellationToken: soon.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            RangeLock.AcquireAsync(_file, 0, 1, cancellationToken: soon.Token));

        Task<RangeLock> waiting = Task.Run(() => RangeLock.Acquire(_file, 0, 1));
        Task<RangeLock?> alsoWaiting = RangeLock.AcquireAsync(_file, 0, 1);
        await Task.Delay(60);
        Assert.False(waiting.IsCompleted || alsoWaiting.IsCompleted);
        held.Dispose();
        Task<RangeLock> first = (Task<RangeLock>)await Task.WhenAny(waiting, alsoWaiting!).WaitAsync(TimeSpan.FromSeconds(20));
        (await first).Dispose();
        await Task.WhenAll(waiting, alsoWaiting!).WaitAsync(TimeSpan.FromSeconds(20));
        (await waiting).Dispose();
        (await alsoWaiting)!.Dispose();
    }

    [Fact]
    public void Misuse_is_refused()
    {
        using MappedFile readOnly = MappedFile.Open(_folder["f"]);
        Assert.Throws<InvalidOperationException>(() => RangeLock.Acquire(readOnly, 0, 1));
        RangeLock.Acquire(readOnly, 0, 1, RangeLockMode.Shared).Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => RangeLock.Acquire(_file, -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RangeLock.Acquire(_file, 0, 0));
        readOnly.Dispose();
        Assert.Throws<ObjectDisposedException>(() => RangeLock.Acquire(readOnly, 0, 1, RangeLockMode.Shared));
    }

    [Fact]
    public void Many_threads_count_right_under_a_lock()
    {
        using MappedRegion region = _file.Map();
        Parallel.For(0, 8, _ =>
        {
            for (int i = 0; i < 200; i++)
            {
                using (RangeLock.Acquire(_file, 8, 8))
                {
                    region.Write(8, region.Read<long>(8) + 1);
                }
            }
        });
        Assert.Equal(1600, region.Read<long>(8));
    }

    [Fact]
    public void A_lock_that_was_dropped_stays_held()
    {
        Drop(_file);
        for (int round = 0; round < 3; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(RangeLock.TryAcquire(_file, 1 << 20, 1, RangeLockMode.Shared, out _));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Drop(MappedFile file) => RangeLock.Acquire(file, 1 << 20, 1);
    }
}
