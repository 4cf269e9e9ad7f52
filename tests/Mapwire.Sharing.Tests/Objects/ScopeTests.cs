using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Objects;

/// <summary>Scopes that are disposed more than once, or through a copy.</summary>
public sealed class ScopeTests : IDisposable
{
    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public void A_mutex_scope_disposed_twice_does_not_release_the_next_holder()
    {
        SharedMutex mutex = SharedMutex.Create(_segments.Make(), 0);
        SharedMutex.Scope first = mutex.Enter(), copy = first;
        first.Dispose();
        first.Dispose();
        SharedMutex.Scope second = mutex.Enter();
        copy.Dispose();
        first.Dispose();
        Assert.True(mutex.IsOwned);
        Assert.False(mutex.TryEnter(TimeSpan.Zero, out SharedMutex.Scope third));
        third.Dispose();
        second.Dispose();
        Assert.False(mutex.IsOwned);
        default(SharedMutex.Scope).Dispose();
    }

    [Fact]
    public async Task A_mutex_scope_that_was_entered_without_a_thread_ends_once()
    {
        SharedMutex mutex = SharedMutex.Create(_segments.Make(), 0);
        SharedMutex.Scope first = await mutex.EnterAsync();
        await Task.Run(first.Dispose, TestContext.Current.CancellationToken);
        Assert.True(mutex.TryEnter(TimeSpan.Zero, out SharedMutex.Scope second));
        first.Dispose();
        Assert.True(mutex.IsOwned);
        second.Dispose();
        second.Dispose();
        Assert.False(mutex.IsOwned);
    }

    [Fact]
    public void A_recursive_mutex_keeps_its_depth_when_a_scope_is_disposed_twice()
    {
        SharedMutex mutex = SharedMutex.Create(_segments.Make(), 0, MutexOwner.RecursiveThread);
        SharedMutex.Scope outer = mutex.Enter(), inner = mutex.Enter();
        inner.Dispose();
        inner.Dispose();
        Assert.True(mutex.IsOwned);
        outer.Dispose();
        Assert.False(mutex.IsOwned);
    }

    [Fact]
    public void A_scope_of_a_threads_mutex_that_another_thread_could_not_end_is_ended_by_its_own()
    {
        SharedMutex mutex = SharedMutex.Create(_segments.Make(), 0, MutexOwner.Thread);
        SharedMutex.Scope scope = mutex.Enter();
        OtherThread.Run(() => Assert.Throws<SynchronizationLockException>(scope.Dispose));
        Assert.True(mutex.IsOwned);
        scope.Dispose();
        Assert.False(mutex.IsOwned);
    }

    [Fact]
    public void A_read_scope_disposed_twice_does_not_end_another_read()
    {
        SharedReaderWriterLock @lock = SharedReaderWriterLock.Create(_segments.Make(), 0);
        SharedReaderWriterLock.Scope first = @lock.EnterRead(), second = @lock.EnterRead();
        first.Dispose();
        first.Dispose();
        Assert.False(@lock.TryEnterWrite(TimeSpan.Zero, out SharedReaderWriterLock.Scope none));
        none.Dispose();
        second.Dispose();
        Assert.True(@lock.TryEnterWrite(TimeSpan.Zero, out SharedReaderWriterLock.Scope writer));
        writer.Dispose();
    }

    [Fact]
    public async Task A_write_scope_disposed_twice_does_not_end_another_write()
    {
        SharedReaderWriterLock @lock = SharedReaderWriterLock.Create(_segments.Make(), 0);
        SharedReaderWriterLock.Scope first = await @lock.EnterWriteAsync();
        first.Dispose();
        SharedReaderWriterLock.Scope second = @lock.EnterWrite();
        first.Dispose();
        Assert.False(@lock.TryEnterRead(TimeSpan.Zero, out _));
        second.Dispose();
        Assert.True(@lock.TryEnterRead(TimeSpan.Zero, out SharedReaderWriterLock.Scope reader));
        reader.Dispose();
        reader.Dispose();
        Assert.Throws<SynchronizationLockException>(@lock.ReleaseRead);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_semaphore_scope_disposed_twice_returns_one_permit(bool owned)
    {
        SharedMemory memory = _segments.Make();
        SharedSemaphore permits = owned ? SharedSemaphore.CreateOwned(memory, 0, 3) : SharedSemaphore.Create(memory, 0, 3, 10);
        SharedSemaphore.Scope first = permits.Enter(), second = await permits.EnterAsync(), copy = first;
        first.Dispose();
        first.Dispose();
        copy.Dispose();
        Assert.Equal(2, permits.Available);
        second.Dispose();
        second.Dispose();
        Assert.Equal(3, permits.Available);
    }

    [Fact]
    public void Copies_disposed_of_by_many_threads_at_once_release_once()
    {
        SharedSemaphore permits = SharedSemaphore.Create(_segments.Make(), 0, 1);
        for (int round = 0; round < 200; round++)
        {
            SharedSemaphore.Scope scope = permits.Enter();
            Parallel.For(0, 4, _ => scope.Dispose());
            Assert.Equal(1, permits.Available);
        }
    }

    [Fact]
    public void Scopes_take_no_memory_of_the_collector_once_they_have_been_used()
    {
        SharedMemory memory = _segments.Make();
        SharedMutex mutex = SharedMutex.Create(memory, 0);
        SharedReaderWriterLock @lock = SharedReaderWriterLock.Create(memory, 1 << 13);
        UseScopes(mutex, @lock); // the first time compiles and fills the pool
        long before = GC.GetAllocatedBytesForCurrentThread();
        UseScopes(mutex, @lock);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100);
    }

    private static void UseScopes(SharedMutex mutex, SharedReaderWriterLock @lock)
    {
        for (int i = 0; i < 100; i++)
        {
            using (mutex.Enter())
            using (@lock.EnterRead())
            {
                Assert.False(mutex.TryEnter(TimeSpan.Zero, out _));
            }
        }
    }
}
