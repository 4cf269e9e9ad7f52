using System.Collections.Immutable;
using Mapwire.Load.Measuring;
using Mapwire.Load.Players;
using Mapwire.Load.Publishers;
using Mapwire.Load.Viewers;
using Mapwire.Server.Files;
using Mapwire.Server.Loop;

namespace Mapwire.Load;

/// <summary>Players against a server, for a bounded time.</summary>
public sealed class LoadTest : IDisposable
{
    /// <summary>Between the last start and the first measured second: the last player's first burst is over by then.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    /// <summary>How long publishers may take to end: some round trips to a server that is busy.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    /// <summary>When more looks than this find a pull idle, it is the server that waits.</summary>
    private const double PacedShare = 0.5;

    /// <summary>Players of the rehearsal, at least; every stream is played once.</summary>
    private const int RehearsalPlayers = 8;

    private readonly LoadOptions _options;
    private readonly SeatLoop[] _loops;
    private readonly PublishedFilm[] _films;
    private long _start;

    /// <summary>Prepares a test.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    /// <exception cref="TitleException">The film cannot be published.</exception>
    public LoadTest(LoadOptions options)
    {
        options.Validate();
        _options = options;
        _films = OpenFilms(options);
        _loops = new SeatLoop[Math.Min(options.Threads, options.Players)];
        for (int i = 0; i < _loops.Length; i++)
        {
            _loops[i] = options.IsHttp ? new HttpLoop(options, i)
                : _films.Length == 0 ? new LoadLoop(options, i)
                : new PublishLoop(options, i, _films);
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
        DescriptorLimit.Prepare(_options.Players + _options.Watch + DescriptorLimit.CountOpen());
        await RehearseAsync(cancellation).ConfigureAwait(false);
        ProcessUsage idle = ProcessUsage.Of(_options.ServerProcesses);
        _start = LoadClock.Now;
        foreach (SeatLoop loop in _loops)
        {
            loop.Start(_start);
        }

        Mark before = Mark.Now(this);
        bool isWhole = await PauseAsync(_options.EffectiveRamp + Settling, cancellation).ConfigureAwait(false);
        before = !isWhole || _options.Count is not null ? before with { Time = _start, Bytes = 0, Sent = 0, Plays = 0 } : Mark.Now(this);
        await PauseAsync(_options.Duration, cancellation).ConfigureAwait(false);
        Mark after = Mark.Now(this);
        LoadTally total = new();
        HttpTally http = new();
        PublishTally published = new();
        await FinishAsync().ConfigureAwait(false);
        foreach (SeatLoop loop in _loops)
        {
            loop.Stop();
            total.Add(loop.Tally);
            if (loop is HttpLoop viewers)
            {
                http.Add(viewers.Http);
            }
            else if (loop is PublishLoop publishers)
            {
                published.Add(publishers.Published);
            }
        }

        return Report(total, idle, before, after) with
        {
            Http = _options.IsHttp ? HttpReport.From(http) : null,
            Publish = _films.Length == 0 ? null : PublishReport.From(_options, published, total),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SeatLoop loop in _loops)
        {
            loop.Dispose();
        }

        Array.ForEach(_films, static film => film.Dispose());
    }

    private static PublishedFilm[] OpenFilms(LoadOptions options)
    {
        List<PublishedFilm> films = [];
        try
        {
            foreach (string path in options.Publish is { } first ? [first, .. options.PublishNext] : options.PublishNext)
            {
                films.Add(PublishedFilm.Open(path, options.Enhanced, options.Latency));
            }

            return [.. films];
        }
        catch
        {
            films.ForEach(static film => film.Dispose());
            throw;
        }
    }

    /// <summary>Has publishers say that this is the end, and waits for the answers for a moment.</summary>
    private async Task FinishAsync()
    {
        if (_films.Length == 0)
        {
            return;
        }

        Array.ForEach(_loops, static loop => loop.Finish());
        long end = LoadClock.Now + LoadClock.Of(Farewell);
        while (LoadClock.Now < end && !Array.TrueForAll(_loops, static loop => loop.IsFinished || loop.HasFailed))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task RehearseAsync(CancellationToken cancellation)
    {
        if (_options.Rehearsal == TimeSpan.Zero || _films.Length > 0)
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
        long served = bytes + (after.Sent - before.Sent);
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
                served > 0 ? serverCpu / (served / 1e9) : 0,
                idle.ProportionalBytes,
                after.Server.ProportionalBytes,
                (after.Server.ProportionalBytes - idle.ProportionalBytes) / (double)(_options.Players + _options.Watch),
                after.Server.KernelSocketBytes),
        };
    }

    /// <summary>The counters at a moment.</summary>
    private readonly record struct Mark(long Time, long Bytes, long Sent, long Plays, double OwnCpu, ProcessUsage Server)
    {
        public static Mark Now(LoadTest test)
        {
            ProcessUsage server = ProcessUsage.Of(test._options.ServerProcesses);
            return new Mark(
                LoadClock.Now,
                test.Sum(static tally => Volatile.Read(ref tally.Bytes)),
                test._loops.Sum(static loop => loop is PublishLoop publishers ? Volatile.Read(ref publishers.Published.Bytes) : 0),
                test.Sum(static tally => Volatile.Read(ref tally.Plays)),
                Environment.CpuUsage.TotalTime.TotalSeconds,
                server);
        }
    }
}
