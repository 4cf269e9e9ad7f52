using System.Diagnostics;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>Works on in a thread of its own while the other processes die, and keeps the first failure.</summary>
internal sealed class Survivor : IDisposable
{
    private readonly Scenario _scenario;
    private readonly Thread _thread;
    private volatile bool _stop;
    private volatile Exception? _failure;
    private long _progress;

    public Survivor(Scenario scenario)
    {
        _scenario = scenario;
        _thread = new Thread(Work) { IsBackground = true };
        _thread.Start();
    }

    public long Progress => Interlocked.Read(ref _progress);

    /// <summary>Waits until it has got on from a point.</summary>
    /// <returns>Milliseconds.</returns>
    public double WaitForProgress(long from, long steps, TimeSpan patience)
    {
        long start = Stopwatch.GetTimestamp();
        SpinWait spin = new();
        while (Progress - from < steps)
        {
            if (_failure is Exception failure)
            {
                throw new InvalidOperationException("The survivor failed.", failure);
            }

            if (Stopwatch.GetElapsedTime(start) > patience)
            {
                throw new TimeoutException($"No progress in {patience}.");
            }

            spin.SpinOnce(sleep1Threshold: 20);
        }

        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    public void Dispose()
    {
        _stop = true;
        bool ended = _thread.Join(TimeSpan.FromSeconds(20));
        if (!ended)
        {
            throw new TimeoutException("The survivor does not come back.", _failure);
        }

        _scenario.Dispose();
        if (_failure is Exception failure)
        {
            throw new InvalidOperationException("The survivor failed.", failure);
        }
    }

    private void Work()
    {
        try
        {
            while (!_stop)
            {
                if (_scenario.Step())
                {
                    Interlocked.Increment(ref _progress);
                }

                Thread.SpinWait(1); // Wine 8 cannot stop a thread that stays in managed code, and a collection would wait for it for ever
            }
        }
        catch (Exception failure)
        {
            _failure = failure;
        }
    }
}
