using System.Collections.Immutable;
using Mapwire.Load.Measuring;
using Mapwire.Load.Players;
using Mapwire.Load.Viewers;
using Mapwire.Server.Loop;

namespace Mapwire.Load;

/// <summary>Players against a server, for a bounded time.</summary>
public sealed class LoadTest : IDisposable
{
    /// <summary>Between the last start and the first measured second: the last player's first burst is over by then.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    /// <summary>When more looks than this find a pull idle, it is the server that waits.</summary>
    private const double PacedShare = 0.5;

    /// <summary>Players of the rehearsal, at least; every stream is played once.</summary>
    private const int RehearsalPlayers = 8;

    private readonly LoadOptions _options;
    private readonly SeatLoop[] _loops;
    private long _start;

    /// <summary>Prepares a test.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    public LoadTest(LoadOptions options)
    {
        options.Validate();
        _options = options;
        _loops = new SeatLoop[Math.Min(options.Threads, options.Players)];
        for (int i = 0; i < _loops.Length; i++)
        {
            _loops[i] = options.IsHttp ? new HttpLoop(options, i) : new LoadLoop(options, i);
        }
    }

    /// <summary>How it stands. Any thread may ask.</summary>
    public LoadProgress Progress()
    {
        TimeSpan elapsed = _start == 0 ? TimeSpan.Zero : TimeSpan.FromMicroseconds(LoadClock.Now - _start);
        return new LoadProgress(
            elapsed,
            _options.EffectiveRamp + Settling + _options.Duration,
            Sum(static tally => Volatile.Read(ref tally.Bytes)),
            Sum(static tally => Volatile.Read(ref tally.Playing)),
            Sum(static tally => Volatile.Read(ref tally.Stalling)),
            Sum(static tally => Volatile.Read(ref tally.Plays)),
            Sum(static tally => Volatile.Read(ref tally.Connections)),
            Sum(static tally => Volatile.Read(ref tally.Stalls)),
            Sum(static tally => Volatile.Read(ref tally.Lost)));
    }

    /// <summary>Runs the test once. When it is cancelled it ends early, with a report of what was measured.</summary>
    /// <exception cref="InvalidOperationException">A fault of ours: the load broke down.</exception>
    public async Task<LoadReport> RunAsync(CancellationToken cancellation = default)
    {
        DescriptorLimit.Prepare(_options.Players + DescriptorLimit.CountOpen());
        await RehearseAsync(cancellation).ConfigureAwait(false);
        ProcessUsage idle = ProcessUsage.Of(_options.ServerProcesses);
        _start = LoadClock.Now;
        foreach (SeatLoop loop in _loops)
        {
            loop.Start(_start);
        }

        Mark before = Mark.Now(this);
        bool isWhole = await PauseAsync(_options.EffectiveRamp + Settling, cancellation).ConfigureAwait(false);
        before = !isWhole || _options.Count is not null ? before with { Time = _start, Bytes = 0, Plays = 0 } : Mark.Now(this);
        await PauseAsync(_options.Duration, cancellation).ConfigureAwait(false);
        Mark after = Mark.Now(this);
        LoadTally total = new();
        HttpTally http = new();
        foreach (SeatLoop loop in _loops)
        {
            loop.Stop();
            total.Add(loop.Tally);
            if (loop is HttpLoop viewers)
            {
                http.Add(viewers.Http);
            }
        }

        return Report(total, idle, before, after) with { Http = _options.IsHttp ? HttpReport.From(http) : null };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SeatLoop loop in _loops)
        {
            loop.Dispose();
        }
    }

    private async Task RehearseAsync(CancellationToken cancellation)
    {
        if (_options.Rehearsal == TimeSpan.Zero)
        {
            return;
        }

        using LoadTest rehearsal = new(new LoadOptions
        {
            Targets = _options.Targets,
            Players = Math.Max(RehearsalPlayers, Math.Min(_options.Targets.Count, LoadOptions.MaxPlayers)),
            Duration = _options.Rehearsal,
            Ramp = TimeSpan.Zero,
            Rehearsal = TimeSpan.Zero,
            BytesOnly = _options.BytesOnly,
        });
        foreach (SeatLoop loop in rehearsal._loops)
        {
            loop.Start(LoadClock.Now);
        }

        await rehearsal.PauseAsync(_options.Rehearsal, cancellation).ConfigureAwait(false);
        foreach (SeatLoop loop in rehearsal._loops)
        {
            loop.Stop();
        }
    }

    /// <summary>Waits; false when it was cancelled or a loop broke down.</summary>
    private async Task<bool> PauseAsync(TimeSpan time, CancellationToken cancellation)
    {
        long end = LoadClock.Now + LoadClock.Of(time);
        while (LoadClock.Now < end)
        {
            if (cancellation.IsCancellationRequested || Array.Exists(_loops, static loop => loop.HasFailed)
                || Array.TrueForAll(_loops, static loop => loop.IsDone))
            {
                return false;
            }

            TimeSpan rest = TimeSpan.FromMicroseconds(Math.Clamp(end - LoadClock.Now, LoadClock.Millisecond, 100 * LoadClock.Millisecond));
            await Task.Delay(rest, CancellationToken.None).ConfigureAwait(false);
        }

        return true;
    }

    private long Sum(Func<LoadTally, long> counter) => _loops.Sum(loop => counter(loop.Tally));

    private LoadReport Report(LoadTally total, ProcessUsage idle, Mark before, Mark after)
    {
        double seconds = Math.Max(after.Time - before.Time, 1) / (double)LoadClock.Second;
        long bytes = after.Bytes - before.Bytes;
        double serverCpu = after.Server.CpuSeconds - before.Server.CpuSeconds;
        bool isServerKnown = _options.ServerProcesses.Count > 0 && OperatingSystem.IsLinux();
        return new LoadReport
        {
            Options = _options,
            Seconds = seconds,
            Bytes = total.Bytes,
            MeasuredBytes = bytes,
            Connections = total.Connections,
            Plays = total.Plays,
            PlaysPerSecond = (after.Plays - before.Plays) / seconds,
            ServedPlayers = total.ServedPlayers,
            Playing = total.Playing,
            Ended = total.Ended,
            Lost = total.Lost,
            Failures = total.Failures.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Frames = total.Frames,
            Backwards = total.Backwards,
            Gaps = total.Gaps,
            Stalls = total.Stalls,
            StalledPlayers = total.StalledPlayers,
            StalledSeconds = total.Stalled / (double)LoadClock.Second,
            LeastLeadP1 = total.LeastLead.Count == 0 ? null : total.LeastLead.Percentile(0.01) / 1000.0,
            Speed = total.PlayTime > 0 ? total.MediaTime * (double)LoadClock.Millisecond / total.PlayTime : 0,
            WasPaced = _options.Mode == LoadMode.Fast && total.IdleLooks > total.Looks * PacedShare,
            Established = total.Established.Summarize(),
            Accepted = total.Accepted.Summarize(),
            FirstFrame = total.FirstFrame.Summarize(),
            Seek = total.Seek.Summarize(),
            SeeksUnanswered = total.SeeksUnanswered,
            Pauses = total.Pauses,
            Lateness = total.Lateness.Summarize(),
            CpuSeconds = after.OwnCpu - before.OwnCpu,
            Server = !isServerKnown ? null : new ServerReport(
                serverCpu,
                serverCpu / seconds,
                bytes > 0 ? serverCpu / (bytes / 1e9) : 0,
                idle.ProportionalBytes,
                after.Server.ProportionalBytes,
                (after.Server.ProportionalBytes - idle.ProportionalBytes) / (double)_options.Players,
                after.Server.KernelSocketBytes),
        };
    }

    /// <summary>The counters at a moment.</summary>
    private readonly record struct Mark(long Time, long Bytes, long Plays, double OwnCpu, ProcessUsage Server)
    {
        public static Mark Now(LoadTest test)
        {
            ProcessUsage server = ProcessUsage.Of(test._options.ServerProcesses);
            return new Mark(
                LoadClock.Now,
                test.Sum(static tally => Volatile.Read(ref tally.Bytes)),
                test.Sum(static tally => Volatile.Read(ref tally.Plays)),
                Environment.CpuUsage.TotalTime.TotalSeconds,
                server);
        }
    }
}
