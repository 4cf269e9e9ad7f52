using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

internal sealed class MutexScenario(SharedMemory memory, int party) : Scenario(memory, party)
{
    private readonly SharedMutex _mutex = SharedMutex.Open(memory, Arena.Mutex);
    private readonly Ledger _ledger = new(memory);

    public override bool Step()
    {
        if (_mutex.Acquire() == LockResult.OwnerDied)
        {
            _ledger.Mend();
        }

        _ledger.Add(Party);
        _mutex.Release();
        return true;
    }
}

internal sealed class SemaphoreScenario(SharedMemory memory, int party) : Scenario(memory, party)
{
    private readonly SharedSemaphore _permit = SharedSemaphore.Open(memory, Arena.Permit);
    private readonly Ledger _ledger = new(memory);

    public override bool Step()
    {
        if (_permit.Acquire() == LockResult.OwnerDied)
        {
            _ledger.Mend();
        }

        _ledger.Add(Party);
        _permit.Release();
        return true;
    }
}

internal sealed class ReaderWriterScenario(SharedMemory memory, int party) : Scenario(memory, party)
{
    private readonly SharedReaderWriterLock _lock = SharedReaderWriterLock.Open(memory, Arena.ReaderWriter);
    private readonly Ledger _ledger = new(memory);
    private int _steps;

    public override bool Step()
    {
        if (_steps++ % 3 != 0)
        {
            if (_lock.AcquireRead() == LockResult.Acquired)
            {
                _ledger.Check(); // no writer is at it, and none died unmended
            }

            _lock.ReleaseRead();
            return true;
        }

        if (_lock.AcquireWrite() == LockResult.OwnerDied)
        {
            _ledger.Mend();
        }

        _ledger.Add(Party);
        _lock.ReleaseWrite();
        return true;
    }
}

internal sealed class ConditionScenario(SharedMemory memory, int party) : Scenario(memory, party)
{
    private readonly SharedMutex _mutex = SharedMutex.Open(memory, Arena.Mutex);
    private readonly SharedCondition _condition = SharedCondition.Open(memory, Arena.Condition);
    private readonly Ledger _ledger = new(memory);

    public override bool Step()
    {
        if (_mutex.Acquire() == LockResult.OwnerDied)
        {
            _ledger.Mend();
        }

        _ledger.Add(Party);
        _condition.Notify();
        if (_condition.Wait(_mutex, TimeSpan.FromMilliseconds(2)).OwnerDied)
        {
            _ledger.Mend();
        }

        _ledger.Add(Party);
        _mutex.Release();
        return true;
    }
}
