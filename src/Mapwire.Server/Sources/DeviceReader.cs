using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mapwire.Server.Sources;

/// <summary>
/// The threads that bring windows of one device's files into memory. What is in memory already is told apart without waiting and goes
/// first, by threads of its own: a film that is warm never waits behind films that are cold. Of the cold, many are read at once, since a
/// disk, a network and a file system's daemon all serve several reads faster than one after the other.
/// </summary>
internal class DeviceReader
{
    /// <summary>Only map what is in memory: microseconds each.</summary>
    private const int WarmThreads = 2;

    /// <summary>Reads at once. Storage that takes 20 ms for 128 KiB brings 800 reads a second then, a hundred films of 8 Mbit/s.</summary>
    private const int ColdThreads = 16;

    /// <summary>What nobody waits for this long after it was needed is not wanted any more, in milliseconds.</summary>
    private const long StaleAfter = 5_000;

    /// <summary>How long after a read of the device memory counts as short, in milliseconds.</summary>
    private const long QuietAfter = 10_000;

    private readonly ILogger _log;
    private readonly ReadQueue _warm;
    private readonly ReadQueue _cold;
    private readonly Func<long> _clock;
    private long _readAt; // when something was read of the device last, as far as this process knows

    /// <param name="name">Of the threads.</param>
    /// <param name="log">
    /// Takes a line for a fault of ours, and throws nothing (see <see cref="UnfailingLogger"/>); null for nowhere.
    /// </param>
    /// <param name="clock">Milliseconds of a clock that never goes back; null for the system's.</param>
    public DeviceReader(string name, ILogger? log = null, Func<long>? clock = null)
    {
        _clock = clock ?? (static () => Environment.TickCount64);
        _readAt = _clock();
        _log = log ?? NullLogger.Instance;
        _cold = new ReadQueue($"{name} read", ColdThreads, BringCold);
        _warm = new ReadQueue($"{name} map", WarmThreads, BringWarm);
    }

    /// <summary>
    /// Whether what is in memory may be found by whoever asks for it, without these threads, where that waits for nothing.
    /// </summary>
    public virtual bool AllowsFinding => true;

    /// <summary>
    /// Whether nothing was read from the device for a while before a moment, nor has been since: what was in memory then stays there, as
    /// far as this process is concerned.
    /// </summary>
    /// <param name="moment">Milliseconds of the system's clock that never goes back.</param>
    public virtual bool IsQuiet(long moment) => moment - Volatile.Read(ref _readAt) > QuietAfter;

    /// <summary>Asks for a window.</summary>
    public virtual void Add(PresenceRequest request) => _warm.Add(request);

    /// <summary>Logs a fault of ours, which has cost one window. Never throws: it is the last that a thread does about it.</summary>
    public void Report(Exception fault) => Log.ReadFault(_log, fault);

    /// <summary>Ends the threads, those that hang in a read when they come back.</summary>
    public void Stop()
    {
        _warm.Stop();
        _cold.Stop();
    }

    /// <summary>Whether a window is in memory, so that to bring it waits for nothing. Called on any thread.</summary>
    protected virtual bool IsWarm(PresenceRequest request) => request.Source.Probe(request) ?? request.WasHere;

    private void BringWarm(PresenceRequest request)
    {
        if (IsWarm(request))
        {
            request.Source.Bring(request, isCold: false);
        }
        else
        {
            Volatile.Write(ref _readAt, _clock());
            _cold.Add(request);
        }
    }

    private static void BringCold(PresenceRequest request)
    {
        if (request.Waiting.Count == 0 && Environment.TickCount64 - request.NeededAt > StaleAfter)
        {
            request.Source.Finish(request, isHere: false);
        }
        else
        {
            request.Source.Bring(request, isCold: true);
        }
    }
}
