using BenchmarkDotNet.Attributes;
using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Benchmarks;

/// <summary>Taking and giving back what nobody else wants, and a message through a ring, by one thread.</summary>
public class ObjectPairs
{
    private readonly byte[] _message = new byte[64];
    private SharedMemory _memory = null!;
    private SharedMutex _mutex = null!;
    private SharedSemaphore _plain = null!, _owned = null!;
    private SharedEvent _event = null!;
    private SharedReaderWriterLock _lock = null!;
    private SharedCell<long> _cell = null!;
    private RingProducer _one = null!, _many = null!;
    private RingConsumer _fromOne = null!, _fromMany = null!;

    [GlobalSetup]
    public void Open()
    {
        _memory = SharedMemory.Create($"bench-{Environment.ProcessId}", 1 << 20);
        _mutex = SharedMutex.Create(_memory, 0);
        _plain = SharedSemaphore.Create(_memory, 64, 1);
        _owned = SharedSemaphore.CreateOwned(_memory, 128, 4);
        _event = SharedEvent.Create(_memory, 512, manualReset: false);
        _cell = SharedCell.Create<long>(_memory, 1024);
        _lock = SharedReaderWriterLock.Create(_memory, 1 << 13);
        SharedRing one = SharedRing.Create(_memory, 1 << 16, 1 << 16), many =
            SharedRing.Create(_memory, 1 << 18, 1 << 16, RingProducers.Multiple);
        (_one, _fromOne, _many, _fromMany) = (one.OpenProducer(), one.OpenConsumer(), many.OpenProducer(), many.OpenConsumer());
    }

    [GlobalCleanup]
    public void Close() => _memory.Dispose();

    [Benchmark]
    public void Mutex()
    {
        _mutex.Acquire();
        _mutex.Release();
    }

    [Benchmark]
    public void PlainSemaphore()
    {
        _plain.Acquire();
        _plain.Release();
    }

    [Benchmark]
    public void OwnedSemaphore()
    {
        _owned.Acquire();
        _owned.Release();
    }

    [Benchmark]
    public void Event()
    {
        _event.Set();
        _event.Wait();
    }

    [Benchmark]
    public void Read()
    {
        _lock.AcquireRead();
        _lock.ReleaseRead();
    }

    [Benchmark]
    public void Write()
    {
        _lock.AcquireWrite();
        _lock.ReleaseWrite();
    }

    [Benchmark]
    public long Cell()
    {
        _cell.Write(5);
        _cell.TryRead(out long value);
        return value;
    }

    [Benchmark]
    public void OneProducer()
    {
        _one.TryWrite(_message);
        _fromOne.Advance();
    }

    [Benchmark]
    public void ManyProducers()
    {
        _many.TryWrite(_message);
        _fromMany.Advance();
    }
}
