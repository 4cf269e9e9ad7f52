using System.Collections.Concurrent;
using Mapwire.Memory.Native;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory;

/// <summary>The handles that hold the locks of one file. A lock belongs to an open file description (on Windows: file object) and
/// does not conflict with others of the same one, so each held lock has its own; a released one is kept for the next.</summary>
internal sealed class LockOwners(MappedFile file) : IDisposable
{
    private readonly ConcurrentBag<SafeFileHandle> _idle = [];
    private volatile bool _closed;

    public SafeFileHandle Take()
    {
        ObjectDisposedException.ThrowIf(_closed || file.Handle.IsClosed, file);
        return _idle.TryTake(out SafeFileHandle? owner) ? owner : MemorySystem.Current.LockOwner(file);
    }

    public void Return(SafeFileHandle owner)
    {
        _idle.Add(owner);
        if (_closed)
        {
            Dispose();
        }
    }

    /// <summary>Closes the idle ones; those of held locks close when the locks are released.</summary>
    public void Dispose()
    {
        _closed = true;
        while (_idle.TryTake(out SafeFileHandle? owner))
        {
            owner.Dispose();
        }
    }
}
