using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Sources;

/// <summary>The readers of all devices that files are played from: a device that hangs or is slow holds up no other.</summary>
internal sealed class PresenceThreads : IDisposable
{
    private readonly Dictionary<ulong, DeviceReader> _readers = [];
    private readonly Func<DeviceReader> _create;
    private bool _isDisposed;

    /// <param name="create">Makes the reader of a device; null for one with threads of its own.</param>
    /// <param name="log">Takes a line for a fault of ours; null for nowhere.</param>
    public PresenceThreads(Func<DeviceReader>? create = null, ILogger? log = null) =>
        _create = create ?? (() => new DeviceReader("mapwire", log));

    /// <summary>The reader of a device, made when it is new.</summary>
    public DeviceReader ForDevice(ulong device)
    {
        lock (_readers)
        {
            if (!_readers.TryGetValue(device, out DeviceReader? reader))
            {
                reader = _create();
                _readers.Add(device, reader);
                if (_isDisposed)
                {
                    reader.Stop();
                }
            }

            return reader;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_readers)
        {
            _isDisposed = true;
            foreach (DeviceReader reader in _readers.Values)
            {
                reader.Stop();
            }
        }
    }
}
