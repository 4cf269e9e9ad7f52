using System.Diagnostics;

namespace Mapwire.Memory.Tests.Support;

/// <summary>A process of Mapwire.Memory.Actors. It never outlives the test.</summary>
internal sealed class Actor : IDisposable
{
    private readonly Process _process;

    public Actor(params string[] arguments)
    {
        string file = OperatingSystem.IsWindows() ? "Mapwire.Memory.Actors.exe" : "Mapwire.Memory.Actors";
        _process = PatientStart.Of(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, file), arguments)
        {
            RedirectStandardOutput = true,
        });
        Output = _process.StandardOutput.BaseStream;
    }

    public Stream Output { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>SIGKILL, TerminateProcess: no handler of the process runs.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void WaitForExit() => _process.WaitForExit(TimeSpan.FromSeconds(20));

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }
}
