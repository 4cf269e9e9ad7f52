using System.Runtime.InteropServices;

namespace Mapwire.Cli;

/// <summary>
/// Turns the signals that end a program (SIGINT, SIGTERM, SIGHUP; Ctrl+C on Windows) into a token, so that every command ends by returning
/// and closes what it has open.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignals() =>
        _registrations =
        [
            .. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]).Select(
                signal => PosixSignalRegistration.Create(signal, Stop)),
        ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Waits for a signal.</summary>
    public void Wait() => _stop.Token.WaitHandle.WaitOne();

    /// <summary>Waits for a signal for so long.</summary>
    /// <returns>Whether it came.</returns>
    public bool Wait(TimeSpan time) => _stop.Token.WaitHandle.WaitOne(time);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _stop.Dispose();
    }

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true; // the process ends by returning from Main
        _stop.Cancel();
    }
}
